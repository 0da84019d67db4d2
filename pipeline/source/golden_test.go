package source

import (
	"bytes"
	"context"
	"fmt"
	"image/png"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/parquet-go/parquet-go"

	"finetune/invalid"
)

// describe writes an item as its name, the grey of its pixel and its labels, or its error.
func describe(t *testing.T, it Item) string {
	t.Helper()
	data, err := it.Bytes(t.Context())
	if err != nil {
		if !invalid.Is(err) {
			t.Fatal(err)
		}
		return it.Name + ": " + Reason(err)
	}
	img, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatalf("%s: %v", it.Name, err)
	}
	grey, _, _, _ := img.At(0, 0).RGBA()
	l := it.Labels
	return strings.TrimRight(fmt.Sprintf("%s: %d %s %s %s %v", it.Name, grey>>8, l.Label, l.Split, l.Group, l.Votes),
		" []")
}

// The files of testdata are written by webdataset and pyarrow.
func TestGoldenShards(t *testing.T) {
	webdataset := func(name string) []string {
		return []string{name + "/people/000000.png: 0 0  p0 [{0 1} {1 0}",
			name + "/people/000001.png: 1 1  p1 [{0 1} {1 1}",
			name + "/people/000002.png: 2 0  p2 [{0 1} {1 2}"}
	}
	for _, c := range []struct {
		name string
		o    Options
		want []string
	}{
		{"webdataset.tar", Options{}, webdataset("testdata/webdataset.tar")},
		{"webdataset.tar.gz", Options{}, webdataset("testdata/webdataset.tar.gz")},
		{"huggingface.parquet", Options{}, []string{"0.png: 0 young", "1.png: 1 middle", "2.png: 2 old",
			"testdata/huggingface.parquet/3: 3 young", "4.png: 4 middle",
			"testdata/huggingface.parquet/5: a row without an image; expected a path or bytes", "missing.png: no such file or folder (open testdata/missing.png: no such file or directory)"}},
		{"spark.parquet", Options{}, []string{"file:///data/0.png: 0  train", "file:///data/1.png: 1  val",
			"file:///data/2.png: 2"}},
		{"spark.parquet", Options{ImageColumn: "content", LabelColumn: "length"},
			[]string{"file:///data/0.png: 0 67 train", "file:///data/1.png: 1 67 val", "file:///data/2.png: 2 67"}},
	} {
		c.o.Path = "testdata/" + c.name
		s, err := Open(t.Context(), c.o)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for it, err := range s.All(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, describe(t, it))
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: got\n%q\nwant\n%q", c.name, got, c.want)
		}
		if n, ok, err := s.Count(t.Context()); err != nil || ok && n != int64(len(got)) ||
			ok != strings.HasSuffix(c.name, ".parquet") {
			t.Errorf("%s: count %d, %v, %v", c.name, n, ok, err)
		}
		checkItems(t, s, c.want)
	}
}

// checkItems reads the items of a source from several goroutines, in other orders and twice.
func checkItems(t *testing.T, s *Source, want []string) {
	items, err := s.Items(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for start := range len(items) {
		wg.Go(func() {
			for n := range 2 * len(items) {
				i := (start + 3*n) % len(items)
				if got := describe(t, items[i]); got != want[i] {
					t.Errorf("item %d: got %q, want %q", i, got, want[i])
				}
			}
		})
	}
	wg.Wait()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func TestParquetOfPaths(t *testing.T) {
	s, err := Open(t.Context(), Options{Path: "testdata/paths.parquet", LabelColumn: "age"})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for it, err := range s.All(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		want := Labels{Label: strings.TrimSuffix(fmt.Sprintf("%.1f", float64(n)/2), ".0"), Weight: "1.5",
			Votes: []Vote{{"a", fmt.Sprint(n)}}}
		if name := fmt.Sprintf("%d.png", n%7); it.Name != name || it.File() != filepath.Join("testdata", name) ||
			fmt.Sprint(it.Labels) != fmt.Sprint(want) {
			t.Errorf("row %d: %+v, want %+v", n, it, want)
		}
		n++
	}
	if n != 300 {
		t.Errorf("%d rows", n)
	}
	_, err = listed(t, "", Options{Path: "testdata/paths.parquet", ImageColumn: "nope", LabelColumn: "x"})
	if err != nil {
		t.Errorf("the column path must do where there is no column of images: %v", err)
	}
	if _, err = listed(t, "", Options{Path: "testdata/huggingface.parquet",
		ImageColumn: "label"}); !invalid.Is(err) || !strings.Contains(err.Error(), "image.bytes") {
		t.Errorf("got %v", err)
	}
}

// Bytes that were changed at random must give errors of items or of the table, never a panic.
func FuzzParquet(f *testing.F) {
	for _, name := range []string{"huggingface", "spark", "paths"} {
		data, err := os.ReadFile("testdata/" + name + ".parquet")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		p := filepath.Join(t.TempDir(), "x.parquet")
		if err := os.WriteFile(p, data, 0o666); err != nil {
			t.Fatal(err)
		}
		s, err := Open(t.Context(), Options{Path: p})
		if err != nil {
			t.Fatal(err)
		}
		for it, err := range s.All(t.Context()) {
			if err != nil {
				if !invalid.Is(err) {
					t.Fatal(err)
				}
				break
			}
			if _, err := it.Bytes(t.Context()); err != nil && !invalid.Is(err) {
				t.Fatal(err)
			}
		}
	})
}

// Memory must not grow with the rows: a table far larger than its row groups is read within a few of them.
func TestMemoryIsConstant(t *testing.T) {
	type row struct {
		Image struct {
			Bytes []byte `parquet:"bytes"`
			Path  string `parquet:"path"`
		} `parquet:"image"`
	}
	p := filepath.Join(t.TempDir(), "big.parquet")
	f, err := os.Create(p)
	if err != nil {
		t.Fatal(err)
	}
	w := parquet.NewGenericWriter[row](f, parquet.MaxRowsPerRowGroup(100), parquet.PageBufferSize(1<<18))
	rows, picture := make([]row, 100), bytes.Repeat([]byte("0123456789abcdef"), 1<<10)
	for i := range 50 {
		for j := range rows {
			rows[j].Image.Bytes, rows[j].Image.Path = picture, fmt.Sprintf("%d-%d.jpg", i, j)
		}
		if _, err := w.Write(rows); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	f.Close()
	s, err := Open(context.Background(), Options{Path: p})
	if err != nil {
		t.Fatal(err)
	}
	var m runtime.MemStats
	n, most := 0, uint64(0)
	for it, err := range s.All(context.Background()) {
		if err != nil {
			t.Fatal(err)
		}
		if data, err := it.Bytes(context.Background()); err != nil || len(data) != len(picture) {
			t.Fatalf("%d bytes, %v", len(data), err)
		}
		if n++; n%500 == 0 {
			runtime.GC()
			runtime.ReadMemStats(&m)
			most = max(most, m.HeapAlloc)
		}
	}
	if size := uint64(5000 * len(picture)); n != 5000 || most > size/4 {
		t.Errorf("%d rows of %d bytes in %d", n, size, most)
	}
}
