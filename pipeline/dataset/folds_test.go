package dataset

import (
	"encoding/json"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"finetune/invalid"
)

// TestFoldsAsEvenAsScikitLearn compares the folds with what StratifiedGroupKFold reaches on the same data; folds.json
// is made by testdata/make_folds.py.
func TestFoldsAsEvenAsScikitLearn(t *testing.T) {
	b, err := os.ReadFile("testdata/folds.json")
	if err != nil {
		t.Fatal(err)
	}
	var golden struct {
		Folds int
		Cases []struct {
			Name           string
			Labels, Groups []int
			Uneven         float64
		}
	}
	if err := json.Unmarshal(b, &golden); err != nil {
		t.Fatal(err)
	}
	if len(golden.Cases) == 0 {
		t.Fatal("no cases")
	}
	for _, c := range golden.Cases {
		groups := make([]string, len(c.Groups))
		for i, g := range c.Groups {
			groups[i] = strconv.Itoa(g)
		}
		s := items(t, 8, c.Labels, groups, nil)
		var uneven float64
		const seeds = 5
		for seed := range uint64(seeds) {
			folds, err := Folds(s, golden.Folds, seed)
			if err != nil {
				t.Fatal(err)
			}
			parts := make([][]int, golden.Folds)
			for i, f := range folds {
				parts[f] = append(parts[f], i)
			}
			checkPartition(t, s, parts...)
			for _, part := range parts {
				for class, n := range classCounts(s, part) {
					uneven += math.Abs(
						n/float64(s.Counts()[class])-1/float64(golden.Folds),
					) / float64(
						seeds*golden.Folds*s.Space.Len(),
					)
				}
			}
		}
		t.Logf("%s: %.4f, scikit-learn %.4f", c.Name, uneven, c.Uneven)
		// Ours gives a little of it away for folds of one size, which this figure doesn't count.
		if uneven > 1.15*c.Uneven {
			t.Errorf("%s: folds are %.4f uneven, scikit-learn's %.4f", c.Name, uneven, c.Uneven)
		}
	}
}

func TestGivenFolds(t *testing.T) {
	s := items(t, 2, []int{0, 1, 0, 1}, []string{"p", "", "p", ""}, nil)
	for i, f := range []int{7, 2, 7, 4} {
		s.Items[i].Fold = f
	}
	for _, k := range []int{0, 3} {
		if got, err := Folds(s, k, 0); err != nil || !slices.Equal(got, []int{2, 0, 2, 1}) {
			t.Errorf("%v %v", got, err)
		}
	}
	if _, err := Folds(s, 5, 0); !invalid.Is(err) {
		t.Error("five folds out of three given")
	}
	s.Items[2].Fold = 2
	if _, err := Folds(s, 0, 0); !invalid.Is(err) || !strings.Contains(err.Error(), `the group "p" in fold 7`) {
		t.Error(err)
	}
	s.Items[2].Fold = -1
	if _, err := Folds(s, 0, 0); !invalid.Is(err) || !strings.Contains(err.Error(), "3 of 4 images, none for 2.jpg") {
		t.Error(err)
	}
}
