package serve

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"net"
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
	return s.observe(mux, s.authorise(s.limit(mux)))
}

// ready tells a load balancer whether to send requests.
func (s *Server) ready(w http.ResponseWriter, _ *http.Request) {
	if s.draining.Load() || len(s.models.list()) == 0 {
		http.Error(w, "not ready", http.StatusServiceUnavailable)
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

// limit bounds requests for predictions: how many at a time, their bytes and their time.
func (s *Server) limit(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v1/predict" {
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
		// A body that comes too slowly ends with the request.
		if err := http.NewResponseController(w).SetReadDeadline(time.Now().Add(s.o.Limits.Time)); err == nil {
			defer http.NewResponseController(w).SetReadDeadline(time.Time{})
		}
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
		seen := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		w.Header().Set("X-Content-Type-Options", "nosniff")
		next.ServeHTTP(seen, r)
		path := "other" // any path that a stranger makes up
		if _, pattern := mux.Handler(r); pattern != "" {
			path = r.URL.Path
		}
		took := time.Since(start)
		s.metrics.requests.WithLabelValues(path, strconv.Itoa(seen.status)).Inc()
		s.metrics.seconds.WithLabelValues(path).Observe(took.Seconds())
		s.o.Log.LogAttrs(r.Context(), levelOf(path, seen.status), "request", attributes(r, path, seen.status, took)...)
	})
}

// A statusWriter remembers the status.
type statusWriter struct {
	http.ResponseWriter
	status int
}

// WriteHeader implements http.ResponseWriter.
func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap is for http.ResponseController.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Serve answers requests until ctx ends. Then it refuses new connections, answers what is under way, for at most
// Limits.Time, and returns nil.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	server := &http.Server{Handler: s.handler, ReadHeaderTimeout: 5 * time.Second, IdleTimeout: 2 * time.Minute,
		WriteTimeout: 2*s.o.Limits.Time + 10*time.Second, MaxHeaderBytes: 1 << 16, ErrorLog: errorLog(s.o.Log)}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(l) }()
	s.o.Log.InfoContext(ctx, "serving", "address", l.Addr().String())
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	s.draining.Store(true)
	s.o.Log.Info("draining")
	grace, cancel := context.WithTimeout(context.Background(), s.o.Limits.Time+time.Second)
	defer cancel()
	err := server.Shutdown(grace)
	if err != nil {
		err = errors.Join(err, server.Close())
	}
	<-failed
	s.o.Log.Info("stopped")
	return err
}
