package dataset

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"unicode/utf16"
)

// A table gives the same items as a manifest and compressed, as package source reads it.
func TestOneReaderOfTables(t *testing.T) {
	wide := []byte("\xff\xfe")
	for _, c := range utf16.Encode([]rune("path\tlabel\r\na.png\t1\r\nb.png\t2\r\n")) {
		wide = append(wide, byte(c), byte(c>>8))
	}
	for _, c := range []struct {
		name, file, text string
		o                Options
		want             []string // labels
	}{
		{"commas", "m.csv", "path,label,split,fold,group,weight\na.png,1,train,0,x,2\nb.png,2,val,1,y,\n", Options{}, []string{"1", "2"}},
		{"semicolons and decimal commas", "m.csv", "path;label;weight\na.png;1,5;0,5\nb.png;2,5;1\n;;\n", Options{}, []string{"1.5", "2.5"}},
		{"a line with the separator", "m.csv", "sep=;\r\npath;label\r\na.png;1\r\nb.png;2\r\n", Options{}, []string{"1", "2"}},
		{"more tabs than commas", "m.tsv", "path\tlabel\tx,y\na.png\t1\t\nb.png\t2\t\n", Options{}, []string{"1", "2"}},
		{"UTF-16", "m.csv", string(wide), Options{}, []string{"1", "2"}},
		{"a byte order mark, names in other cases", "m.csv", "\ufeffPath,LABEL\na.png,1\nb.png,2\n", Options{}, []string{"1", "2"}},
		{"other columns", "m.csv", "file,Grade,label\na.png,1,x\nb.png,2,y\n", Options{ImageColumn: "FILE", LabelColumn: "grade"}, []string{"1", "2"}},
		{"a column of the same name in another case", "m.csv", "path,Grade,grade\na.png,x,1\nb.png,y,2\n", Options{LabelColumn: "grade"}, []string{"1", "2"}},
		{"votes", "m.csv", "path,votes_1,VOTES_2\na.png,3,1\nb.png,,2\n", Options{}, []string{"", ""}},
		{"JSON", "m.jsonl", `{"path": "a.png", "label": 1.10, "group": 7}` + "\n\n" + `{"path": "b.png", "label": "2"}`, Options{}, []string{"1.10", "2"}},
		{"JSON with truth values", "m.jsonl", `{"path": "a.png", "label": true}` + "\n" + `{"path": "b.png", "label": false}`, Options{Order: []string{"false", "true"}},
			[]string{"true", "false"}},
		{"JSON with votes", "m.jsonl", "\ufeff" + `{"path": "a.png", "Votes": {"1": 1, "2": 3}}` + "\n" + `{"path": "b.png", "votes": {"1": 2}}`, Options{}, []string{"", ""}},
		{"JSON with other columns", "m.jsonl", `{"path": "a.png", "Grade": 1, "label": 5}` + "\n" + `{"path": "b.png", "Grade": 2}`, Options{LabelColumn: "grade"}, []string{"1", "2"}},
	} {
		dir := t.TempDir()
		var packed bytes.Buffer
		w := gzip.NewWriter(&packed)
		w.Write([]byte(c.text))
		w.Close()
		for name, text := range map[string][]byte{c.file: []byte(c.text), c.file + ".gz": packed.Bytes(), "a.png": nil, "b.png": nil} {
			if err := os.WriteFile(filepath.Join(dir, name), text, 0o666); err != nil {
				t.Fatal(err)
			}
		}
		var before []Item
		for _, file := range []string{c.file, c.file + ".gz"} {
			c.o.Path = filepath.Join(dir, file)
			s, err := Load(t.Context(), c.o)
			if err != nil {
				t.Errorf("%s: %s: %v", c.name, file, err)
				continue
			}
			var labels []string
			for i := range s.Items {
				it := &s.Items[i]
				labels = append(labels, it.Text)
				it.Open, it.File, it.Value = nil, "", 0
			}
			if !reflect.DeepEqual(labels, c.want) {
				t.Errorf("%s: %s: labels %q, want %q", c.name, file, labels, c.want)
			}
			if before != nil && !reflect.DeepEqual(before, s.Items) {
				t.Errorf("%s: %s\ngot  %+v\nwant %+v", c.name, file, s.Items, before)
			}
			before = s.Items
		}
	}
}
