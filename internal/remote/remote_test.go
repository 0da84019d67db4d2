package remote_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"finetune/internal/remote"
	"finetune/internal/s3test"
	"finetune/invalid"
	"net/url"
)

// random returns the same bytes each time.
func random(n int) []byte {
	data := make([]byte, n)
	rand.NewChaCha8([32]byte{1}).Read(data)
	return data
}

// read reads an object from its start to its end, then some ranges, and compares all with data.
func read(ctx context.Context, address string, data []byte) error {
	f, err := remote.Open(ctx, address, math.MaxInt64)
	if err != nil {
		return err
	}
	defer f.Close()
	got, err := io.ReadAll(f)
	if err != nil {
		return err
	}
	if !bytes.Equal(got, data) {
		return errors.New("other bytes in sequence")
	}
	for _, at := range []int{0, 1, 300_000, len(data) - 70_000, len(data) / 2, len(data) - 1} {
		part := make([]byte, 60_000)
		n, err := f.ReadAt(part, int64(at))
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if want := data[at:min(len(data), at+len(part))]; !bytes.Equal(part[:n], want) {
			return errors.New("other bytes in a range")
		}
	}
	return nil
}

func TestFaults(t *testing.T) {
	s := s3test.Start(t)
	remote.Hurry(t)
	data := random(5 << 20)
	s.Put(t, "a/big.tar", data)
	for _, c := range []struct {
		name  string
		fault func(n int, r *http.Request) s3test.Fault
		found string // in the error; "" for the same bytes
	}{
		{"none", func(int, *http.Request) s3test.Fault { return s3test.Fault{} }, ""},
		{"busy at first", func(n int, _ *http.Request) s3test.Fault {
			return s3test.Fault{Status: []int{503, 429, 500, 0}[min(n, 3)]}
		}, ""},
		{"every other request busy", func(n int, _ *http.Request) s3test.Fault { return s3test.Fault{Status: []int{503, 0}[n%2]} }, ""},
		{"cut again and again", func(n int, _ *http.Request) s3test.Fault {
			return s3test.Fault{Cut: int64(1 + n*300_000)}
		}, ""},
		{"too short", func(n int, _ *http.Request) s3test.Fault {
			return s3test.Fault{Short: []int64{100_000, 0}[n%2]}
		}, ""},
		{"stalls", func(n int, _ *http.Request) s3test.Fault { return s3test.Fault{Stall: []int64{150_000, 0}[n%2]} }, ""},
		{"slow", func(int, *http.Request) s3test.Fault { return s3test.Fault{Slow: time.Millisecond} }, ""},
		{"always busy", func(int, *http.Request) s3test.Fault { return s3test.Fault{Status: 503} }, "503"},
		{"always too short", func(int, *http.Request) s3test.Fault { return s3test.Fault{Short: 1 << 30} }, "unexpected EOF"},
		{"always cut at once", func(int, *http.Request) s3test.Fault { return s3test.Fault{Cut: 1} }, "EOF"},
		{"forbidden", func(int, *http.Request) s3test.Fault { return s3test.Fault{Status: 403} }, "may not be read"},
	} {
		t.Run(c.name, func(t *testing.T) {
			proxy := s3test.Through(t, s.Address, c.fault)
			t.Setenv("AWS_ENDPOINT_URL", "http://"+proxy)
			err := read(t.Context(), "s3://images/a/big.tar", data)
			if c.found == "" && err != nil || c.found != "" && (err == nil || !strings.Contains(err.Error(), c.found)) {
				t.Errorf("s3: got %v, want %q", err, c.found)
			}
		})
		t.Run(c.name+", web", func(t *testing.T) {
			web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("ETag", `"1"`)
				http.ServeContent(w, r, "big.tar", time.Time{}, bytes.NewReader(data))
			}))
			defer web.Close()
			address := "http://" + s3test.Through(t, web.Listener.Addr().String(), c.fault) + "/big.tar?X-Amz-Signature=secret"
			err := read(t.Context(), address, data)
			if c.found == "" && err != nil || c.found != "" && (err == nil || !strings.Contains(err.Error(), c.found)) {
				t.Errorf("web: got %v, want %q", err, c.found)
			}
			if err != nil && strings.Contains(err.Error(), "secret") {
				t.Errorf("the error has the credential: %v", err)
			}
		})
	}
}

