package serve

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// While a server that is under load stops, clients that reuse connections and clients that don't get an answer, or their
// connection is refused. None is reset or cut off.
func TestNoClientIsReset(t *testing.T) {
	s, _ := start(t, Options{Limits: Limits{Drain: 300 * time.Millisecond}})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx, l) }()
	url := "http://" + l.Addr().String() + "/v1/predict"
	image := demo(t, 1)[0]
	var clients sync.WaitGroup
	var before, closed, refused atomic.Int64
	for i := range 16 {
		client := &http.Client{Transport: &http.Transport{DisableKeepAlives: i%4 == 0}}
		defer client.CloseIdleConnections()
		clients.Go(func() {
			for {
				// A reader that can't be read again: package http must not hide a lost connection by another try.
				r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, io.MultiReader(bytes.NewReader(image)))
				if err != nil {
					t.Error(err)
					return
				}
				r.ContentLength = int64(len(image))
				answer, err := client.Do(r)
				if errors.Is(err, syscall.ECONNREFUSED) {
					refused.Add(1)
					return
				}
				if err == nil {
					_, err = io.Copy(io.Discard, answer.Body)
					answer.Body.Close()
				}
				if err != nil {
					t.Errorf("a client was cut off: %v", err)
					return
				}
				if answer.StatusCode != http.StatusOK && answer.StatusCode != http.StatusServiceUnavailable {
					t.Errorf("status %d", answer.StatusCode)
				}
				before.Add(1)
				if answer.Close {
					closed.Add(1)
				}
				time.Sleep(time.Duration(i) * time.Millisecond)
			}
		})
	}
	for before.Load() < 50 {
		time.Sleep(time.Millisecond)
	}
	cancel()
	clients.Wait()
	if err := <-served; err != nil {
		t.Error(err)
	}
	if refused.Load() != 16 || closed.Load() < 16 {
		t.Errorf("%d clients were refused in the end, %d answers closed their connection", refused.Load(), closed.Load())
	}
}

// A server that nobody is connected to ends at once.
func TestServeEndsAtOnce(t *testing.T) {
	s, _ := start(t, Options{Limits: Limits{Drain: time.Hour}})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx, l) }()
	answer, err := http.Post("http://"+l.Addr().String()+"/v1/predict", "image/png", strings.NewReader("text"))
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	http.DefaultClient.CloseIdleConnections()
	cancel()
	if err := <-served; err != nil {
		t.Error(err)
	}
}

// A body that doesn't come holds no connection for longer than a request may take, whether it is wanted or not.
func TestSlowBodies(t *testing.T) {
	_, web := start(t, Options{Token: "s3cret", Limits: Limits{Time: 200 * time.Millisecond}})
	for request, want := range map[string]string{
		"POST /v1/predict HTTP/1.1\r\nAuthorization: Bearer s3cret": "408",
		"POST /v1/predict HTTP/1.1":                                 "401",
		"POST /nothing HTTP/1.1\r\nAuthorization: Bearer s3cret":    "404",
	} {
		conn, err := net.Dial("tcp", web.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(conn, request+"\r\nHost: x\r\nContent-Length: 1000\r\n\r\nbegun"); err != nil {
			t.Fatal(err)
		}
		if err := conn.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
			t.Fatal(err)
		}
		answer, err := io.ReadAll(conn) // until the server closes the connection
		if err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 "+want) {
			t.Errorf("%s: %.100s, %v", request, answer, err)
		}
		conn.Close()
	}
}
