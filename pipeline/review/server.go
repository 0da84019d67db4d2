package review

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	_ "embed"
	"encoding/json"
	"errors"
	"html/template"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"finetune/pipeline/artifact"
	"finetune/pipeline/features"
	"finetune/pipeline/report"
)

var (
	//go:embed page.html
	body template.HTML
	//go:embed page.css
	style template.CSS
	//go:embed page.js
	script template.JS
)

// A server answers the page's requests. Only who knows the token gets anything, and only under the server's own name, so that no other
// page of the browser reaches it.
type server struct {
	session *session
	token   string
	hosts   []string
	page    []byte
	policy  string
}

func newServer(s *session, addr net.Addr) (*server, error) {
	srv := &server{session: s, token: rand.Text(), hosts: []string{addr.String()}}
	if _, port, err := net.SplitHostPort(addr.String()); err == nil {
		srv.hosts = append(srv.hosts, "localhost:"+port)
	}
	var err error
	srv.page, srv.policy, err = report.App{
		Finetune: artifact.Version(), Kind: "review", Source: s.set.Source,
		About: "Look at each picture and decide. Every decision is saved at once in a manifest of its own; the data stays as it is.",
		Body:  body, Style: style, Script: script,
	}.Page()
	return srv, err
}

func (s *server) url() string { return "http://" + s.hosts[0] + "/" + s.token + "/" }

// serve answers until ctx ends.
func (s *server) serve(ctx context.Context, l net.Listener) error {
	h := &http.Server{Handler: s.handler(), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: time.Minute,
		IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 1 << 16}
	failed := make(chan error, 1)
	go func() { failed <- h.Serve(l) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	err := h.Shutdown(grace)
	if err != nil {
		err = h.Close()
	}
	<-failed
	return err
}

// handler answers requests below the token.
func (s *server) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.servePage)
	mux.HandleFunc("GET /queue", s.serveQueue)
	mux.HandleFunc("GET /image/{item}/{image}", s.serveImage)
	mux.HandleFunc("POST /decide", s.serveDecide)
	mux.HandleFunc("POST /undo", s.serveUndo)
	own := http.NewCrossOriginProtection().Handler(mux)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Content-Security-Policy", s.policy)
		token, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
		site := r.Header.Get("Sec-Fetch-Site")
		switch {
		case !s.ours(r.Host), site == "cross-site" || site == "same-site":
			http.Error(w, "this page is for this computer alone", http.StatusForbidden)
		case subtle.ConstantTimeCompare([]byte(token), []byte(s.token)) != 1:
			http.Error(w, "not found: use the address that finetune review printed", http.StatusNotFound)
		default:
			r = r.Clone(r.Context())
			r.URL.Path, r.URL.RawPath = "/"+rest, ""
			own.ServeHTTP(w, r)
		}
	})
}

// ours reports whether a request is for this server by its own name. Another name that leads here would be one that a
// stranger's page had pointed at this computer.
func (s *server) ours(host string) bool {
	for _, h := range s.hosts {
		if h == host {
			return true
		}
	}
	return false
}

func (s *server) servePage(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Write(s.page)
}

// A queueAnswer is all that the page needs to begin.
type queueAnswer struct {
	Classes  []string          `json:"classes"`
	Keys     []string          `json:"keys"` // see keysOf
	Items    []item            `json:"items"`
	Labels   map[string]string `json:"labels"` // of the images of the items, by path
	Reviewer string            `json:"reviewer"`
	Out      string            `json:"out"`
	Order    []string          `json:"order"`
}

func (s *server) serveQueue(w http.ResponseWriter, _ *http.Request) {
	n := s.session
	n.mu.Lock()
	a := queueAnswer{Classes: n.space.Classes(), Keys: keysOf(n.space.Classes()), Items: append([]item(nil), n.queue...), Labels: map[string]string{}, Reviewer: n.reviewer, Out: n.out, Order: n.order}
	for _, it := range n.queue {
		for _, path := range it.Paths {
			a.Labels[path] = n.now[n.at[path]]
		}
	}
	n.mu.Unlock()
	answer(w, a)
}

// The longer side of a picture in pixels, and the quality of its JPEG.
const pictureSide, pictureQuality = 1600, 88

func (s *server) serveImage(w http.ResponseWriter, r *http.Request) {
	place, err := strconv.Atoi(r.PathValue("item"))
	number, err2 := strconv.Atoi(r.PathValue("image"))
	if err != nil || err2 != nil || place < 0 || place >= len(s.session.queue) || number < 0 || number >= len(s.session.queue[place].Paths) {
		http.Error(w, "there is no such image", http.StatusNotFound)
		return
	}
	path := s.session.queue[place].Paths[number]
	var files features.ImageReader
	data, err := files.Read(r.Context(), s.session.set.Items[s.session.at[path]])
	if err == nil {
		data, err = new(report.Thumbnailer).Fit(data, pictureSide, pictureQuality)
	}
	if err != nil {
		http.Error(w, "the picture can't be shown", http.StatusUnprocessableEntity)
		return
	}
	w.Header().Set("Content-Type", "image/jpeg")
	w.Header().Set("Cache-Control", "private, max-age=3600") // the page asks for the next picture ahead of time
	w.Write(data)
}

// A decision is what the page sends.
type decision struct {
	Item   int    `json:"item"`
	Action string `json:"action"`
	Class  int    `json:"class"`
}

// decided is the answer to a decision.
type decided struct {
	Item    int      `json:"item"`
	Action  string   `json:"action"` // what stands for the item now; "" for nothing
	Changes []Change `json:"changes"`
}

func (s *server) serveDecide(w http.ResponseWriter, r *http.Request) {
	var d decision
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		http.Error(w, "expected JSON", http.StatusUnsupportedMediaType)
		return
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<12)).Decode(&d); err != nil {
		http.Error(w, "expected a decision as JSON", http.StatusBadRequest)
		return
	}
	e, err := s.session.decide(d.Item, d.Action, d.Class)
	s.answerEntry(w, e, err)
}

func (s *server) serveUndo(w http.ResponseWriter, r *http.Request) {
	io.Copy(io.Discard, http.MaxBytesReader(w, r.Body, 1<<12))
	e, err := s.session.undo()
	s.answerEntry(w, e, err)
}

func (s *server) answerEntry(w http.ResponseWriter, e Entry, err error) {
	var refused errRefused
	switch {
	case errors.As(err, &refused):
		http.Error(w, err.Error(), http.StatusConflict)
		return
	case err != nil:
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	n := s.session
	n.mu.Lock()
	defer n.mu.Unlock()
	a := decided{Item: -1, Changes: e.Changes}
	if place, ok := n.places[key(e.Kind, pathsOf(e.Changes))]; ok {
		a.Item, a.Action = place, n.queue[place].Decided
	}
	answer(w, a)
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(v)
}