// TestChanged replaces an object while it is read.
func TestChanged(t *testing.T) {
	s := s3test.Start(t)
	remote.Hurry(t)
	address := s.Put(t, "x.tar", random(3<<20))
	f, err := remote.Open(t.Context(), address, math.MaxInt64)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	s.Put(t, "x.tar", random(4 << 20)[1<<20:])
	if _, err := io.ReadAll(f); !invalid.Is(err) || !strings.Contains(err.Error(), "changed") {
		t.Errorf("in sequence: %v", err)
	}
	if _, err := f.ReadAt(make([]byte, 10), 2<<20); !invalid.Is(err) || !strings.Contains(err.Error(), "changed") {
		t.Errorf("a range: %v", err)
	}
}

func TestWithoutRanges(t *testing.T) {
	remote.Hurry(t)
	data := random(3 << 20)
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Last-Modified", "Mon, 02 Nov 2026 10:00:00 GMT")
		w.Write(data) // in chunks, without a length
	}))
	defer web.Close()
	f, err := remote.Open(t.Context(), web.URL+"/x.tar", math.MaxInt64)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if got, err := io.ReadAll(f); err != nil || !bytes.Equal(got, data) {
		t.Errorf("got %d bytes, %v", len(got), err)
	}
	if _, err := f.ReadAt(make([]byte, 10), 2<<20); !invalid.Is(err) {
		t.Errorf("a range: %v", err)
	}
}

// TestCancel ends a read that waits for a server, and a pause between attempts.
func TestCancel(t *testing.T) {
	for name, handler := range map[string]http.HandlerFunc{
		"silent": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"busy":   func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) },
		"stalled": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "1000")
			w.Write([]byte("x"))
			http.NewResponseController(w).Flush()
			<-r.Context().Done()
		},
	} {
		web := httptest.NewServer(handler)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(300*time.Millisecond, cancel)
		begun := time.Now()
		_, err := remote.Open(ctx, web.URL+"/x.jpg", 1<<20)
		if took := time.Since(begun); !errors.Is(err, context.Canceled) || took > 2*time.Second {
			t.Errorf("%s: %v after %v", name, err, took)
		}
		web.CloseClientConnections()
		web.Close()
	}
}

func TestErrors(t *testing.T) {
	s := s3test.Start(t)
	remote.Hurry(t)
	s.Put(t, "empty", nil)
	for _, c := range []struct{ address, found string }{
		{"s3://images/empty", ""},
		{"s3://images/missing.jpg", "nothing there"},
		{"s3://missing-bucket/x", "no such bucket"},
		{"s3:///x", "without the name of a bucket"},
		{"http://example.com/x.jpg", "isn't encrypted"},
		{"https:///x.jpg", "can't be read"},
		{strings.Replace(s.Presigned(t, "missing.jpg"), "Signature=", "Signature=0", 1), "may not be read"},
	} {
		data, err := remote.Append(t.Context(), nil, c.address, 1<<20)
		if c.found == "" {
			if err != nil || len(data) > 0 {
				t.Errorf("%s: %v", c.address, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), c.found) {
			t.Errorf("%s: got %v, want %q", c.address, err, c.found)
		} else if text := err.Error(); strings.Contains(text, "secret") || strings.Contains(text, s.Secret) || strings.Contains(text, "X-Amz") {
			t.Errorf("%s: a credential in %v", c.address, err)
		}
	}
	for address, wrong := range map[string]bool{"s3://": true, "s3:///": true, "s3://images": false, "s3://images/run/": false} {
		if err := remote.Check(address); invalid.Is(err) != wrong {
			t.Errorf("%s: %v", address, err)
		}
	}
	if _, err := remote.Open(t.Context(), s.Put(t, "large", make([]byte, 100)), 99); !invalid.Is(err) {
		t.Errorf("a large object: %v", err)
	}
	if _, err := remote.Append(t.Context(), nil, "s3://images/missing.jpg", 1); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing object: %v", err)
	}
	t.Setenv("AWS_SECRET_ACCESS_KEY", "wrong")
	t.Setenv("AWS_ENDPOINT_URL", "http://"+strings.Replace(s.Address, "127.0.0.1", "localhost", 1)) // for which there is no client yet
	if _, err := remote.Append(t.Context(), nil, "s3://images/empty", 1); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("wrong credentials: %v", err)
	}
}

// TestRedirect follows no redirect to where others could read along.
func TestRedirect(t *testing.T) {
	remote.Hurry(t)
	web := httptest.NewServer(http.RedirectHandler("http://192.0.2.1/x.jpg?sig=secret", http.StatusFound))
	defer web.Close()
	if _, err := remote.Open(t.Context(), web.URL, 1<<20); !invalid.Is(err) || strings.Contains(err.Error(), "secret") {
		t.Errorf("got %v", err)
	}
}

