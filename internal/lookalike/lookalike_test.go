package lookalike

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"finetune/internal/linalg/dense"
)

// pictures makes features that share a few themes, as those of real pictures do. Columns 2c and 2c+1 are the left and
// the right half of channel c.
func pictures(rows, cols int, r *rand.Rand) dense.Matrix {
	f := dense.Wrap(rows, cols, make([]float32, rows*cols))
	themes := make([]float32, 10*cols)
	for i := range themes {
		themes[i] = float32(r.NormFloat64())
	}
	for i := range rows {
		theme := themes[r.IntN(10)*cols:]
		for j, row := 0, f.Row(i); j < cols; j++ {
			row[j] = 5 + float32(j)*(theme[j]/2+float32(r.NormFloat64())) // columns of any size
		}
	}
	return f
}

func mirrorOf(cols int) []int {
	m := make([]int, cols)
	for j := range m {
		m[j] = j ^ 1
	}
	return m
}

// plant makes row b a copy of row a, changed by noise of the given share of each column's deviation.
func plant(f dense.Matrix, a, b int, noise float64, mirrored bool, r *rand.Rand) {
	for j := range f.Cols {
		from := j
		if mirrored {
			// The other half has another size in this matrix; a mirrored picture has the other half's value in its
			// own size.
			from = j ^ 1
			f.Row(b)[j] = 5 + float32(j)*((f.Row(a)[from]-5)/float32(max(from, 1))+float32(noise*r.NormFloat64()))
			continue
		}
		f.Row(b)[j] = f.Row(a)[from] + float32(j)*float32(noise*r.NormFloat64())
	}
}

func TestFindsPlantedCopiesAndNoOthers(t *testing.T) {
	const rows, cols = 700, 256 // more than two blocks of rows
	for name, test := range map[string]struct {
		noise    float64
		mirrored bool
	}{
		"the same":         {0, false},
		"a little changed": {0.2, false},
		"much changed":     {0.6, false},
		"mirrored":         {0.2, true},
	} {
		t.Run(name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 2))
			f := pictures(rows, cols, r)
			var want [][2]int
			for i := range 20 {
				a, b := i, rows-1-7*i
				plant(f, a, b, test.noise, test.mirrored, r)
				want = append(want, [2]int{a, b})
			}
			found, err := Find(context.Background(), f, mirrorOf(cols), 2)
			if err != nil {
				t.Fatal(err)
			}
			var got [][2]int
			for _, p := range found {
				got = append(got, [2]int{p.A, p.B})
				if p.Mirrored != test.mirrored {
					t.Errorf("pair %d, %d: mirrored %v", p.A, p.B, p.Mirrored)
				}
			}
			if !slices.Equal(got, want) {
				t.Errorf("found %v\nplanted %v", got, want)
			}
			again, err := Find(context.Background(), f, mirrorOf(cols), 1)
			if err != nil || !slices.Equal(found, again) {
				t.Errorf("one thread finds %v (%v), two find %v", again, err, found)
			}
		})
	}
}

// Of pictures that are all different, none is a pair, however many share a theme.
func TestFindsNothingInDifferentPictures(t *testing.T) {
	f := pictures(500, 200, rand.New(rand.NewPCG(3, 4)))
	if found, err := Find(context.Background(), f, nil, 2); err != nil || len(found) > 0 {
		t.Errorf("found %v, %v", found, err)
	}
}

// A film of one scene is many more copies than are remembered of each picture; they still hang together.
func TestManyCopiesHangTogether(t *testing.T) {
	const copies = 60
	r := rand.New(rand.NewPCG(5, 6))
	f := pictures(400, 200, r)
	for i := 1; i < copies; i++ {
		plant(f, 0, i*6, 0.1, false, r)
	}
	found, err := Find(context.Background(), f, nil, 2)
	if err != nil {
		t.Fatal(err)
	}
	clusters := Clusters(f.Rows, found)
	if len(clusters) != 1 || len(clusters[0]) != copies {
		t.Fatalf("clusters %v", clusters)
	}
	for i, row := range clusters[0] {
		if row != i*6 {
			t.Errorf("member %d is row %d", i, row)
		}
	}
}

func TestSimilarityIsTheCosine(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	f := pictures(300, 128, r)
	plant(f, 10, 290, 0.3, false, r)
	found, err := Find(context.Background(), f, nil, 1)
	if err != nil || len(found) != 1 {
		t.Fatalf("found %v, %v", found, err)
	}
	var ab, aa, bb float64
	for j := range f.Cols {
		var mean, square float64
		for i := range f.Rows {
			mean += float64(f.Row(i)[j]) / float64(f.Rows)
		}
		for i := range f.Rows {
			d := float64(f.Row(i)[j]) - mean
			square += d * d / float64(f.Rows)
		}
		if square < 1e-12 { // the first column is constant
			continue
		}
		a, b := (float64(f.Row(10)[j])-mean)/math.Sqrt(square), (float64(f.Row(290)[j])-mean)/math.Sqrt(square)
		ab, aa, bb = ab+a*b, aa+a*a, bb+b*b
	}
	if want := ab / math.Sqrt(aa*bb); math.Abs(found[0].Similarity-want) > 1e-4 {
		t.Errorf("similarity %v, want %v", found[0].Similarity, want)
	}
}

func TestDrawnColumnsComeWithTheirMirror(t *testing.T) {
	mirror := mirrorOf(1000)
	columns := draw(1000, 100, mirror)
	if len(columns) < 100 || len(columns) > 101 {
		t.Errorf("%d columns", len(columns))
	}
	for _, c := range columns {
		if _, in := slices.BinarySearch(columns, mirror[c]); !in {
			t.Errorf("column %d is there without %d", c, mirror[c])
		}
	}
}

func TestFewRowsAndCancelling(t *testing.T) {
	if found, err := Find(context.Background(), dense.Wrap(1, 3, make([]float32, 3)), nil, 1); err != nil || found != nil {
		t.Errorf("one row: %v, %v", found, err)
	}
	// Constant features say nothing.
	if found, err := Find(context.Background(), dense.Wrap(3, 3, make([]float32, 9)), nil, 1); err != nil || found != nil {
		t.Errorf("constant rows: %v, %v", found, err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Find(ctx, pictures(10, 10, rand.New(rand.NewPCG(1, 1))), nil, 1); err == nil {
		t.Error("a cancelled search ended well")
	}
}

func BenchmarkFind(b *testing.B) {
	f := pictures(3000, 1280, rand.New(rand.NewPCG(1, 1)))
	for b.Loop() {
		if _, err := Find(context.Background(), f, nil, 2); err != nil {
			b.Fatal(err)
		}
	}
}
