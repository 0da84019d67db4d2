package dataset

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"finetune/invalid"
	"finetune/label"
)

// items makes a set with the given labels and, where there are as many, groups and parts.
func items(t testing.TB, k int, labels []int, groups []string, parts []Part) *Set {
	t.Helper()
	names := make([]string, k)
	for i := range names {
		names[i] = strconv.Itoa(i)
	}
	space, err := label.Infer(names)
	if err != nil {
		t.Fatal(err)
	}
	s := &Set{Space: space, Source: "data"}
	for i, y := range labels {
		it := Item{Path: fmt.Sprintf("%d.jpg", i), Label: y, Weight: 1, Fold: -1}
		if groups != nil {
			it.Group = groups[i]
		}
		if parts != nil {
			it.Part = parts[i]
		}
		s.Items = append(s.Items, it)
	}
	return s
}

// shares draws n labels with the given odds.
func shares(rng *rand.Rand, n int, odds ...float64) []int {
	var total float64
	for _, o := range odds {
		total += o
	}
	labels := make([]int, n)
	for i := range labels {
		x := rng.Float64() * total
		for c, o := range odds {
			if labels[i] = c; x < o {
				break
			}
			x -= o
		}
	}
	return labels
}

// checkPartition reports items that are lost or doubled, and groups that are cut.
func checkPartition(t testing.TB, s *Set, parts ...[]int) {
	t.Helper()
	seen := make([]int, len(s.Items))
	place := make(map[string]int)
	for p, part := range parts {
		if !slices.IsSorted(part) {
			t.Errorf("part %d isn't in order", p)
		}
		for _, i := range part {
			seen[i]++
			g := s.Items[i].Group
			if before, ok := place[g]; ok && g != "" && before != p {
				t.Errorf("group %q in parts %d and %d", g, before, p)
			}
			place[g] = p
		}
	}
	for i, n := range seen {
		if n != 1 {
			t.Errorf("item %d comes %d times", i, n)
		}
	}
}

func classCounts(s *Set, part []int) []float64 {
	counts := make([]float64, s.Space.Len())
	for _, i := range part {
		counts[s.Items[i].Label]++
	}
	return counts
}

// checkShares compares the counts of each class with the share they should have, within slack items.
func checkShares(t testing.TB, s *Set, part []int, share, slack float64) {
	t.Helper()
	for c, n := range classCounts(s, part) {
		if want := share * float64(s.Counts()[c]); n < want-slack || n > want+slack {
			t.Errorf("%v of class %d, want %.1f ± %v", n, c, want, slack)
		}
	}
	if want := share * float64(len(s.Items)); float64(len(part)) < want-slack || float64(len(part)) > want+slack {
		t.Errorf("%d items, want %.1f ± %v", len(part), want, slack)
	}
}

func TestSplitStratifies(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	labels := shares(rng, 1000, 1, 5, 20, 70, 4)
	single := items(t, 5, labels, nil, nil)
	groups := make([]string, len(labels))
	for i := range groups {
		groups[i] = "p" + strconv.Itoa(rng.IntN(200)) // of about 5
	}
	for _, c := range []struct {
		name  string
		set   *Set
		slack float64
	}{{"items", single, 2}, {"groups", items(t, 5, labels, groups, nil), 6}} {
		t.Run(c.name, func(t *testing.T) {
			p, err := Split(c.set, SplitOptions{Val: 0.15, Test: 0.2, Seed: 3})
			if err != nil {
				t.Fatal(err)
			}
			checkPartition(t, c.set, p.Train, p.Val, p.Test)
			checkShares(t, c.set, p.Train, 0.65, c.slack)
			checkShares(t, c.set, p.Val, 0.15, c.slack)
			checkShares(t, c.set, p.Test, 0.2, c.slack)
			if len(p.Notes) != 0 {
				t.Errorf("notes %q", p.Notes)
			}
			again, _ := Split(c.set, SplitOptions{Val: 0.15, Test: 0.2, Seed: 3})
			if !slices.Equal(again.Test, p.Test) || !slices.Equal(again.Val, p.Val) {
				t.Error("the same seed gave another split")
			}
			other, _ := Split(c.set, SplitOptions{Val: 0.15, Test: 0.2, Seed: 4})
			if slices.Equal(other.Test, p.Test) {
				t.Error("another seed gave the same split")
			}
			folds, err := Folds(c.set, 5, 3)
			if err != nil {
				t.Fatal(err)
			}
			parts := make([][]int, 5)
			for i, f := range folds {
				parts[f] = append(parts[f], i)
			}
			checkPartition(t, c.set, parts...)
			for _, part := range parts {
				checkShares(t, c.set, part, 0.2, c.slack)
			}
		})
	}
}