func TestList(t *testing.T) {
	s := s3test.Start(t)
	for _, key := range []string{"a/z.jpg", "a/b/c.jpg", "a/b.jpg", "b/x.jpg", "a/odd name+%?.jpg"} {
		s.Put(t, key, []byte(key))
	}
	want := []string{"b.jpg", "b/c.jpg", "odd name+%?.jpg", "z.jpg"}
	proxy := s3test.Through(t, s.Address, func(n int, _ *http.Request) s3test.Fault {
		return []s3test.Fault{{Cut: 700}, {Status: 503}, {Lost: true}, {}}[min(n, 3)]
	})
	for _, address := range []string{s.Address, proxy} {
		t.Setenv("AWS_ENDPOINT_URL", "http://"+address)
		var names []string
		for e, err := range remote.List(t.Context(), "s3://images/a") {
			if err != nil {
				t.Fatal(err)
			}
			names = append(names, e.Name)
			if data, err := remote.Append(t.Context(), nil, e.Address, 100); err != nil || string(data) != "a/"+e.Name {
				t.Errorf("%s: %q, %v", e.Address, data, err)
			}
		}
		if !slices.Equal(names, want) {
			t.Errorf("got %q, want %q", names, want)
		}
	}
}

// A listing goes on after the objects that it has, also where more than one answer is needed.
func TestListOfManyGoesOn(t *testing.T) {
	s := s3test.Start(t)
	const count = 1005 // an answer has at most 1000
	for i := range count {
		s.Put(t, fmt.Sprintf("many/%04d", i), []byte("x"))
	}
	proxy := s3test.Through(t, s.Address, func(n int, _ *http.Request) s3test.Fault {
		return []s3test.Fault{{}, {Cut: 300}, {}, {}}[min(n, 3)]
	})
	t.Setenv("AWS_ENDPOINT_URL", "http://"+proxy)
	n := 0
	for e, err := range remote.List(t.Context(), "s3://images/many/") {
		if err != nil || e.Name != fmt.Sprintf("%04d", n) {
			t.Fatalf("object %d is %q, %v", n, e.Name, err)
		}
		n++
	}
	if n != count {
		t.Errorf("%d objects", n)
	}
}

func TestUpload(t *testing.T) {
	s := s3test.Start(t)
	data := random(40 << 20) // in three parts
	file := filepath.Join(t.TempDir(), "x")
	if err := os.WriteFile(file, data, 0o666); err != nil {
		t.Fatal(err)
	}
	proxy := s3test.Through(t, s.Address, func(n int, r *http.Request) s3test.Fault {
		return s3test.Fault{Status: []int{503, 0, 0}[n%3]}
	})
	t.Setenv("AWS_ENDPOINT_URL", "http://"+proxy)
	if err := remote.Upload(t.Context(), file, "s3://images/out/x", map[string]string{"Finetune-Settings": "abc"}); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(s.Get(t, "out/x"), data) {
		t.Error("other bytes")
	}
	info, found, err := remote.Stat(t.Context(), "s3://images/out/x")
	if err != nil || !found || info.Size != int64(len(data)) || info.Meta["finetune-settings"] != "abc" {
		t.Errorf("got %+v, %v, %v", info, found, err)
	}
	if _, found, err := remote.Stat(t.Context(), "s3://images/out/y"); found || err != nil {
		t.Errorf("nothing there: %v, %v", found, err)
	}
	// UploadNew replaces nothing, whatever the number of parts and what the store knows of conditions.
	small := filepath.Join(t.TempDir(), "small")
	if err := os.WriteFile(small, []byte("1"), 0o666); err != nil {
		t.Fatal(err)
	}
	plain := s3test.Through(t, s.Address, func(n int, r *http.Request) s3test.Fault {
		if r.Header.Get("If-None-Match") != "" {
			return s3test.Fault{Status: http.StatusNotImplemented}
		}
		return s3test.Fault{}
	})
	for _, address := range []string{proxy, plain} {
		t.Setenv("AWS_ENDPOINT_URL", "http://"+address)
		for _, name := range []string{small, file} {
			if err := remote.UploadNew(t.Context(), name, "s3://images/new", nil); err != nil {
				t.Fatal(err)
			}
			for _, second := range []string{small, file} {
				if err := remote.UploadNew(t.Context(), second, "s3://images/new", nil); !errors.Is(err, fs.ErrExist) {
					t.Errorf("over something: %v", err)
				}
			}
			for range 2 {
				if err := remote.Remove(t.Context(), "s3://images/new"); err != nil {
					t.Error(err)
				}
			}
			if s.Get(t, "new") != nil {
				t.Error("not removed")
			}
		}
	}
	// An upload that ends half-way leaves nothing to be seen.
	ctx, cancel := context.WithCancel(t.Context())
	slow := s3test.Through(t, s.Address, func(n int, r *http.Request) s3test.Fault {
		if r.URL.Query().Has("partNumber") {
			cancel()
		}
		return s3test.Fault{}
	})
	t.Setenv("AWS_ENDPOINT_URL", "http://"+slow)
	if err := remote.Upload(ctx, file, "s3://images/out/half", nil); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled upload: %v", err)
	}
	if s.Get(t, "out/half") != nil {
		t.Error("half an object")
	}
}

