package graph

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

// The part of every network of the fixtures that a feature needs has the same feature under the same text.
func TestPart(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("..", "..", "..", "backbone", "testdata", "*.onnx"))
	if err != nil || len(files) < 50 {
		t.Fatal(len(files), err)
	}
	tried := 0
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		m, err := Parse(file, data)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			tap  string
			pool []int
		}{{"", nil}, {Multi, nil}, {Multi, []int{1, 3}}} {
			f, err := m.FindFeature(c.tap, c.pool)
			if err != nil || f.Width == 0 {
				continue // such as one without stages
			}
			tried++
			part, found, err := m.Part(f, map[string]string{"key": "value"})
			if err != nil {
				t.Errorf("%s %s: %v", file, f.Text, err)
				continue
			}
			again, err := part.Bytes()
			if err != nil {
				t.Fatal(err)
			}
			read, err := Parse("part.onnx", again)
			if err != nil {
				t.Errorf("%s %s: %v", file, f.Text, err)
				continue
			}
			g, err := read.FindFeature(found.Text, nil)
			if err != nil || g.Text != found.Text || !reflect.DeepEqual(g.Blocks(), f.Blocks()) {
				t.Errorf("%s: %q became %q (%v)", file, f.Text, g.Text, err)
			}
			if len(again) > len(data)+200 || read.Metadata("key") != "value" {
				t.Errorf("%s: %d bytes became %d", file, len(data), len(again))
			}
			a, errA := m.InputOf(f)
			b, errB := read.InputOf(g)
			if errA != nil || errB != nil || !reflect.DeepEqual(a, b) {
				t.Errorf("%s: input %+v became %+v (%v, %v)", file, a, b, errA, errB)
			}
		}
	}
	if tried < 150 {
		t.Errorf("%d features tried", tried)
	}
}
