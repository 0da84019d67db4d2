package serve

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"image"
	"image/png"
	"io"
	"log/slog"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"finetune/internal/pipelinetest"
	"finetune/invalid"
	"finetune/pipeline/features"
	"finetune/pipeline/run"
	"finetune/pipeline/train"
)

// trained is the folder of a run on the tiny network, made once.
var trained = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "serve")
	if err != nil {
		return "", err
	}
	job := train.New(pipelinetest.Demo)
	job.Images.Backbone, job.Images.Tap = pipelinetest.TinyNetwork, features.Last
	job.Out, job.Head.Hidden = filepath.Join(dir, "run"), 0
	_, err = job.Run(context.Background())
	return job.Out, err
})

// start serves a run with the given options.
func start(t *testing.T, o Options) (*Server, *httptest.Server) {
	t.Helper()
	path, err := trained()
	if err != nil {
		t.Fatal(err)
	}
	if o.Models == nil {
		o.Models = []Model{{Path: path}}
	}
	s, err := New(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(s.Handler())
	t.Cleanup(func() {
		web.Close()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s, web
}

// post sends a body and returns the status, the headers and the answer.
func post(t *testing.T, url, contentType string, body []byte, header ...string) (int, http.Header, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", contentType)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, answer.Header, string(text)
}

// demo returns the bytes of some images.
func demo(t *testing.T, n int) [][]byte {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(filepath.Dir(pipelinetest.Demo), "images", "*", "*.jpg"))
	if err != nil || len(names) < n {
		t.Fatal(len(names), err)
	}
	var files [][]byte
	for _, name := range names[:n] {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, data)
	}
	return files
}

func pixels(t *testing.T, width, height int) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := png.Encode(&out, image.NewGray(image.Rect(0, 0, width, height))); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func form(t *testing.T, files [][]byte) (contentType string, body []byte) {
	t.Helper()
	var out bytes.Buffer
	w := multipart.NewWriter(&out)
	for _, data := range files {
		part, err := w.CreateFormFile("image", "a.jpg")
		if err != nil {
			t.Fatal(err)
		}
		part.Write(data)
	}
	w.WriteField("comment", "not an image")
	w.Close()
	return w.FormDataContentType(), out.Bytes()
}

func asJSON(files [][]byte) []byte {
	var list PredictRequest
	for _, data := range files {
		list.Images = append(list.Images, base64.StdEncoding.EncodeToString(data))
	}
	text, _ := json.Marshal(list)
	return text
}

// All forms of a request get the answers of run.Predictor.
func TestAnswersAreThoseOfThePredictor(t *testing.T) {
	_, web := start(t, Options{})
	path, _ := trained()
	r, err := run.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	p, err := r.Predictor(run.PredictorOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	files := demo(t, 5)
	formType, formBody := form(t, files)
	want := Predictions{Model: DefaultName, Predictions: make([]Prediction, len(files))}
	for i, data := range files {
		answer, err := p.Predict(t.Context(), data)
		if err != nil {
			t.Fatal(err)
		}
		want.Predictions[i].set(run.Outcome{Prediction: *answer}, r.Head.Space().Classes())
		status, _, text := post(t, web.URL+"/v1/predict", "image/jpeg", data)
		var got Predictions
		if err := json.Unmarshal([]byte(text), &got); err != nil || status != http.StatusOK {
			t.Fatal(status, text, err)
		}
		if !reflect.DeepEqual(got.Predictions[0], want.Predictions[i]) {
			t.Errorf("alone: got %+v, want %+v", got.Predictions[0], want.Predictions[i])
		}
	}
	for kind, body := range map[string][]byte{formType: formBody, "application/json": asJSON(files)} {
		status, _, text := post(t, web.URL+"/v1/predict?model="+DefaultName, kind, body)
		var got Predictions
		if err := json.Unmarshal([]byte(text), &got); err != nil || status != http.StatusOK {
			t.Fatal(status, text, err)
		}
		for i := range got.Predictions {
			if named := strings.HasPrefix(kind, "multipart"); named != (got.Predictions[i].ID == "a.jpg") {
				t.Errorf("%s: id %q", kind, got.Predictions[i].ID)
			}
			got.Predictions[i].ID = ""
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v, want %+v", kind, got, want)
		}
	}
}

func TestBadRequests(t *testing.T) {
	_, web := start(t, Options{Limits: Limits{Bytes: 100_000, Pixels: 10_000, Images: 2}})
	small := pixels(t, 20, 20)
	threeType, three := form(t, [][]byte{small, small, small})
	for name, c := range map[string]struct {
		kind, query string
		body        []byte
		status      int
		text        string
	}{
		"no image":      {"image/png", "", []byte("text"), 422, "not an image"},
		"empty":         {"image/png", "", nil, 400, "no image"},
		"bytes":         {"image/png", "", make([]byte, 100_001), 413, "100000 bytes"},
		"JSON bytes":    {"application/json", "", asJSON([][]byte{make([]byte, 100_000)}), 413, "100000 bytes"},
		"pixels":        {"image/png", "", pixels(t, 101, 100), 422, "pixels"},
		"cut":           {"image/png", "", small[:len(small)/2], 422, ""},
		"model":         {"image/png", "?model=other", small, 404, "/v1/models"},
		"JSON":          {"application/json", "", []byte("{"), 400, "unexpected"},
		"base64":        {"application/json", "", []byte(`{"images":["?"]}`), 400, "image 0: illegal base64"},
		"no images":     {"application/json", "", []byte(`{"images":[]}`), 400, "no image"},
		"many":          {"application/json", "", asJSON([][]byte{small, small, small}), 413, "more than 2 images"},
		"many in forms": {threeType, "", three, 413, "more than 2 images"},
		"boundary":      {"multipart/form-data", "", three, 400, ""},
		"type":          {"a/b/c; =", "", small, 400, "Content-Type"},
	} {
		status, header, text := post(t, web.URL+"/v1/predict"+c.query, c.kind, c.body)
		if status != c.status || !strings.Contains(text, c.text) || header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: %d %s", name, status, text)
		}
	}
	// Among others an image has an error of its own.
	status, _, text := post(t, web.URL+"/v1/predict", "application/json", asJSON([][]byte{[]byte("text"), small}))
	var got Predictions
	if err := json.Unmarshal([]byte(text), &got); err != nil || status != 200 || len(got.Predictions) != 2 {
		t.Fatal(status, text, err)
	}
	if got.Predictions[0].Error == "" || got.Predictions[0].Probabilities != nil || got.Predictions[1].Predicted == "" {
		t.Error(text)
	}
}

func TestToken(t *testing.T) {
	var logged bytes.Buffer
	_, web := start(t, Options{Token: "s3cret", Log: slog.New(slog.NewTextHandler(&logged, nil))})
	body := pixels(t, 20, 20)
	for header, want := range map[string]int{
		"": 401, "Bearer other": 401, "Basic s3cret": 401, "Bearer s3cret": 200, "bearer s3cret": 200,
	} {
		if status, _, text := post(t, web.URL+"/v1/predict", "image/png", body, "Authorization", header); status != want {
			t.Errorf("%q: %d %s", header, status, text)
		}
	}
	for path, want := range map[string]int{
		"/": 200, "/healthz": 200, "/readyz": 200, "/metrics": 401, "/v1/models": 401, "/openapi.json": 401,
	} {
		answer, err := http.Get(web.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != want {
			t.Errorf("%s: %d, want %d", path, answer.StatusCode, want)
		}
	}
	if strings.Contains(logged.String(), "s3cret") || !strings.Contains(logged.String(), "status=401") {
		t.Errorf("the log: %s", logged.String())
	}
}

func TestOptionsAreChecked(t *testing.T) {
	for field, o := range map[string]Options{
		"Model":        {},
		"Token":        {Models: []Model{{Path: "x"}}, Token: "a b"},
		"Limits.Bytes": {Models: []Model{{Path: "x"}}, Limits: Limits{Bytes: -1}},
		"BatchSize":    {Models: []Model{{Path: "x"}}, BatchSize: -1},
	} {
		_, err := New(t.Context(), o)
		var e *invalid.Error
		if !errors.As(err, &e) || e.Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	if _, err := New(t.Context(), Options{Models: []Model{{Name: "a"}, {Name: "a"}}}); !invalid.Is(err) {
		t.Error(err)
	}
}

// Paths and methods that there aren't get the errors of the API.
func TestUnknownPaths(t *testing.T) {
	_, web := start(t, Options{})
	for request, want := range map[string]struct {
		status int
		allow  string
	}{
		"GET /nothing": {404, ""}, "POST /v1/predict/x": {404, ""}, "GET /v1/predict": {405, "POST"},
		"PUT /v1/predict": {405, "POST"}, "DELETE /healthz": {405, "GET, HEAD"}, "GET /favicon.ico": {404, ""},
	} {
		method, path, _ := strings.Cut(request, " ")
		r, err := http.NewRequestWithContext(t.Context(), method, web.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		var told struct {
			Status        int
			Title, Detail string
		}
		err = json.NewDecoder(answer.Body).Decode(&told)
		answer.Body.Close()
		if err != nil || answer.StatusCode != want.status || told.Status != want.status || told.Title == "" ||
			told.Detail == "" || answer.Header.Get("Allow") != want.allow ||
			answer.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: %+v %+v %v", request, answer, told, err)
		}
	}
}

// The description of the API has the types that answers are made of.
func TestOpenAPI(t *testing.T) {
	_, web := start(t, Options{})
	answer, err := http.Get(web.URL + "/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var doc struct {
		Paths map[string]map[string]struct {
			RequestBody struct{ Content map[string]any }
			Responses   map[string]any
		}
		Components struct {
			Schemas map[string]struct{ Properties map[string]any }
		}
	}
	if err := json.NewDecoder(answer.Body).Decode(&doc); err != nil {
		t.Fatal(err)
	}
	predict := doc.Paths["/v1/predict"]["post"]
	for _, kind := range []string{"image/*", "multipart/form-data", "application/json"} {
		if predict.RequestBody.Content[kind] == nil {
			t.Errorf("no %s in %+v", kind, predict)
		}
	}
	for _, status := range []string{"200", "413", "422", "503"} {
		if predict.Responses[status] == nil {
			t.Errorf("no answer %s", status)
		}
	}
	for _, field := range []string{"predicted", "low", "high", "expected", "probabilities", "error"} {
		if doc.Components.Schemas["Prediction"].Properties[field] == nil {
			t.Errorf("a prediction without %s", field)
		}
	}
}

// A reload puts other runs in service; one that fails changes nothing.
func TestReload(t *testing.T) {
	path, err := trained()
	if err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(t.TempDir(), "run")
	if err := os.CopyFS(folder, os.DirFS(path)); err != nil {
		t.Fatal(err)
	}
	s, web := start(t, Options{Models: []Model{{Name: "a", Path: path}, {Name: "b", Path: folder}}})
	body := demo(t, 1)[0]
	stop := make(chan struct{})
	var clients sync.WaitGroup
	for _, name := range []string{"a", "b"} {
		clients.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if status, _, text := post(t, web.URL+"/v1/predict?model="+name, "image/jpeg", body); status != 200 {
					t.Errorf("%s: %d %s", name, status, text)
					return
				}
			}
		})
	}
	for range 3 {
		if err := s.Reload(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if err := os.Remove(filepath.Join(folder, run.HeadFile)); err != nil {
		t.Fatal(err)
	}
	if err := s.Reload(t.Context()); err == nil {
		t.Error("a run without a head was reloaded")
	}
	time.Sleep(20 * time.Millisecond)
	close(stop)
	clients.Wait()
	if list := s.models.list(); len(list) != 2 || !list[0].Default || list[1].Name != "b" {
		t.Errorf("%+v", list)
	}
}

// Serve answers what is under way when it is told to stop, and nothing after.
func TestServeDrains(t *testing.T) {
	s, _ := start(t, Options{})
	slow := &fake{begin: make(chan int, 8), end: make(chan struct{})}
	s.models.models[DefaultName].queue = newQueue(slow, s.o, func(int, time.Duration) {})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx, l) }()
	answered := make(chan int, 1)
	url := "http://" + l.Addr().String()
	body := pixels(t, 20, 20)
	go func() {
		status, _, _ := post(t, url+"/v1/predict", "image/png", body)
		answered <- status
	}()
	<-slow.begin
	cancel()
	for !s.draining.Load() {
		time.Sleep(time.Millisecond)
	}
	close(slow.end)
	if status := <-answered; status != http.StatusOK {
		t.Errorf("a request under way got %d", status)
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
	if _, err := http.Get(url + "/healthz"); err == nil {
		t.Error("a stopped server answers")
	}
}

// At saturation requests are refused at once, and one whose time is over isn't left waiting.
func TestSaturation(t *testing.T) {
	s, web := start(t, Options{Limits: Limits{Waiting: 2, Time: 300 * time.Millisecond}})
	slow := &fake{begin: make(chan int, 8), end: make(chan struct{})}
	before := s.models.models[DefaultName].queue
	s.models.models[DefaultName].queue = newQueue(slow, s.o, func(int, time.Duration) {})
	if err := before.close(); err != nil {
		t.Fatal(err)
	}
	body := pixels(t, 20, 20)
	statuses := make(chan int, 2)
	for range 2 {
		go func() {
			status, _, _ := post(t, web.URL+"/v1/predict", "image/png", body)
			statuses <- status
		}()
	}
	for s.models.models[DefaultName].queue.length.Load() < 2 {
		time.Sleep(time.Millisecond)
	}
	status, header, text := post(t, web.URL+"/v1/predict", "image/png", body)
	if status != 503 || header.Get("Retry-After") == "" || !strings.Contains(text, "waiting") {
		t.Errorf("%d %v %s", status, header, text)
	}
	for range 2 {
		if status := <-statuses; status != 503 {
			t.Errorf("a request whose time was over got %d", status)
		}
	}
	close(slow.end)
	answer, err := http.Get(web.URL + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	metrics, _ := io.ReadAll(answer.Body)
	if !strings.Contains(string(metrics), `finetune_shed_total{model="default"} 1`) {
		t.Errorf("%s", metrics)
	}
}
