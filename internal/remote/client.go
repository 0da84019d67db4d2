package remote

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"finetune/invalid"
)

// transport is shared by all requests of the process, and with it the connections.
var transport = sync.OnceValue(func() http.RoundTripper {
	dial := &net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}
	return bodyTransport{&http.Transport{
		Proxy: http.ProxyFromEnvironment, DialContext: dial.DialContext, TLSHandshakeTimeout: 10 * time.Second,
		ResponseHeaderTimeout: 30 * time.Second, MaxIdleConnsPerHost: 64, IdleConnTimeout: 90 * time.Second, ForceAttemptHTTP2: true,
		DisableCompression: true, // ranges are of the bytes as they lie there
	}}
})

var web = sync.OnceValue(func() *http.Client {
	return &http.Client{Transport: transport(), CheckRedirect: func(r *http.Request, via []*http.Request) error {
		if len(via) >= 10 {
			return http.ErrUseLastResponse
		}
		return redirected(via[0].URL, r.URL)
	}}
})

// clients are those of object stores, by endpoint, region and whether they repeat requests themselves.
var clients sync.Map

// store returns a client of the object store that the environment names. Reading repeats requests itself, so that a body that is cut
// off counts, too.
func store(repeat bool) (*minio.Client, error) {
	endpoint, region := first("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"), first("AWS_REGION", "AWS_DEFAULT_REGION")
	key := fmt.Sprint(endpoint, " ", region, " ", repeat)
	if c, ok := clients.Load(key); ok {
		return c.(*minio.Client), nil
	}
	o := minio.Options{Secure: true, Region: region, Transport: transport(), MaxRetries: 1}
	if repeat {
		o.MaxRetries = patient.attempts
	}
	host := "s3.amazonaws.com"
	if endpoint != "" {
		u, err := url.Parse(endpoint)
		if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
			return nil, &invalid.Error{Path: "AWS_ENDPOINT_URL", Found: "an address that can't be read", Want: "https://host[:port]"}
		}
		if err := allowed(u); err != nil {
			return nil, &invalid.Error{Path: "AWS_ENDPOINT_URL", Found: err.Error(), Want: "https://, or " + AllowHTTP + "=1 in the environment"}
		}
		host, o.Secure = u.Host, u.Scheme == "https"
		if region == "" {
			o.Region = "us-east-1" // asking for it would be one more request, and other stores have none
		}
	}
	o.Creds = credentials.NewChainCredentials(providers())
	c, err := minio.New(host, &o)
	if err != nil {
		return nil, err
	}
	kept, _ := clients.LoadOrStore(key, c)
	return kept.(*minio.Client), nil
}

// providers are the places of credentials, in order. Where none has any, requests aren't signed, as public buckets want it.
func providers() []credentials.Provider {
	list := []credentials.Provider{&credentials.EnvAWS{}, &credentials.FileAWSCredentials{}}
	if !strings.EqualFold(os.Getenv("AWS_EC2_METADATA_DISABLED"), "true") {
		// The service of a machine in a cloud is near; on others the wait for it is short.
		list = append(list, &credentials.IAM{Client: &http.Client{Timeout: 2 * time.Second,
			Transport: &http.Transport{DialContext: (&net.Dialer{Timeout: time.Second}).DialContext}}})
	}
	return list
}

func first(variables ...string) string {
	for _, name := range variables {
		if v := os.Getenv(name); v != "" {
			return v
		}
	}
	return ""
}

// An answer is what a server says to a request for bytes.
type answer struct {
	body   io.ReadCloser
	ranged bool  // body begins at the byte that was asked for, and else at the first
	size   int64 // of the whole object; -1 where the server doesn't say
	tag    string
	meta   map[string]string
}

// get asks for the bytes from offset up to end, which isn't one of them; end 0 is the end of the object. A tag that isn't "" must still
// be that of the object.
func get(ctx context.Context, l location, offset, end int64, tag string) (*answer, error) {
	var a *answer
	var err error
	if l.bucket != "" {
		a, err = getStore(ctx, l, offset, end, tag)
	} else {
		a, err = getWeb(ctx, l, offset, end, tag)
	}
	if err == nil && tag != "" && a.tag != tag {
		a.body.Close()
		return nil, errChanged
	}
	return a, err
}

