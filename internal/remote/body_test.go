package remote

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestBodyAfterRefusal has a server that refuses an upload after its first bytes; the file can be read again at once, without a race.
func TestBodyAfterRefusal(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Try") == "2" {
			n, _ := io.Copy(io.Discard, r.Body)
			if n != 8<<20 {
				http.Error(w, "not all of it", http.StatusBadRequest)
			}
			return
		}
		io.ReadFull(r.Body, make([]byte, 10))
		http.Error(w, "slow down", http.StatusServiceUnavailable)
	}))
	defer server.Close()
	name := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(name, make([]byte, 8<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	section := io.NewSectionReader(f, 0, 8<<20)
	client := &http.Client{Transport: bodyTransport{http.DefaultTransport}}
	for range 20 {
		for _, try := range []string{"1", "2"} {
			section.Seek(0, io.SeekStart)
			r, err := http.NewRequest("PUT", server.URL, io.NopCloser(section))
			if err != nil {
				t.Fatal(err)
			}
			r.ContentLength = 8 << 20
			r.Header.Set("Try", try)
			answer, err := client.Do(r)
			if err != nil {
				if try == "1" {
					continue // the connection broke before the answer came
				}
				t.Fatal(err)
			}
			text, err := io.ReadAll(answer.Body)
			answer.Body.Close()
			switch {
			case err != nil:
				t.Fatal(err)
			case try == "1" && (answer.StatusCode != 503 || !strings.Contains(string(text), "slow down")):
				t.Fatalf("answer %d %q", answer.StatusCode, text)
			case try == "2" && answer.StatusCode != 200:
				t.Fatalf("answer %d %q", answer.StatusCode, text)
			}
		}
	}
}