// TestSplitManySmallClasses: where no class is large enough to be spread by itself, the parts must still have
// their sizes.
func TestSplitManySmallClasses(t *testing.T) {
	for _, size := range []int{2, 3, 4} {
		var labels []int
		for c := range 100 {
			labels = append(labels, slices.Repeat([]int{c}, size)...)
		}
		s := items(t, 100, labels, nil, nil)
		p, err := Split(s, SplitOptions{Val: 0.2, Test: 0.2, Seed: 1})
		if err != nil {
			t.Fatal(err)
		}
		checkPartition(t, s, p.Train, p.Val, p.Test)
		n := float64(len(labels))
		for _, part := range []struct {
			items []int
			share float64
		}{{p.Train, 0.6}, {p.Val, 0.2}, {p.Test, 0.2}} {
			if got := float64(len(part.items)) / n; got < part.share-0.06 || got > part.share+0.06 {
				t.Errorf("classes of %d: a share of %v, want %v", size, got, part.share)
			}
		}
		if slices.Contains(classCounts(s, p.Train), 0) {
			t.Errorf("classes of %d: one isn't in training", size)
		}
	}
}

func TestSplitGiven(t *testing.T) {
	labels := slices.Repeat([]int{0, 1}, 50)
	parts := func(train, val, test int) []Part {
		return slices.Concat(
			slices.Repeat([]Part{Train}, train),
			slices.Repeat([]Part{Val}, val),
			slices.Repeat([]Part{Test}, test),
			make([]Part, 100-train-val-test),
		)
	}
	for _, c := range []struct {
		name             string
		given            []Part
		train, val, test int
		from             int // where the held-out part begins
		notes            int
	}{
		{"all three", parts(60, 20, 20), 60, 20, 20, 80, 0},
		{"train and test", parts(70, 0, 30), 56, 14, 30, 70, 0},
		{"train and val", parts(70, 30, 0), 56, 14, 30, 70, 1},
		{"test and the rest", append(parts(0, 0, 0)[:70], slices.Repeat([]Part{Test}, 30)...), 56, 14, 30, 70, 1},
		{"train alone", parts(100, 0, 0), 70, 20, 10, -1, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := items(t, 2, labels, nil, c.given)
			p, err := Split(s, SplitOptions{Val: 0.2, Test: 0.1, Seed: 1})
			if err != nil {
				t.Fatal(err)
			}
			checkPartition(t, s, p.Train, p.Val, p.Test)
			if len(p.Train) != c.train || len(p.Val) != c.val || len(p.Test) != c.test || len(p.Notes) != c.notes {
				t.Errorf("%d, %d, %d items and notes %q", len(p.Train), len(p.Val), len(p.Test), p.Notes)
			}
			if c.from >= 0 && (p.Test[0] != c.from || p.Test[len(p.Test)-1] != c.from+c.test-1) {
				t.Errorf("the held-out part isn't the given one: %v", p.Test)
			}
		})
	}
}

func TestSplitTinyClasses(t *testing.T) {
	// Class 2 has one image, class 3 one group of three: both can only be trained on.
	s := items(t, 4, []int{0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 2, 3, 3, 3},
		[]string{12: "", 13: "g", 14: "g", 15: "g"}, nil)
	for seed := range uint64(50) {
		p, err := Split(s, SplitOptions{Test: 0.4, Seed: seed})
		if err != nil {
			t.Fatal(err)
		}
		checkPartition(t, s, p.Train, p.Val, p.Test)
		if slices.Contains(classCounts(s, p.Train), 0) {
			t.Fatalf("seed %d: training has %v", seed, classCounts(s, p.Train))
		}
		if !slices.ContainsFunc(
			p.Notes,
			func(n string) bool { return strings.Contains(n, "the held-out part has no image of 2 classes: 2, 3") },
		) {
			t.Errorf("seed %d: notes %q", seed, p.Notes)
		}
	}
}

func TestSplitFewLargeGroups(t *testing.T) {
	// Half of a group is more than the share asked for, and nearer to none; early stopping needs one all the same.
	taken := map[string]bool{}
	for seed := range uint64(20) {
		s := items(t, 2, []int{0, 1, 0, 1, 0, 1}, []string{"a", "a", "b", "b", "c", "c"}, nil)
		p, err := Split(s, SplitOptions{Val: 0.15, Seed: seed})
		if err != nil {
			t.Fatal(err)
		}
		checkPartition(t, s, p.Train, p.Val, p.Test)
		if len(p.Val) != 2 {
			t.Fatalf("seed %d: %d images for early stopping; want a group of 2", seed, len(p.Val))
		}
		taken[s.Items[p.Val[0]].Group] = true
	}
	if len(taken) < 2 {
		t.Errorf("always the group %v; want any", taken)
	}
	// A class that only one group has stays in training.
	s := items(t, 3, []int{0, 1, 0, 1, 2, 2, 2}, []string{"a", "a", "b", "b", "b", "b", "b"}, nil)
	p, err := Split(s, SplitOptions{Val: 0.1})
	if err != nil || len(p.Val) != 2 {
		t.Errorf("%d images for early stopping, %v; want the 2 of a", len(p.Val), err)
	}
}

