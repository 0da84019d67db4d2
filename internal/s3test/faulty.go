package s3test

import (
	"io"
	"log"
	"net/http"
	"strconv"
	"time"
)

var discard = log.New(io.Discard, "", 0)

// faulty writes an answer with its fault.
type faulty struct {
	http.ResponseWriter
	fault   Fault
	request *http.Request
	sent    int64
	left    int64 // of a body that is to be short
}

func (w *faulty) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *faulty) WriteHeader(status int) {
	if w.fault.Lost {
		panic(http.ErrAbortHandler)
	}
	if w.fault.Short > 0 {
		if n, err := strconv.ParseInt(w.Header().Get("Content-Length"), 10, 64); err == nil {
			w.left = max(0, n-w.fault.Short)
			w.Header().Set("Content-Length", strconv.FormatInt(w.left, 10))
		}
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *faulty) Write(p []byte) (int, error) {
	time.Sleep(w.fault.Slow)
	send, after := p, func() {}
	switch f := w.fault; {
	case f.Cut > 0 && w.sent+int64(len(p)) >= f.Cut:
		send, after = p[:f.Cut-w.sent], func() { panic(http.ErrAbortHandler) }
	case f.Stall > 0 && w.sent+int64(len(p)) >= f.Stall:
		send, after = p[:f.Stall-w.sent], func() { <-w.request.Context().Done() }
	case f.Short > 0:
		send = p[:min(int64(len(p)), w.left)]
		w.left -= int64(len(send))
	}
	n, err := w.ResponseWriter.Write(send)
	w.sent += int64(n)
	http.NewResponseController(w.ResponseWriter).Flush()
	after()
	if err != nil {
		return n, err
	}
	return len(p), nil
}
