package familiarity

import (
	"bytes"
	"math"
	"path/filepath"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mat"

	"finetune/head"
	"finetune/internal/randstream"
	"finetune/internal/store/safetensors"
	"finetune/invalid"
	"finetune/pipeline/dataset"
)

// cloud draws rows around a common direction; shift moves every column.
func cloud(seed uint64, rows, cols int, shift float64) head.Features {
	rng := randstream.New(seed, "cloud")
	f := head.Features{Rows: rows, Cols: cols, Data: make([]float32, rows*cols)}
	for i := range rows {
		common := rng.NormFloat64()
		for j := range cols {
			f.Row(i)[j] = float32(float64(j%7) + (1+float64(j%3))*(common+rng.NormFloat64()+shift))
		}
	}
	return f
}

func fitted(t *testing.T, f head.Features) *Model {
	t.Helper()
	all := f.All()
	m, err := Fit(t.Context(), f, all[:f.Rows/2], all[f.Rows/2:])
	if err != nil || m == nil {
		t.Fatalf("%v, %v", m, err)
	}
	return m
}

// Without a sketch the distance must be what its definition says: (z−c)ᵀ Σ⁻¹ (z−c), with the shrunk covariance
// written out plainly.
func TestDistanceFollowsItsDefinition(t *testing.T) {
	const n, k = 40, 6
	f := cloud(1, 2*n, k, 0)
	m := fitted(t, f)
	z := make([][]float64, n)
	for i := range z {
		z[i] = m.Project(f.Row(i)) // standardised with the moments of these very rows, so the centre is 0
	}
	s, mean := mat.NewSymDense(k, nil), 0.0
	for a := range k {
		for b := a; b < k; b++ {
			var sum float64
			for _, x := range z {
				sum += x[a] * x[b]
			}
			s.SetSym(a, b, sum/n)
		}
		mean += s.At(a, a) / k
	}
	var apart, scatter float64
	for a := range k {
		for b := range k {
			d := s.At(a, b)
			if a == b {
				d -= mean
			}
			apart += d * d
			for _, x := range z {
				e := x[a]*x[b] - s.At(a, b)
				scatter += e * e / n / n
			}
		}
	}
	weight := min(scatter, apart) / apart
	if !(weight > 0.001 && weight < 0.9) {
		t.Fatalf("the weight of the identity is %v; this test needs one in between", weight)
	}
	var inverse mat.Dense
	shrunk := mat.NewDense(k, k, nil)
	for a := range k {
		for b := range k {
			shrunk.Set(a, b, (1-weight)*s.At(a, b))
		}
		shrunk.Set(a, a, shrunk.At(a, a)+weight*mean)
	}
	if err := inverse.Inverse(shrunk); err != nil {
		t.Fatal(err)
	}
	for i := n; i < 2*n; i++ {
		v := mat.NewVecDense(k, m.Project(f.Row(i)))
		want := mat.Inner(v, &inverse, v)
		if got := m.Distance(f.Row(i)); math.Abs(got-want) > 1e-4*want {
			t.Errorf("row %d: distance %v, not %v", i, got, want)
		}
	}
}

func TestSketchKeepsDistances(t *testing.T) {
	f := cloud(2, 60, 5000, 0)
	m := fitted(t, f)
	if n := len(m.Project(f.Row(0))); n != sketchWidth {
		t.Fatalf("%d numbers", n)
	}
	var ratio float64
	for i := range 59 {
		a, b := m.Project(f.Row(i)), m.Project(f.Row(i+1))
		var sketched, whole float64
		for j := range a {
			sketched += (a[j] - b[j]) * (a[j] - b[j])
		}
		for j := range f.Cols {
			d := float64(f.Row(i)[j]-f.Row(i + 1)[j]) * float64(m.inverse[j])
			whole += d * d
		}
		ratio += sketched / whole / 59
	}
	if !(math.Abs(ratio-1) < 0.1) {
		t.Errorf("sketched distances are %v of the whole ones", ratio)
	}
}

// Over many runs one in a hundred ordinary images is flagged, and images from elsewhere nearly always are.
func TestUnfamiliarAtItsLevel(t *testing.T) {
	flagged, all := 0, 0
	for seed := range uint64(12) {
		f := cloud(seed, 1400, 24, 0)
		index := f.All()
		m, err := Fit(t.Context(), f, index[:200], index[200:600])
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range index[600:] {
			all++
			if m.Unfamiliar(m.PValue(m.Distance(f.Row(i)))) {
				flagged++
			}
		}
		far := cloud(100+seed, 50, 24, 12)
		for i := range far.Rows {
			if p := m.PValue(m.Distance(far.Row(i))); !m.Unfamiliar(p) {
				t.Errorf("seed %d: an image from elsewhere has the p-value %v", seed, p)
			}
		}
	}
	if share := float64(flagged) / float64(all); !(share > 0.006 && share < 0.014) {
		t.Errorf("%.4f of ordinary images are flagged, not about 0.01", share)
	}
}

func TestFewImages(t *testing.T) {
	f := cloud(3, 2*MinRows-1, 4, 0)
	if m, err := Fit(t.Context(), f, f.All()[:MinRows], f.All()[MinRows:]); m != nil || err != nil {
		t.Errorf("%v, %v for %d images", m, err, f.Rows)
	}
	m := fitted(t, cloud(3, 2*MinRows, 4, 0))
	if p := m.PValue(math.Inf(1)); p != 1.0/(MinRows+1) || !m.Unfamiliar(p) || m.Unfamiliar(2*p) {
		t.Errorf("the farthest image of %d has p %v", MinRows, p)
	}
	same := head.Features{Rows: 40, Cols: 3, Data: make([]float32, 120)}
	if d := fitted(t, same).Distance([]float32{0, 0, 0}); d != 0 {
		t.Errorf("of images that are all alike one has the distance %v", d)
	}
}

