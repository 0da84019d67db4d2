// Package s3test starts an S3 server for a test, and a proxy that makes faults between it and the test. The server is that of the
// module in the folder server, which is built when it is first needed.
package s3test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"finetune/internal/store/flock"
)

// Bucket is the one that the server has.
const Bucket = "images"

// Required is the environment variable that makes a test fail, and not skip, where the server can't be built.
const Required = "FINETUNE_REQUIRE_S3"

// A Server is a running server.
type Server struct {
	Address     string // host:port
	Key, Secret string
	client      *minio.Client
}

// Start starts a server that ends with the test, and sets the environment so that it is the object store.
func Start(t testing.TB) *Server {
	t.Helper()
	binary := build(t)
	s := &Server{Address: freeAddress(t), Key: "tester", Secret: rand.Text()}
	root, sidecar := filepath.Join(t.TempDir(), "root"), t.TempDir()
	if err := os.MkdirAll(filepath.Join(root, Bucket), 0o777); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	c := exec.Command(binary, "-address", s.Address, "-root", root, "-sidecar", sidecar)
	c.Env = append(os.Environ(), "AWS_ACCESS_KEY_ID="+s.Key, "AWS_SECRET_ACCESS_KEY="+s.Secret)
	c.Stdout, c.Stderr = &log, &log
	in, err := c.StdinPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		stop := time.AfterFunc(5*time.Second, func() { c.Process.Kill() })
		c.Wait()
		stop.Stop()
	})
	if s.client, err = minio.New(s.Address, &minio.Options{Creds: credentials.NewStaticV4(s.Key, s.Secret, ""), Region: "us-east-1"}); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		ok, err := s.client.BucketExists(context.Background(), Bucket)
		if ok {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("the S3 server doesn't answer: %v\n%s", err, &log)
		}
	}
	t.Setenv("AWS_ACCESS_KEY_ID", s.Key)
	t.Setenv("AWS_SECRET_ACCESS_KEY", s.Secret)
	t.Setenv("AWS_SESSION_TOKEN", "")
	t.Setenv("AWS_REGION", "us-east-1")
	t.Setenv("AWS_ENDPOINT_URL_S3", "")
	t.Setenv("AWS_ENDPOINT_URL", "http://"+s.Address)
	return s
}

// build returns the server's binary. The go command leaves it as it is where nothing changed.
func build(t testing.TB) string {
	t.Helper()
	_, here, _, _ := runtime.Caller(0)
	folder := filepath.Join(os.TempDir(), fmt.Sprintf("finetune-s3test-%d", os.Getuid()))
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	lock, err := os.OpenFile(filepath.Join(folder, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	for err == nil {
		if err = flock.Exclusive(lock); !errors.Is(err, flock.ErrHeld) {
			break
		}
		err = nil
		time.Sleep(100 * time.Millisecond) // another test builds it
	}
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	binary := filepath.Join(folder, "server")
	c := exec.Command("go", "build", "-o", binary, ".")
	c.Dir = filepath.Join(filepath.Dir(here), "server")
	if text, err := c.CombinedOutput(); err != nil {
		if os.Getenv(Required) == "" {
			t.Skipf("the S3 server can't be built, %s=1 makes this a failure: %v\n%s", Required, err, text)
		}
		t.Fatalf("build the S3 server: %v\n%s", err, text)
	}
	return binary
}

func freeAddress(t testing.TB) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// Put stores an object and returns its address.
func (s *Server) Put(t testing.TB, key string, data []byte) string {
	t.Helper()
	if _, err := s.client.PutObject(t.Context(), Bucket, key, bytes.NewReader(data), int64(len(data)), minio.PutObjectOptions{}); err != nil {
		t.Fatal(err)
	}
	return "s3://" + Bucket + "/" + key
}

// Get returns an object, nil where there is none.
func (s *Server) Get(t testing.TB, key string) []byte {
	t.Helper()
	o, err := s.client.GetObject(t.Context(), Bucket, key, minio.GetObjectOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	data, err := io.ReadAll(o)
	if minio.ToErrorResponse(err).StatusCode == http.StatusNotFound {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// Presigned returns an address of an object by which anyone can read it for an hour.
func (s *Server) Presigned(t testing.TB, key string) string {
	t.Helper()
	u, err := s.client.PresignedGetObject(t.Context(), Bucket, key, time.Hour, nil)
	if err != nil {
		t.Fatal(err)
	}
	return u.String()
}

// A Fault is what happens to an answer. The zero value is none.
type Fault struct {
	Status   int           // answer with it instead of asking the server
	Cut      int64         // close the connection after so many bytes of the body
	Stall    int64         // send no more after so many bytes of the body, and keep the connection
	Slow     time.Duration // wait before each piece of the body
	Short    int64         // leave so many bytes out at the end, and say so in the length
	Lost     bool          // pass the request on, and close the connection instead of answering
	NoRanges bool          // answer a request for a range with the whole
}

// Through starts a proxy before an address, host:port, and returns its own. fault is asked for each request, which are counted from 0.
func Through(t testing.TB, address string, fault func(n int, r *http.Request) Fault) string {
	t.Helper()
	proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: address})
	proxy.FlushInterval = -1
	proxy.ErrorLog = discard
	requests := make(chan int, 1)
	requests <- 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := <-requests
		requests <- n + 1
		f := fault(n, r)
		if f.Status != 0 {
			w.WriteHeader(f.Status)
			return
		}
		if f.NoRanges {
			r.Header.Del("Range")
		}
		proxy.ServeHTTP(&faulty{ResponseWriter: w, fault: f, request: r}, r)
	}))
	t.Cleanup(server.Close)
	t.Cleanup(server.CloseClientConnections)
	return server.Listener.Addr().String()
}
