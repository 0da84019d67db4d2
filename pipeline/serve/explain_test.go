package serve

import (
	"bytes"
	"encoding/json"
	"image/jpeg"
	"net/http"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"

	"finetune/internal/pipelinetest"
	"finetune/pipeline/explain"
)

// An explanation says what the job explain says of the same file, however many ask at once.
func TestExplain(t *testing.T) {
	_, web := start(t, Options{})
	path, err := trained()
	if err != nil {
		t.Fatal(err)
	}
	names, err := filepath.Glob(filepath.Join(filepath.Dir(pipelinetest.Demo), "images", "*", "*.jpg"))
	if err != nil {
		t.Fatal(err)
	}
	want, err := explain.Job{Model: path, Paths: names[:3], Class: "2", Out: filepath.Join(t.TempDir(), "explained")}.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	formType, _ := form(t, nil)
	var clients sync.WaitGroup
	for i, data := range demo(t, 3) {
		kind, body := "image/jpeg", data
		switch i {
		case 1:
			kind, body = "application/json", asJSON([][]byte{data})
		case 2:
			kind, body = form(t, [][]byte{data})
		}
		clients.Go(func() {
			status, _, text := post(t, web.URL+"/v1/explain?class=2", kind, body)
			var got Explanation
			if err := json.Unmarshal([]byte(text), &got); err != nil || status != http.StatusOK {
				t.Error(status, text, err)
				return
			}
			image := want.Images[i]
			if got.Model != DefaultName || got.Predicted != image.Predicted || got.Method != want.Method ||
				got.Reference != want.Reference || len(got.Maps) != len(image.Maps) {
				t.Errorf("%s: got %.300s, want %+v", names[i], text, image)
				return
			}
			for k, m := range got.Maps {
				picture, err := jpeg.Decode(bytes.NewReader(m.Picture))
				if err != nil || picture.Bounds().Dx() < 32 {
					t.Errorf("%s: %v", names[i], err)
				}
				w := image.Maps[k]
				if m.Target != w.Target || m.Class != w.Class || m.For != Place(w.For) || m.Against != Place(w.Against) ||
					!reflect.DeepEqual(m.Sum, w.Sum) {
					t.Errorf("%s: got %+v, want %+v", names[i], m, w)
				}
			}
		})
	}
	clients.Wait()
	small := pixels(t, 20, 20)
	for name, c := range map[string]struct {
		kind, query string
		body        []byte
		status      int
		text        string
	}{
		"two images": {"application/json", "", asJSON([][]byte{small, small}), 413, "more than 1 image"},
		"no image":   {"image/png", "", []byte("text"), 422, "not an image"},
		"cut":        {"image/png", "", small[:len(small)/2], 422, ""},
		"empty":      {formType, "", nil, 400, ""},
		"class":      {"image/png", "?class=9", small, 400, `class \"9\": expected one of`},
		"model":      {"image/png", "?model=x", small, 404, "no run of this name"},
	} {
		status, header, text := post(t, web.URL+"/v1/explain"+c.query, c.kind, c.body)
		if status != c.status || !strings.Contains(text, c.text) || header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: %d %s", name, status, text)
		}
	}
}

// Explanations are under the limits of predictions, and can be left out.
func TestExplainLimits(t *testing.T) {
	s, web := start(t, Options{Limits: Limits{Bytes: 100_000, Pixels: 10_000, Waiting: 1}})
	if status, _, text := post(t, web.URL+"/v1/explain", "image/png", pixels(t, 101, 100)); status != 422 {
		t.Errorf("pixels: %d %s", status, text)
	}
	if status, _, text := post(t, web.URL+"/v1/explain", "image/png", make([]byte, 100_001)); status != 413 {
		t.Errorf("bytes: %d %s", status, text)
	}
	e := s.models.models[DefaultName].explainer
	e.turn <- struct{}{}
	answered := make(chan int, 1)
	go func() {
		status, _, _ := post(t, web.URL+"/v1/explain", "image/png", pixels(t, 20, 20))
		answered <- status
	}()
	for e.waiting.Load() == 0 {
	}
	status, header, text := post(t, web.URL+"/v1/explain", "image/png", pixels(t, 20, 20))
	if status != 503 || header.Get("Retry-After") == "" {
		t.Errorf("full: %d %s", status, text)
	}
	<-e.turn
	if status := <-answered; status != 200 {
		t.Errorf("the one that waited: %d", status)
	}
	_, web = start(t, Options{NoExplain: true})
	if status, _, text := post(t, web.URL+"/v1/explain", "image/png", pixels(t, 20, 20)); status != 404 {
		t.Errorf("off: %d %s", status, text)
	}
}
