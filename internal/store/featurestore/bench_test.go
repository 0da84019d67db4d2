package featurestore

import "testing"

// benchCols is the width of the default features of the embedded network.
const benchCols = 11520

func benchFill(b *testing.B, root string, rows int) {
	b.Helper()
	s, err := Open(root, recipe)
	if err != nil {
		b.Fatal(err)
	}
	row := make([]float32, benchCols)
	for i := range rows {
		row[0] = float32(i)
		if err := s.Put(keyFor(i), row); err != nil {
			b.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkPut stores 1,000 rows and closes the store.
func BenchmarkPut(b *testing.B) {
	for b.Loop() {
		benchFill(b, b.TempDir(), 1000)
	}
}

// BenchmarkGet opens a store of 1,000 rows and reads each once.
func BenchmarkGet(b *testing.B) {
	root := b.TempDir()
	benchFill(b, root, 1000)
	row := make([]float32, benchCols)
	for b.Loop() {
		s, err := Open(root, recipe)
		if err != nil {
			b.Fatal(err)
		}
		for i := range 1000 {
			if !s.Get(keyFor(i), row) {
				b.Fatal("missing")
			}
		}
		s.Close()
	}
}
