package features

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"finetune/internal/pipelinetest"
	"finetune/invalid"
	"finetune/pipeline/progress"
	"finetune/pipeline/source"
)

// A row of an extraction, as JSON.
type extracted struct {
	Path     string
	Features []float32
	Base64   []byte `json:"features_base64"`
	Error    string
}

// Rows have the features that an extraction of all images gives, to the last bit, in the order of the input, whatever comes between.
func TestExtractRows(t *testing.T) {
	items := demoItems(t)[:40]
	images := Images{Backbone: pipelinetest.TinyNetwork, Tap: Last, NoCache: true}
	want := featuresOf(t, items, images, 1, 1, progress.OrNone(nil))
	var lines, order []string
	for i, item := range slices.Backward(items) {
		path, err := filepath.Abs(item.File)
		if err != nil {
			t.Fatal(err)
		}
		line, _ := json.Marshal(map[string]string{"path": path, "id": item.Path})
		lines, order = append(lines, string(line)), append(order, item.Path)
		if i%7 == 0 {
			lines, order = append(lines, `{"bytes":"eA==","id":"bad"}`), append(order, "bad")
		}
	}
	for _, threads := range []int{1, 3} {
		var out bytes.Buffer
		job := ExtractRows{Path: source.Stdin, Stdin: strings.NewReader(strings.Join(lines, "\n")), Stdout: &out, Format: "jsonl",
			Columns: []string{"path", "features", "features_base64", "error"}, Images: images, Threads: threads}
		if err := job.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		decoder := json.NewDecoder(&out)
		for i, name := range order {
			var row extracted
			if err := decoder.Decode(&row); err != nil || row.Path != name {
				t.Fatalf("row %d: %v, path %q, want %q", i, err, row.Path, name)
			}
			raw := make([]float32, len(row.Base64)/4)
			if _, err := binary.Decode(row.Base64, binary.LittleEndian, raw); err != nil || !slices.Equal(raw, want[name]) || !slices.Equal(row.Features, want[name]) {
				t.Errorf("%s: %v, other features", name, err)
			}
			if (name == "bad") != (row.Error != "") {
				t.Errorf("%s: error %q", name, row.Error)
			}
		}
		if decoder.More() {
			t.Error("more rows than lines")
		}
	}
}

func TestExtractRowsRefuses(t *testing.T) {
	for field, job := range map[string]ExtractRows{
		"Images.Views": {Images: Images{Views: 2}},
		"Format":       {Format: "xml"},
		"Columns":      {Columns: []string{"colour"}},
	} {
		job.Path, job.Stdin, job.Stdout, job.Images.NoCache = source.Stdin, strings.NewReader(""), &bytes.Buffer{}, true
		var mistake *invalid.Error
		if err := job.Run(t.Context()); !errors.As(err, &mistake) || mistake.Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
}
