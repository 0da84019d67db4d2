// Package pipelinetest holds helpers for the tests of the packages below pipeline. Only tests may import it.
package pipelinetest

import (
	"encoding/csv"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"finetune/internal/ort/library"
	"finetune/internal/store/npy"
	"finetune/pipeline/progress"
)

// Files of the repository, relative to a package below pipeline.
const (
	Demo        = "../../testdata/demo/demo.csv"
	TinyNetwork = "../../backbone/testdata/squeezenet_size_9.onnx" // a tiny network that runs in microseconds
)

// Main runs the tests of a package with a temporary cache. It fails without ONNX Runtime, since skipped tests would hide
// that nothing was tested.
func Main(m *testing.M) int {
	lib, errLibrary := library.Find("", "")
	cache, err := os.MkdirTemp("", "finetune-test-cache-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(cache)
	if errLibrary == nil {
		os.Setenv(library.EnvVar, lib.Path)
	}
	os.Setenv("XDG_CACHE_HOME", cache)
	return m.Run()
}

// FeatureFolder creates a feature folder with n rows for each class. The features of a row are its class plus noise.
// Header and column add columns to index.csv after path and label; "" and nil add none.
func FeatureFolder(t testing.TB, classes, n int, header string, column func(i, class int) string) string {
	t.Helper()
	const width = 8
	dir := t.TempDir()
	rng := rand.New(rand.NewPCG(3, 5))
	matrix, err := npy.Create(filepath.Join(dir, "features.npy"), width)
	if err != nil {
		t.Fatal(err)
	}
	var index strings.Builder
	fmt.Fprintln(&index, "row,path,label"+header)
	for i := range classes * n {
		class, row := i%classes, make([]float32, width)
		for j := range row {
			row[j] = float32(float64(class)*float64(j+1)/3 + rng.NormFloat64())
		}
		if err := matrix.WriteRow(row); err != nil {
			t.Fatal(err)
		}
		extra := ""
		if header != "" {
			extra = "," + column(i, class)
		}
		fmt.Fprintf(&index, "%d,%03d.png,%d%s\n", i, i, class, extra)
	}
	if err := matrix.Commit(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "index.csv"), []byte(index.String()), 0o666); err != nil {
		t.Fatal(err)
	}
	return dir
}

// ReadCSV returns all rows of a table.
func ReadCSV(t testing.TB, path string) [][]string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// ColumnByPath returns the named column of a table by its column path.
func ColumnByPath(t testing.TB, file, name string) map[string]string {
	t.Helper()
	rows := ReadCSV(t, file)
	path, at := slices.Index(rows[0], "path"), slices.Index(rows[0], name)
	if at < 0 {
		t.Fatalf("%s has no column %s: %v", file, name, rows[0])
	}
	out := map[string]string{}
	for _, row := range rows[1:] {
		out[row[path]] = row[at]
	}
	return out
}

// A Recorder is a progress.Reporter that records notes. If OnAdd isn't nil, stages call it with their number of finished
// units.
type Recorder struct {
	OnAdd func(stage string, done int)

	mu    sync.Mutex
	notes []string
}

// Note records a line.
func (r *Recorder) Note(line string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.notes = append(r.notes, line)
}

// Start returns a stage that calls OnAdd.
func (r *Recorder) Start(stage string, _ int, _ string) progress.Stage {
	return &recordedStage{r: r, name: stage}
}

// Notes returns a copy of the recorded notes.
func (r *Recorder) Notes() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.notes)
}

// Noted reports whether a note contains part.
func (r *Recorder) Noted(part string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Contains(strings.Join(r.notes, "\n"), part)
}

// TempFolder creates a temporary folder for an Example, which has no testing.TB. It panics on failure.
func TempFolder() string {
	dir, err := os.MkdirTemp("", "finetune-example-")
	if err != nil {
		panic(err)
	}
	return dir
}

// Cosine returns the cosine similarity of two rows.
func Cosine(a, b []float32) float64 {
	var ab, aa, bb float64
	for i, v := range a {
		w := b[i]
		ab, aa, bb = ab+float64(v)*float64(w), aa+float64(v)*float64(v), bb+float64(w)*float64(w)
	}
	return ab / math.Sqrt(aa*bb)
}

type recordedStage struct {
	r    *Recorder
	name string
	done int
}

func (s *recordedStage) Add(n int) {
	s.done += n
	if s.r.OnAdd != nil {
		s.r.OnAdd(s.name, s.done)
	}
}

func (s *recordedStage) Show(string) {}
func (s *recordedStage) Complete()   {}
func (s *recordedStage) Done()       {}
