package remote

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/minio/minio-go/v7"

	"finetune/invalid"
)

var (
	errPlain     = errors.New("an address whose connection isn't encrypted")
	errElsewhere = errors.New("a redirect to something other than a web server")
	errChanged   = errors.New("changed while it was read")
	errStalled   = errors.New("no byte came for too long")
)

// A statusError is an answer of a server other than the object.
type statusError struct {
	status int
	code   string        // of an object store, such as NoSuchKey
	after  time.Duration // that the server asks to wait
}

func (e *statusError) Error() string {
	if e.code != "" {
		return fmt.Sprintf("the server answers %d %s", e.status, e.code)
	}
	return fmt.Sprintf("the server answers %d %s", e.status, http.StatusText(e.status))
}

// passing reports whether a request is worth repeating.
func passing(err error) bool {
	var status *statusError
	if errors.As(err, &status) {
		switch status.code {
		case "SlowDown", "RequestTimeout", "InternalError", "Throttling", "RequestLimitExceeded":
			return true
		}
		return status.status == http.StatusTooManyRequests || status.status == http.StatusRequestTimeout || status.status >= 500 &&
			status.status != http.StatusNotImplemented
	}
	var known *invalid.Error
	var name *net.DNSError
	var certificate *tls.CertificateVerificationError
	var authority x509.UnknownAuthorityError
	var host x509.HostnameError
	return !(errors.Is(err, context.Canceled) || errors.Is(err, errChanged) || errors.Is(err, errPlain) || errors.Is(err, errElsewhere) || errors.As(err, &known) ||
		errors.As(err, &certificate) || errors.As(err, &authority) || errors.As(err, &host) ||
		errors.As(err, &name) && name.IsNotFound)
}

// An Error is a failure of a server or of the way to it that repeating the request didn't overcome.
type Error struct {
	Address string // as it may be shown
	Err     error
}

func (e *Error) Error() string { return e.Address + ": " + e.Err.Error() }
func (e *Error) Unwrap() error { return e.Err }

// describe returns an error about an address as an *invalid.Error where the user can correct it. No text of it has the query.
func describe(address string, err error) error {
	shown := Redacted(address)
	var known *invalid.Error
	if errors.As(err, &known) || errors.Is(err, context.Canceled) {
		return err
	}
	var status *statusError
	var name *net.DNSError
	switch {
	case errors.Is(err, errChanged):
		return &invalid.Error{Path: shown, Found: "an object that changed while it was read", Hint: "start again"}
	case errors.As(err, &name) && name.IsNotFound:
		return &invalid.Error{Path: shown, Found: "a server that isn't known", Err: name}
	case errors.Is(err, errPlain):
		return &invalid.Error{Path: shown, Found: errPlain.Error(), Want: "https://"}
	case errors.Is(err, errElsewhere):
		return &invalid.Error{Path: shown, Found: errElsewhere.Error(), Want: "https://"}
	case !errors.As(err, &status) || passing(err):
		return &Error{shown, withoutAddress(err)}
	case status.status == http.StatusNotFound || status.status == http.StatusGone:
		found := "nothing there"
		if status.code == "NoSuchBucket" {
			found = "no such bucket"
		}
		return &invalid.Error{Path: shown, Found: found, Err: fmt.Errorf("%w: %w", fs.ErrNotExist, status)}
	case status.status == http.StatusForbidden || status.status == http.StatusUnauthorized:
		return &invalid.Error{Path: shown, Found: "an object that may not be read or written", Err: fmt.Errorf("%w: %w", fs.ErrPermission, status),
			Hint: "check the credentials in the environment or ~/.aws, and the address"}
	}
	return &invalid.Error{Path: shown, Found: "an answer that isn't the object", Err: status}
}

// withoutAddress takes the address out of an error of package net/http, which may hold a credential.
func withoutAddress(err error) error {
	var request *url.Error
	if errors.As(err, &request) {
		return request.Err
	}
	return err
}

// fromStore turns an error of the client for object stores into those of this package.
func fromStore(err error) error {
	if err == nil {
		return nil
	}
	var answer minio.ErrorResponse
	if errors.As(err, &answer) && answer.StatusCode != 0 {
		// The code is that of two writers at a time, one of which had the condition If-None-Match.
		if answer.StatusCode == http.StatusPreconditionFailed || answer.Code == "ConditionalRequestConflict" {
			return errChanged
		}
		return &statusError{status: answer.StatusCode, code: answer.Code}
	}
	if errors.As(err, &answer) && answer.Code != "" {
		if status, ok := map[string]int{"NoSuchKey": 404, "NoSuchBucket": 404, "AccessDenied": 403}[answer.Code]; ok {
			return &statusError{status: status, code: answer.Code}
		}
		return &invalid.Error{Found: answer.Code + ": " + answer.Message}
	}
	return withoutAddress(err)
}