func getStore(ctx context.Context, l location, offset, end int64, tag string) (*answer, error) {
	c, err := store(false)
	if err != nil {
		return nil, err
	}
	var o minio.GetObjectOptions
	o.Set("Range", rangeOf(offset, end))
	if tag != "" {
		o.Set("If-Match", tag)
	}
	body, _, header, err := minio.Core{Client: c}.GetObject(ctx, l.bucket, l.key, o)
	if err != nil {
		if status, ok := fromStore(err).(*statusError); ok && status.status == http.StatusRequestedRangeNotSatisfiable && offset == 0 {
			return emptyObject(ctx, c, l)
		}
		return nil, fromStore(err)
	}
	return answerOf(body, header, header.Get("Content-Range") != "", offset)
}

// emptyObject is the answer for an object without bytes, of which no range can be asked for.
func emptyObject(ctx context.Context, c *minio.Client, l location) (*answer, error) {
	info, err := c.StatObject(ctx, l.bucket, l.key, minio.StatObjectOptions{})
	if err != nil {
		return nil, fromStore(err)
	}
	if info.Size != 0 {
		return nil, &statusError{status: http.StatusRequestedRangeNotSatisfiable}
	}
	return &answer{body: http.NoBody, ranged: true, tag: `"` + info.ETag + `"`}, nil
}

func getWeb(ctx context.Context, l location, offset, end int64, tag string) (*answer, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, l.address, nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Range", rangeOf(offset, end))
	r.Header.Set("Accept-Encoding", "identity")
	if strings.HasPrefix(tag, `"`) { // others don't promise the same bytes, so servers never match them
		r.Header.Set("If-Match", tag)
	}
	response, err := web().Do(r)
	if err != nil {
		return nil, withoutAddress(err)
	}
	switch response.StatusCode {
	case http.StatusOK, http.StatusPartialContent:
		return answerOf(response.Body, response.Header, response.StatusCode == http.StatusPartialContent, offset)
	}
	response.Body.Close()
	if response.StatusCode == http.StatusPreconditionFailed {
		return nil, errChanged
	}
	if response.StatusCode == http.StatusRequestedRangeNotSatisfiable && response.Header.Get("Content-Range") == "bytes */0" {
		return &answer{body: http.NoBody, ranged: true, tag: tagOf(response.Header)}, nil
	}
	wait, _ := strconv.Atoi(response.Header.Get("Retry-After"))
	return nil, &statusError{status: response.StatusCode, after: time.Duration(max(0, wait)) * time.Second}
}

func rangeOf(offset, end int64) string {
	if end == 0 {
		return fmt.Sprintf("bytes=%d-", offset)
	}
	return fmt.Sprintf("bytes=%d-%d", offset, end-1)
}

// answerOf reads what headers say of the object.
func answerOf(body io.ReadCloser, h http.Header, ranged bool, offset int64) (*answer, error) {
	a := &answer{body: body, ranged: ranged, size: -1, tag: tagOf(h), meta: map[string]string{}}
	for name := range h {
		if key, ok := strings.CutPrefix(strings.ToLower(name), "x-amz-meta-"); ok {
			a.meta[key] = h.Get(name)
		}
	}
	if !ranged {
		if n, err := strconv.ParseInt(h.Get("Content-Length"), 10, 64); err == nil {
			a.size = n
		}
		return a, nil
	}
	var from, to int64
	if n, _ := fmt.Sscanf(h.Get("Content-Range"), "bytes %d-%d/%d", &from, &to, &a.size); n != 3 || from != offset || to < from || to >= a.size {
		body.Close()
		return nil, fmt.Errorf("the server answers the range %.60q to a request from byte %d", h.Get("Content-Range"), offset)
	}
	return a, nil
}

// tagOf returns what tells one version of an object from another.
func tagOf(h http.Header) string {
	if tag := h.Get("ETag"); tag != "" {
		return tag
	}
	return h.Get("Last-Modified")
}