func TestSplitMistakes(t *testing.T) {
	two := items(t, 2, []int{0, 1}, nil, nil)
	cut := items(t, 2, []int{0, 1, 0}, []string{"p", "q", "p"}, []Part{Train, Train, Test})
	half := items(t, 2, []int{0, 1, 0}, []string{"p", "q", "p"}, []Part{Unassigned, Train, Test})
	noTrain := items(t, 2, []int{0, 1}, nil, []Part{Val, Test})
	unlabelled := items(t, 2, []int{0, -1}, nil, nil)
	for _, c := range []struct {
		name string
		set  *Set
		o    SplitOptions
		want string
	}{
		{"shares of all", two, SplitOptions{Val: 0.5, Test: 0.5}, "Split.Val"},
		{"a negative share", two, SplitOptions{Val: -0.1}, "Split.Val: -0.1"},
		{"a share of 1", two, SplitOptions{Test: 1}, "Split.Test: 1"},
		{"no number", two, SplitOptions{Test: math.NaN()}, "Split.Test: NaN"},
		{"infinite", two, SplitOptions{Val: math.Inf(1)}, "Split.Val: +Inf"},
		{"too few", two, SplitOptions{Test: 0.3}, "2 images"},
		{"a group on both sides", cut, SplitOptions{}, `the group "p" in train (0.jpg) and in test (2.jpg)`},
		{"a group half assigned", half, SplitOptions{}, `the group "p"`},
		{"nothing to train on", noTrain, SplitOptions{}, "a train part"},
	} {
		if _, err := Split(c.set, c.o); !invalid.Is(err) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v; want a mistake with %q", c.name, err, c.want)
		}
	}
	if _, err := Split(unlabelled, SplitOptions{}); err == nil {
		t.Error("items without labels were split")
	}
	for _, k := range []int{-1, 0, 1, 3} {
		if _, err := Folds(two, k, 0); !invalid.Is(err) {
			t.Errorf("%d folds of 2 images: %v", k, err)
		}
	}
}

func TestSplitNothingHeldOut(t *testing.T) {
	for _, groups := range [][]string{nil, {"p", "p", "q", "q"}} {
		p, err := Split(items(t, 2, []int{0, 1, 0, 1}, groups, nil), SplitOptions{})
		if err != nil || !slices.Equal(p.Train, []int{0, 1, 2, 3}) || p.Val == nil || p.Test == nil ||
			len(p.Val)+len(p.Test) > 0 {
			t.Errorf("%+v, %v", p, err)
		}
	}
	one, err := Split(items(t, 2, []int{0}, nil, nil), SplitOptions{})
	if err != nil || len(one.Train) != 1 {
		t.Errorf("one image: %+v, %v", one, err)
	}
}

// FuzzSplit holds splits of any labels and groups to what Split promises.
func FuzzSplit(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3, 0x10, 0x21, 0x32, 0x43}, uint64(1), uint8(3))
	f.Add([]byte{0x11, 0x11, 0x12, 0x13, 0, 1, 2}, uint64(2), uint8(2))
	f.Fuzz(func(t *testing.T, b []byte, seed uint64, k uint8) {
		if len(b) > 500 {
			return
		}
		labels, groups := make([]int, len(b)), make([]string, len(b))
		for i, x := range b {
			labels[i] = int(x & 3)
			if g := x >> 4; g != 0 {
				groups[i] = strconv.Itoa(int(g))
			}
		}
		s := items(t, 4, labels, groups, nil)
		p, err := Split(s, SplitOptions{Val: 0.2, Test: 0.2, Seed: seed})
		if err == nil {
			checkPartition(t, s, p.Train, p.Val, p.Test)
			for c, n := range classCounts(s, p.Train) {
				if n == 0 && s.Counts()[c] > 0 {
					t.Errorf("class %d isn't in training", c)
				}
			}
		} else if !invalid.Is(err) {
			t.Error(err)
		}
		folds, err := Folds(s, int(k), seed)
		if err != nil {
			if !invalid.Is(err) {
				t.Error(err)
			}
			return
		}
		parts := make([][]int, k)
		for i, f := range folds {
			parts[f] = append(parts[f], i)
		}
		checkPartition(t, s, parts...)
	})
}

func BenchmarkSplit(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 1))
	s := items(b, 8, shares(rng, 100_000, 1, 2, 3, 4, 5, 6, 7, 8), nil, nil)
	for b.Loop() {
		if _, err := Split(s, SplitOptions{Val: 0.15, Test: 0.15, Seed: 1}); err != nil {
			b.Fatal(err)
		}
	}
}

// Images that are all of one group can't be held out: the message names the file and the column.
func TestCheckGroups(t *testing.T) {
	all := func(groups ...string) *Set {
		s := &Set{Source: "faces.csv"}
		for _, g := range groups {
			s.Items = append(s.Items, Item{Group: g})
		}
		return s
	}
	for _, s := range []*Set{all(), all("a"), all("", ""), all("a", "b"), all("a", "")} {
		if err := s.CheckGroups(); err != nil {
			t.Errorf("%d items: %v", len(s.Items), err)
		}
	}
	err := all("a", "a", "a").CheckGroups()
	if !invalid.Is(err) || !strings.HasPrefix(err.Error(), `faces.csv: all 3 images in the group "a"; `) || !strings.Contains(err.Error(), "Data.GroupColumn") {
		t.Error(err)
	}
}
