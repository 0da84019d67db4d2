package remote

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"sync"
)

// A bodyTransport takes the body of a request from the connection once the request has failed. net/http goes on reading it for a while
// where a server answers before it has all, and the client of object stores reads the same file again for its next try.
type bodyTransport struct{ http.RoundTripper }

// mostRefusal bounds the answer to a request that failed.
const mostRefusal = 1 << 20

func (t bodyTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body == nil || r.Body == http.NoBody {
		return t.RoundTripper.RoundTrip(r)
	}
	body := &lentBody{body: r.Body}
	lent := *r
	lent.Body = body
	answer, err := t.RoundTripper.RoundTrip(&lent)
	if err == nil && answer.StatusCode < 300 {
		return answer, nil
	}
	if err == nil {
		// Without the rest of the body the connection ends, and with it what isn't read yet of the answer.
		text, _ := io.ReadAll(io.LimitReader(answer.Body, mostRefusal)) // an error comes again below
		answer.Body = struct {
			io.Reader
			io.Closer
		}{io.MultiReader(bytes.NewReader(text), answer.Body), answer.Body}
	}
	body.takeBack()
	return answer, err
}

// A lentBody is a body that can be taken back while another goroutine reads it.
type lentBody struct {
	mu    sync.Mutex
	body  io.ReadCloser
	taken bool
}

var errTakenBack = errors.New("the request has failed already")

func (b *lentBody) Read(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.taken {
		return 0, errTakenBack
	}
	return b.body.Read(p)
}

// Close closes the body unless it was taken back, which closed it.
func (b *lentBody) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.taken {
		return nil
	}
	return b.body.Close()
}

func (b *lentBody) takeBack() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.taken {
		b.taken = true
		b.body.Close()
	}
}
