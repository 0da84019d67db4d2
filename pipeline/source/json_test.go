package source

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"maps"
	"reflect"
	"testing"
)

// FuzzParseCut compares the fast reader of lines with the plain one.
func FuzzParseCut(f *testing.F) {
	for _, line := range []string{
		`{"id":"1","bytes":"cGl4"}`, `{"bytes": "cGl4", "path":"a"}`, `{"path":"\"bytes\":\"cGl4\"","bytes":"cGl4"}`,
		`{"x":{"bytes":"cGl4"},"path":"a"}`, `{"bytes":"cGl4","bytes":"YQ=="}`, `{"bytes":"YQ==","bytes":""}`, `{"bytes":"cGl4","Bytes":"YQ=="}`,
		`{"bytes":"cG\/4"}`, `{"bytes":"c\u0047l4"}`, "{\"bytes\":\"cG\rl4\"}", `{"bytes":"%"}`, `{"bytes":""}`, `{"bytes":null}`, `{"bytes":1}`,
		`{"bytes":"cGl4"`, `{"bytes":`, `"bytes":"cGl4"`, `["bytes":"cGl4"]`, `{"bytes":"cGl4","x":{"bytes":"YQ=="}}`, `{"votes":{"a":1},"bytes":"cGl4"}`,
	} {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		want, wantErr := parseObject(line)
		got, err := parseCut(line)
		if (err == nil) != (wantErr == nil) {
			t.Fatalf("%q: %v, plainly %v", line, err, wantErr)
		}
		if err != nil {
			return
		}
		for _, o := range []*object{&want, &got} {
			delete(o.fields, "bytes")
		}
		same := maps.EqualFunc(got.fields, want.fields, func(a, b json.RawMessage) bool { return bytes.Equal(a, b) })
		if !same || !reflect.DeepEqual(got.Path, want.Path) || !bytes.Equal(got.ID, want.ID) || (got.Bytes == nil) != (want.Bytes == nil) ||
			!bytes.Equal(got.data, want.data) || (got.err == nil) != (want.err == nil) {
			t.Fatalf("%q: %+v, plainly %+v", line, got, want)
		}
	})
}

// Lines with images in base64 are what an engine sends, so they must cost little beside the network.
func BenchmarkObject(b *testing.B) {
	line := []byte(`{"id":"17","bytes":"` + base64.StdEncoding.EncodeToString(make([]byte, 100_000)) + `"}`)
	l := lineReader{name: "stdin", json: true, paths: true}
	b.SetBytes(int64(len(line)))
	for b.Loop() {
		if it := l.item(1, line); it.Err() != nil || it.Held() != 100_000 {
			b.Fatal(it.Err())
		}
	}
}