func TestAddresses(t *testing.T) {
	for _, c := range []struct{ dir, path, joined string }{
		{"s3://b/t/", "x/a.jpg", "s3://b/t/x/a.jpg"},
		{"s3://b/t/", "../a.jpg", "s3://b/a.jpg"},
		{"s3://b/t/", "../../../a b+%.jpg", "s3://b/a b+%.jpg"},
		{"s3://b/t/", "https://h/a.jpg?x=1", "https://h/a.jpg?x=1"},
		{"https://h/t/", "a b.jpg", "https://h/t/a%20b.jpg"},
		{"https://h/t/", "/etc/passwd", ""},
		{"https://h/t/", "file:///etc/passwd", ""},
		{"https://h/t/", "s3://b/a.jpg", ""},
		{"https://h/t/", "http://localhost/a.jpg", ""},
		{"s3://b/t/", "http://127.0.0.1/a.jpg", ""},
		{"https://h/t/", "https://g/a.jpg", "https://g/a.jpg"},
		{"s3://b/t/", "s3://c/a.jpg", "s3://c/a.jpg"},
		{"t", "s3://b/a.jpg", "s3://b/a.jpg"},
		{"t", "a.jpg", filepath.Join("t", "a.jpg")},
	} {
		if got, err := remote.Join(c.dir, c.path); got != c.joined || (err == nil) != (c.joined != "") {
			t.Errorf("%s %s: got %q, %v", c.dir, c.path, got, err)
		}
	}
	for address, want := range map[string]string{
		"https://user:pass@h/a.jpg?sig=1#f": "https://h/a.jpg?redacted-",
		"https://h":                         "https://h",
		"s3://b/a?b.jpg":                    "s3://b/a?b.jpg",
		"a/b?c":                             "a/b?c",
	} {
		if got := remote.Redacted(address); !strings.HasPrefix(got, want) || strings.Contains(got, "sig") {
			t.Errorf("%s: got %s", address, got)
		}
	}
	for name, want := range map[string]string{
		"https://h/a/t.csv?x=/y": "https://h/a/", "https://h": "https://h/", "s3://b/k": "s3://b/", "a/t.csv": "a",
	} {
		if got := remote.Dir(name); got != want {
			t.Errorf("Dir(%s) = %s", name, got)
		}
	}
}

func TestRedirected(t *testing.T) {
	for _, c := range []struct {
		from, to string
		follow   bool
	}{
		{"https://h/a", "https://g/a", true},
		{"https://h/a", "http://h/a", false},
		{"https://h/a", "http://localhost/a", false},
		{"http://localhost/a", "http://127.0.0.1:80/a", true},
		{"http://localhost/a", "http://192.0.2.1/a", false},
		{"http://localhost/a", "https://h/a", true},
		{"https://h/a", "file:///etc/passwd", false},
		{"https://h/a", "s3://b/a", false},
	} {
		from, err := url.Parse(c.from)
		if err != nil {
			t.Fatal(err)
		}
		to, err := url.Parse(c.to)
		if err != nil {
			t.Fatal(err)
		}
		if err := remote.Redirected(from, to); (err == nil) != c.follow {
			t.Errorf("%s to %s: %v", c.from, c.to, err)
		}
	}
	server := httptest.NewServer(http.RedirectHandler("file:///etc/passwd", http.StatusFound))
	defer server.Close()
	if _, err := remote.Append(t.Context(), nil, server.URL+"/a", 100); !invalid.Is(err) {
		t.Errorf("a redirect to a file: %v", err)
	}
}