func TestSplitKeepsGroupsWhole(t *testing.T) {
	items := make([]dataset.Item, 100)
	var train, val []int
	for i := range items {
		items[i] = dataset.Item{Path: string(rune('a' + i)), Group: string(rune('A' + i/5))}
		if i < 80 {
			train = append(train, i)
		} else {
			val = append(val, i)
		}
	}
	fit, reference := Split(items, train, val, 1)
	if len(fit) != 50 || len(reference) != 50 {
		t.Errorf("%d and %d images", len(fit), len(reference))
	}
	for _, i := range val {
		if !slices.Contains(reference, i) {
			t.Errorf("validation image %d isn't in the reference", i)
		}
	}
	groups := map[string]bool{}
	for _, i := range fit {
		groups[items[i].Group] = true
	}
	for _, i := range reference {
		if groups[items[i].Group] {
			t.Errorf("the group %s is in both parts", items[i].Group)
		}
	}
}

// judged is a model with predictions: image i of the reference has doubt that grows with i.
func judged(t *testing.T) (*Model, head.Features, []float32) {
	t.Helper()
	f := cloud(4, 2000, 8, 0)
	m := fitted(t, f)
	rows := f.All()[1000:]
	probs, classes := make([]float32, 3*len(rows)), make([]int, len(rows))
	for i := range rows {
		p := float32(i) / float32(2*len(rows)) // the widest has half at either end
		copy(probs[3*i:], []float32{1 - p, 0, p})
	}
	m.AddPredictions(f, rows, probs, classes)
	return m, f, probs
}

func TestReviewMarksItsShare(t *testing.T) {
	m, f, probs := judged(t)
	for _, share := range []float64{0, 0.05, 0.2, 1} {
		j, err := m.Judge(share)
		if err != nil || !j.Reviews() {
			t.Fatal(j, err)
		}
		marked, kept, least := 0, 0.0, math.Inf(1)
		for i := range 1000 {
			v := j.Of(f.Row(1000+i), probs[3*i:3*i+3], 0)
			if v.Review {
				marked++
				least = min(least, v.Score)
			} else {
				kept = max(kept, v.Score)
			}
			if v.Confidence != float64(probs[3*i]) {
				t.Fatalf("the confidence is %v, not %v", v.Confidence, probs[3*i])
			}
			if v.Unfamiliar && share >= 0.05 && !v.Review {
				t.Errorf("share %v: an unfamiliar image isn't marked", share)
			}
		}
		if math.Abs(float64(marked)-1000*share) > 2 || least < kept {
			t.Errorf(
				"share %v: %d of 1000 marked; the least score of these is %v, the most of the others %v",
				share,
				marked,
				least,
				kept,
			)
		}
	}
	for _, share := range []float64{-0.1, 1.1, math.NaN()} {
		if _, err := m.Judge(share); !invalid.Is(err) {
			t.Errorf("share %v: %v", share, err)
		}
	}
	plain := fitted(t, f)
	j, err := plain.Judge(0.2)
	if err != nil || j.Reviews() || j.Of(f.Row(0), []float32{0.5, 0, 0.5}, 0).Review {
		t.Errorf("without predictions a familiar image is marked (%v)", err)
	}
}

func TestFile(t *testing.T) {
	m, f, _ := judged(t)
	path := filepath.Join(t.TempDir(), "familiarity.safetensors")
	if err := m.Save(path); err != nil {
		t.Fatal(err)
	}
	back, err := Load(t.Context(), path, f.Cols)
	if err != nil {
		t.Fatal(err)
	}
	for i := range f.Rows {
		if a, b := m.Distance(f.Row(i)), back.Distance(f.Row(i)); a != b {
			t.Fatalf("row %d: the distance is %v, and %v once read back", i, a, b)
		}
	}
	if !slices.Equal(m.scores, back.scores) || !slices.Equal(m.Predicted(), back.Predicted()) ||
		!slices.Equal(m.distances, back.distances) {
		t.Error("the reference came back otherwise")
	}
	if _, err := Load(t.Context(), path, f.Cols+1); !invalid.Is(err) {
		t.Errorf("for another width: %v", err)
	}
}

func FuzzRead(f *testing.F) {
	m := &Model{
		mean:      []float32{0, 0},
		inverse:   []float32{1, 1},
		centre:    []float64{0, 0},
		factor:    []float64{1, 0, 1},
		distances: []float64{1, 2},
	}
	for _, scores := range [][]float64{nil, {0.5}} {
		var b bytes.Buffer
		if m.scores = scores; scores != nil {
			m.predicted = []float64{1, 0}
		}
		if err := m.write(&b); err != nil {
			f.Fatal(err)
		}
		f.Add(b.Bytes())
	}
	var b bytes.Buffer
	if err := safetensors.Write(&b, &safetensors.File{Metadata: map[string]string{keyFormat: fileFormat, keyVersion: fileVersion}}); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := read(bytes.NewReader(data), 2)
		if err != nil {
			return
		}
		p := m.PValue(m.Distance([]float32{1, 2}))
		if !(p > 0 && p <= 1) {
			t.Errorf("a p-value of %v", p)
		}
		if j, err := m.Judge(0.2); err == nil {
			j.Of([]float32{3, 4}, []float32{0.5, 0.5}, 0)
		}
	})
}
