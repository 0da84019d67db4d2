package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/rogpeppe/go-internal/testscript"
)

// pack FILE FOLDER puts the files of a folder into a .tar, .zip or .parquet, in the order of their names. A file's label
// is what stands before the underscore of its name: a .cls member of a tar, a column of Parquet.
func pack(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: pack FILE FOLDER")
	}
	names, err := filepath.Glob(filepath.Join(ts.MkAbs(args[1]), "*"))
	ts.Check(err)
	var members []member
	for _, name := range names {
		data, err := os.ReadFile(name)
		ts.Check(err)
		members = append(members, member{filepath.Base(name), data})
	}
	var out bytes.Buffer
	write := map[string]func(*bytes.Buffer, []member) error{".tar": writeTar, ".zip": writeZip, ".parquet": writeParquet}
	ts.Check(write[filepath.Ext(args[0])](&out, members))
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), out.Bytes(), 0o666))
}

type member struct {
	name string
	data []byte
}

func (m member) label() string {
	label, _, _ := strings.Cut(m.name, "_")
	return label
}

func writeTar(out *bytes.Buffer, members []member) error {
	w := tar.NewWriter(out)
	for _, m := range members {
		key := strings.TrimSuffix(m.name, filepath.Ext(m.name))
		for _, part := range []member{m, {key + ".cls", []byte(m.label())}} {
			h := &tar.Header{Name: part.name, Mode: 0o666, Size: int64(len(part.data))}
			if err := w.WriteHeader(h); err != nil {
				return err
			}
			if _, err := w.Write(part.data); err != nil {
				return err
			}
		}
	}
	return w.Close()
}

func writeZip(out *bytes.Buffer, members []member) error {
	w := zip.NewWriter(out)
	for _, m := range members {
		f, err := w.Create(m.name)
		if err != nil {
			return err
		}
		if _, err := f.Write(m.data); err != nil {
			return err
		}
	}
	return w.Close()
}

// writeParquet stores images as Hugging Face datasets do: a struct of bytes and path.
func writeParquet(out *bytes.Buffer, members []member) error {
	type image struct {
		Bytes []byte `parquet:"bytes,optional"`
		Path  string `parquet:"path,optional"`
	}
	type row struct {
		Image image  `parquet:"image"`
		Label string `parquet:"label"`
	}
	w := parquet.NewGenericWriter[row](out)
	for _, m := range members {
		if _, err := w.Write([]row{{image{m.data, m.name}, m.label()}}); err != nil {
			return err
		}
	}
	return w.Close()
}

// waitgrep PATTERN FILE waits until a file matches a pattern.
func waitgrep(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: waitgrep PATTERN FILE")
	}
	pattern := regexp.MustCompile(args[0])
	for range 3000 {
		if text, err := os.ReadFile(ts.MkAbs(args[1])); err == nil && pattern.Match(text) {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	ts.Fatalf("%s doesn't match %s after 30 seconds", args[1], args[0])
}

// samerows A B checks that two tables have the same rows but for their first column.
func samerows(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: samerows A B")
	}
	var rows [2][]string
	for i, name := range args {
		for line := range strings.Lines(ts.ReadFile(name)) {
			_, rest, _ := strings.Cut(line, ",")
			rows[i] = append(rows[i], rest)
		}
	}
	if len(rows[0]) < 2 || !slices.Equal(rows[0], rows[1]) {
		ts.Fatalf("%s", fmt.Sprintf("%s and %s differ:\n%s\n%s", args[0], args[1], strings.Join(rows[0], ""), strings.Join(rows[1], "")))
	}
}
