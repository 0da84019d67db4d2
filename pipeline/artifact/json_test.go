package artifact

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"finetune/invalid"
)

func TestEncodeJSON(t *testing.T) {
	for _, c := range []struct {
		value any
		want  string
	}{
		{struct {
			A string `json:"a"`
			B struct {
				C int `json:"c"`
			} `json:"b"`
		}{A: "<x>"}, "{\n  \"format\": 1,\n  \"a\": \"<x>\",\n  \"b\": {\n    \"c\": 0\n  }\n}\n"},
		{[]int{1}, "[\n  1\n]\n"},
	} {
		var b bytes.Buffer
		if err := EncodeJSON(&b, c.value); err != nil || b.String() != c.want {
			t.Errorf("got %q, %v, want %q", &b, err, c.want)
		}
	}
}

func TestReadJSON(t *testing.T) {
	type document struct {
		A int `json:"a"`
	}
	path := filepath.Join(t.TempDir(), "x.json")
	if err := WriteJSON(path, document{3}); err != nil {
		t.Fatal(err)
	}
	var d document
	if err := ReadJSON(path, &d); err != nil || d.A != 3 {
		t.Errorf("got %+v, %v", d, err)
	}
	for text, want := range map[string]string{
		`{"a": 5}`:                   "",
		`{"format": 2, "a": "five"}`: "newer version",
		`{"format": "x", "a": []}`:   "not the JSON",
		`{`:                          "not the JSON",
	} {
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		var wrong *invalid.Error
		switch err := ReadJSON(path, &d); {
		case want == "" && err != nil:
			t.Errorf("%s: %v", text, err)
		case want != "" && (!errors.As(err, &wrong) || !strings.Contains(err.Error(), want)):
			t.Errorf("%s: %v, want a *invalid.Error with %q", text, err, want)
		}
	}
}
