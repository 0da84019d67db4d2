package review

import (
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"finetune/internal/pipelinetest"
	"finetune/invalid"
	"finetune/label"
	"finetune/pipeline/dataset"
)

// data writes a manifest of six images with the labels low, middle and high, and options to read it.
func data(t *testing.T) dataset.Options {
	t.Helper()
	dir := t.TempDir()
	var table strings.Builder
	fmt.Fprintln(&table, "path,label,group")
	for i, class := range []string{"low", "middle", "high", "low", "middle", "high"} {
		name := fmt.Sprintf("%d.png", i)
		fmt.Fprintf(&table, "%s,%s,g%d\n", name, class, i)
		f, err := os.Create(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := png.Encode(f, image.NewGray(image.Rect(0, 0, 40, 30))); err != nil {
			t.Fatal(err)
		}
		f.Close()
	}
	path := filepath.Join(dir, "data.csv")
	if err := os.WriteFile(path, []byte(table.String()), 0o666); err != nil {
		t.Fatal(err)
	}
	space, err := label.New([]string{"low", "middle", "high"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return dataset.Options{Path: path, Space: &space}
}

// begun returns a session over the data: two doubtful labels, a pair of copies, and an image without a label.
func begun(t *testing.T, o dataset.Options, out string) (*session, error) {
	t.Helper()
	set, err := dataset.Load(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	s := &session{set: set, space: *o.Space, out: out, reviewer: "anna"}
	s.index()
	unlabelled := filepath.ToSlash(filepath.Join(filepath.Dir(o.Path), "5.png")) // any file
	s.at[unlabelled] = len(set.Items)
	set.Items = append(set.Items, dataset.Item{Path: unlabelled, File: unlabelled, Label: -1, Weight: 1, Fold: -1})
	s.queue = []item{
		{Kind: Doubtful, Paths: []string{"0.png"}, Proposed: 1},
		{Kind: Doubtful, Paths: []string{"2.png"}, Proposed: 0},
		{Kind: CopiesKind, Paths: []string{"3.png", "4.png"}, Proposed: -1},
		{Kind: Unlabelled, Paths: []string{unlabelled}, Proposed: 2},
	}
	err = s.begin(t.Context())
	if err == nil {
		t.Cleanup(s.close)
	}
	return s, err
}

func mustBegin(t *testing.T, o dataset.Options, out string) *session {
	t.Helper()
	s, err := begun(t, o, out)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// labels returns the labels of the manifest by the name of the image.
func labels(t *testing.T, s *session) string {
	t.Helper()
	var list []string
	for _, row := range pipelinetest.ReadCSV(t, s.out)[1:] {
		list = append(list, filepath.Base(row[0])+"="+row[1])
	}
	return strings.Join(list, " ")
}

func TestDecisions(t *testing.T) {
	o, out := data(t), filepath.Join(t.TempDir(), "corrected.csv")
	before, err := os.ReadFile(o.Path)
	if err != nil {
		t.Fatal(err)
	}
	s := mustBegin(t, o, out)
	for _, step := range []struct {
		do   func() (Entry, error)
		want string // of the manifest
	}{
		{func() (Entry, error) { return s.decide(0, actionLabel, 1) }, "0.png=middle 1.png=middle 2.png=high 3.png=low 4.png=middle 5.png=high"},
		{func() (Entry, error) { return s.decide(2, actionLabel, 0) }, "0.png=middle 1.png=middle 2.png=high 3.png=low 4.png=low 5.png=high"},
		{s.undo, "0.png=middle 1.png=middle 2.png=high 3.png=low 4.png=middle 5.png=high"},
		{func() (Entry, error) { return s.decide(2, actionDrop, 0) }, "0.png=middle 1.png=middle 2.png=high 3.png=low 5.png=high"},
		{func() (Entry, error) { return s.decide(1, actionKeep, 0) }, "0.png=middle 1.png=middle 2.png=high 3.png=low 5.png=high"},
		{func() (Entry, error) { return s.decide(3, actionLabel, 2) }, "0.png=middle 1.png=middle 2.png=high 3.png=low 5.png=high 5.png=high"},
		{s.undo, "0.png=middle 1.png=middle 2.png=high 3.png=low 5.png=high"},
		{func() (Entry, error) { return s.decide(3, actionDrop, 0) }, "0.png=middle 1.png=middle 2.png=high 3.png=low 5.png=high"},
	} {
		if _, err := step.do(); err != nil {
			t.Fatal(err)
		}
		if got := labels(t, s); got != step.want {
			t.Errorf("%s\nwant %s", got, step.want)
		}
	}
	if r := s.result(); r.Decided != 4 || r.Changed != 1 || r.LeftOut != 1 || r.Added != 0 {
		t.Errorf("%+v", r)
	}
	if after, err := os.ReadFile(o.Path); err != nil || string(after) != string(before) {
		t.Error("the data was changed")
	}
	// The manifest reads back as data of the same classes, with its groups.
	set, err := dataset.Load(t.Context(), dataset.Options{Path: out, Space: o.Space})
	if err != nil || len(set.Items) != 5 || set.Items[0].Label != 1 || set.Items[0].Group != "g0" {
		t.Errorf("%+v, %v", set, err)
	}
	for _, wrong := range []func() (Entry, error){
		func() (Entry, error) { return s.decide(9, actionKeep, 0) },
		func() (Entry, error) { return s.decide(0, actionLabel, 3) },
		func() (Entry, error) { return s.decide(0, "delete", 0) },
		func() (Entry, error) { return s.decide(3, actionKeep, 0) },
	} {
		if _, err := wrong(); err == nil {
			t.Error("a decision that can't be was taken")
		}
	}
}

// TestGoOn begins again after a kill at every byte of the log: whole lines stand, and the manifest follows from them.
func TestGoOn(t *testing.T) {
	o, dir := data(t), t.TempDir()
	out := filepath.Join(dir, "corrected.csv")
	s := mustBegin(t, o, out)
	for place := range 3 {
		if _, err := s.decide(place, actionLabel, 1); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.undo(); err != nil {
		t.Fatal(err)
	}
	log, err := os.ReadFile(LogPath(out))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := begun(t, o, out); !invalid.Is(err) {
		t.Errorf("a second review of one log: %v", err)
	}
	want := []string{"", "0.png=middle 1.png=middle 2.png=high 3.png=low 4.png=middle 5.png=high",
		"0.png=middle 1.png=middle 2.png=middle 3.png=low 4.png=middle 5.png=high",
		"0.png=middle 1.png=middle 2.png=middle 3.png=middle 4.png=middle 5.png=high",
		"0.png=middle 1.png=middle 2.png=middle 3.png=low 4.png=middle 5.png=high"}
	for cut := 0; cut <= len(log); cut += 7 {
		out := filepath.Join(dir, fmt.Sprint(cut), "corrected.csv")
		if err := os.MkdirAll(filepath.Dir(out), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(LogPath(out), log[:cut], 0o666); err != nil {
			t.Fatal(err)
		}
		again := mustBegin(t, o, out)
		whole := strings.Count(string(log[:cut]), "\n")
		if whole == 0 {
			if _, err := os.Stat(out); err == nil {
				t.Errorf("cut at %d: a manifest without a decision", cut)
			}
		} else if got := labels(t, again); got != want[whole] {
			t.Errorf("cut at %d, %d decisions: %s\nwant %s", cut, whole, got, want[whole])
		}
		if _, err := again.decide(3, actionLabel, 0); err != nil {
			t.Errorf("cut at %d: %v", cut, err)
		}
		if n := len(again.log.entries); n != whole+1 {
			t.Errorf("cut at %d: %d entries, want %d", cut, n, whole+1)
		}
	}
}

func TestRefuses(t *testing.T) {
	o := data(t)
	for name, spoil := range map[string]func(out string) error{
		"a file that no review wrote":  func(out string) error { return os.WriteFile(out, []byte("mine"), 0o666) },
		"a log that isn't one":         func(out string) error { return os.WriteFile(LogPath(out), []byte("hello\n"), 0o666) },
		"notes without an end of line": func(out string) error { return os.WriteFile(LogPath(out), []byte("my notes"), 0o666) },
		"a class that the run hasn't": func(out string) error {
			return os.WriteFile(LogPath(out), []byte(`{"number":1,"kind":"doubtful label","action":"label","changes":[{"path":"0.png","from":"middle","to":"none"}]}`+"\n"), 0o666)
		},
		"a folder for a log": func(out string) error { return os.Mkdir(LogPath(out), 0o777) },
		"decisions about other data": func(out string) error {
			return os.WriteFile(LogPath(out), []byte(`{"number":1,"kind":"doubtful label","action":"label","changes":[{"path":"0.png","from":"high","to":"low"}]}`+"\n"), 0o666)
		},
	} {
		out := filepath.Join(t.TempDir(), "corrected.csv")
		if err := spoil(out); err != nil {
			t.Fatal(err)
		}
		before, _ := os.ReadFile(LogPath(out))
		if _, err := begun(t, o, out); !invalid.Is(err) {
			t.Errorf("%s: %v", name, err)
		}
		if after, _ := os.ReadFile(LogPath(out)); string(after) != string(before) {
			t.Errorf("%s: the log was changed to %q", name, after)
		}
	}
	for _, addr := range []string{"0.0.0.0:80", ":8080", "example.org:80", "10.0.0.1:1", "nonsense"} {
		if err := loopback(addr); !invalid.Is(err) {
			t.Errorf("%s: %v", addr, err)
		}
	}
	for _, addr := range []string{"127.0.0.1:0", "[::1]:8080", "localhost:80"} {
		if err := loopback(addr); err != nil {
			t.Error(err)
		}
	}
}

// served starts a server over a session.
func served(t *testing.T) (*server, *httptest.Server) {
	s := mustBegin(t, data(t), filepath.Join(t.TempDir(), "corrected.csv"))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv, err := newServer(s, l.Addr())
	if err != nil {
		t.Fatal(err)
	}
	h := httptest.NewUnstartedServer(srv.handler())
	h.Listener.Close()
	h.Listener = l
	h.Start()
	t.Cleanup(h.Close)
	return srv, h
}

func TestServerAnswersOnlyItsOwnPage(t *testing.T) {
	srv, _ := served(t)
	for name, test := range map[string]struct {
		method, path string
		change       func(r *http.Request)
		want         int
	}{
		"the page":                   {"GET", "", nil, 200},
		"the queue":                  {"GET", "queue", nil, 200},
		"a picture":                  {"GET", "image/2/1", nil, 200},
		"no such picture":            {"GET", "image/2/2", nil, 404},
		"another token":              {"GET", "../another/", nil, 404},
		"no token":                   {"GET", "..", nil, 404},
		"the right origin":           {"POST", "undo", func(r *http.Request) { r.Header.Set("Origin", "http://"+r.URL.Host) }, 409},
		"another origin":             {"POST", "undo", func(r *http.Request) { r.Header.Set("Origin", "http://example.org") }, 403},
		"a script of another site":   {"GET", "queue", func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") }, 403},
		"another name for this host": {"GET", "", func(r *http.Request) { r.Host = "example.org" }, 403},
		"a form":                     {"POST", "decide", func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") }, 415},
		"no JSON":                    {"POST", "decide", nil, 400},
		"a file of the server":       {"GET", "review.go", nil, 404},
	} {
		r, err := http.NewRequest(test.method, srv.url()+test.path, strings.NewReader("{"))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		if test.change != nil {
			test.change(r)
		}
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != test.want {
			t.Errorf("%s: status %d, want %d", name, answer.StatusCode, test.want)
		}
		policy := answer.Header.Get("Content-Security-Policy")
		if !strings.HasPrefix(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") {
			t.Errorf("%s: policy %q", name, policy)
		}
	}
}

func TestServerTakesDecisions(t *testing.T) {
	srv, _ := served(t)
	post := func(path, body string) decided {
		t.Helper()
		answer, err := http.Post(srv.url()+path, "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		text, err := io.ReadAll(answer.Body)
		if err != nil || answer.StatusCode != 200 {
			t.Fatalf("%d: %s %v", answer.StatusCode, text, err)
		}
		var d decided
		if err := json.Unmarshal(text, &d); err != nil {
			t.Fatal(err)
		}
		return d
	}
	d := post("decide", `{"item": 1, "action": "label", "class": 0}`)
	if d.Item != 1 || d.Action != actionLabel || !slices.Equal(d.Changes, []Change{{"2.png", "high", "low"}}) {
		t.Errorf("%+v", d)
	}
	if d = post("undo", "{}"); d.Item != 1 || d.Action != "" || d.Changes[0].To != "high" {
		t.Errorf("%+v", d)
	}
}

// A manifest that couldn't be written is an error at the end, and isn't called corrected.
func TestManifestThatCannotBeWritten(t *testing.T) {
	out := filepath.Join(t.TempDir(), "corrected.csv")
	s := mustBegin(t, data(t), out)
	if err := os.Mkdir(out, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(out, "x"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := s.decide(0, actionLabel, 0); err == nil {
		t.Fatal("no error")
	}
	if err := s.finish(); !errors.Is(err, ErrBehind) || !strings.Contains(err.Error(), LogPath(out)) {
		t.Errorf("at the end: %v", err)
	}
	if s.result().Corrected {
		t.Error("called corrected")
	}
	if err := os.RemoveAll(out); err != nil {
		t.Fatal(err)
	}
	if err := s.finish(); err != nil || !s.result().Corrected {
		t.Errorf("once there is room: %v", err)
	}
}
