package serve

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"finetune/pipeline/artifact"
	"finetune/pipeline/report"
)

// The page that a browser shows: images can be dropped on it.
var (
	//go:embed page.html
	body template.HTML
	//go:embed page.css
	style template.CSS
	//go:embed page.js
	script template.JS
)

// A Server answers HTTP requests. It is safe for concurrent use.
type Server struct {
	o         Options
	page      []byte
	policy    string // of the page
	models    set
	metrics   *metrics
	handler   http.Handler
	requests  chan struct{} // holds one for each request under way
	token     [sha256.Size]byte
	draining  atomic.Bool
	reloading sync.Mutex
}

// New loads the runs. What the caller can correct is an *invalid.Error.
func New(ctx context.Context, o Options) (*Server, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	s := &Server{o: o, requests: make(chan struct{}, o.Limits.Requests), token: sha256.Sum256([]byte(o.Token))}
	var err error
	if s.page, s.policy, err = (report.App{
		Finetune: artifact.Version(), Kind: "serve", Source: "Label images", About: "Images are sent to the server of this page and to no other. It keeps none.",
		Body: body, Style: style, Script: script,
	}.Page()); err != nil {
		return nil, err
	}
	s.metrics = newMetrics(&s.models)
	s.handler = s.routes()
	if err := s.load(ctx); err != nil {
		return nil, err
	}
	return s, nil
}

// Close frees the runs once the requests under way are answered. Later requests get status 404.
func (s *Server) Close() error { return closeAll(s.models.swap(nil, nil)) }

// Handler returns what answers requests.
func (s *Server) Handler() http.Handler { return s.handler }

// routes binds what is served; the description of the API is at /openapi.json.
func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	s.register(mux)
	mux.Handle("GET /metrics", promhttp.HandlerFor(s.metrics.registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("ok\n")) })
	mux.HandleFunc("GET /readyz", s.ready)
	mux.HandleFunc("GET /{$}", s.servePage)
	return s.observe(mux, s.authorise(s.limit(known(mux))))
}

// ready tells a load balancer whether to send requests.
func (s *Server) ready(w http.ResponseWriter, _ *http.Request) {
	if s.draining.Load() || len(s.models.list()) == 0 {
		problem(w, http.StatusServiceUnavailable, "not ready")
		return
	}
	w.Write([]byte("ready\n"))
}

func (s *Server) servePage(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", s.policy)
	w.Write(s.page)
}

// authorise refuses requests without the token, but for the page and the health of the server, which tell nothing.
func (s *Server) authorise(next http.Handler) http.Handler {
	if s.o.Token == "" {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		given := sha256.Sum256([]byte(strings.TrimSpace(token)))
		right := strings.EqualFold(scheme, "Bearer") && subtle.ConstantTimeCompare(given[:], s.token[:]) == 1
		switch r.URL.Path {
		case "/", "/healthz", "/readyz":
		default:
			if !right {
				w.Header().Set("WWW-Authenticate", "Bearer")
				problem(w, http.StatusUnauthorized, "a bearer token is needed")
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

// limit bounds requests with images: how many at a time, their bytes and their time.
func (s *Server) limit(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v1/predict" && r.URL.Path != "/v1/explain" {
			next.ServeHTTP(w, r)
			return
		}
		if r.ContentLength > s.o.Limits.Bytes {
			w.Header().Set("Connection", "close")
			problem(w, http.StatusRequestEntityTooLarge, fmt.Sprintf("a request of more than %d bytes", s.o.Limits.Bytes))
			return
		}
		select {
		case s.requests <- struct{}{}:
			defer func() { <-s.requests }()
		default:
			s.metrics.shed.WithLabelValues("").Inc()
			w.Header().Set("Retry-After", "1")
			problem(w, http.StatusServiceUnavailable, "too many requests at a time")
			return
		}
		ctx, cancel := context.WithTimeout(context.WithValue(r.Context(), limitsKey{}, s.o.Limits), s.o.Limits.Time)
		defer cancel()
		r = r.WithContext(ctx)
		r.Body = http.MaxBytesReader(w, r.Body, s.o.Limits.Bytes)
		next.ServeHTTP(w, r)
	})
}

// problem writes an error as the API does.
func problem(w http.ResponseWriter, status int, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(huma.ErrorModel{Title: http.StatusText(status), Status: status, Detail: detail})
}

// observe logs and measures requests.
func (s *Server) observe(mux *http.ServeMux, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.metrics.active.Inc()
		defer s.metrics.active.Dec()
		start := time.Now()
		seen := &statusWriter{ResponseWriter: w, draining: &s.draining}
		w.Header().Set("X-Content-Type-Options", "nosniff")
		if r.ContentLength != 0 {
			// A body that comes too slowly is given up, also where it isn't wanted: package http reads up to 256 KB more after
			// an answer. It sets another deadline for the next request. This one is later than that of the request itself.
			_ = http.NewResponseController(w).SetReadDeadline(start.Add(s.o.Limits.Time + 250*time.Millisecond))
		}
		next.ServeHTTP(seen, r)
		path := "other" // any path that a stranger makes up
		if _, pattern := mux.Handler(r); pattern != "" {
			path = r.URL.Path
		}
		took, status := time.Since(start), cmp.Or(seen.status, http.StatusOK)
		s.metrics.requests.WithLabelValues(path, strconv.Itoa(status)).Inc()
		s.metrics.seconds.WithLabelValues(path).Observe(took.Seconds())
		s.o.Log.LogAttrs(r.Context(), levelOf(path, status), "request", attributes(r, path, status, took)...)
	})
}

// known answers requests for paths and methods that there aren't as the API answers errors.
func known(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		refuse, pattern := mux.Handler(r)
		if pattern != "" {
			mux.ServeHTTP(w, r)
			return
		}
		refused := &refusal{header: w.Header()} // which gets Allow
		refuse.ServeHTTP(refused, r)
		if refused.status == http.StatusMethodNotAllowed {
			problem(w, refused.status, "the method "+r.Method+" isn't answered at this path; use "+w.Header().Get("Allow"))
			return
		}
		problem(w, http.StatusNotFound, "nothing is at this path; GET /openapi.json describes the API")
	})
}

// A refusal keeps the status and the headers of an answer.
type refusal struct {
	header http.Header
	status int
}

func (r *refusal) Header() http.Header            { return r.header }
func (r *refusal) WriteHeader(status int)         { r.status = status }
func (r *refusal) Write(text []byte) (int, error) { return len(text), nil }

// A statusWriter remembers the status, and while the server drains tells the client to use no connection again.
type statusWriter struct {
	http.ResponseWriter
	status   int // 0 until the headers are written
	draining *atomic.Bool
}

// WriteHeader implements http.ResponseWriter.
func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	if w.draining.Load() {
		w.Header().Set("Connection", "close")
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (w *statusWriter) Write(text []byte) (int, error) {
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	return w.ResponseWriter.Write(text)
}

// Unwrap is for http.ResponseController.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
