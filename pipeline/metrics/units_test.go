package metrics

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/stat"
)

// Bundles hold every item once, and means of their resamples spread as the standard error says.
func TestBundlesSpreadAsItems(t *testing.T) {
	const n = 3 * maxUnits
	r := rand.New(rand.NewPCG(1, 2))
	values := make([]float64, n)
	for i := range values {
		values[i] = r.ExpFloat64()
		if i > n/2 { // data that is sorted by what it differs in
			values[i] += 3
		}
	}
	u := newUnits(nil, n)
	if u.len() != maxUnits {
		t.Fatalf("%d units", u.len())
	}
	if members := slices.Sorted(slices.Values(u.members)); len(members) != n || members[0] != 0 ||
		members[n-1] != n-1 || len(slices.Compact(members)) != n {
		t.Fatal("an item is missing or there twice")
	}
	means := make([]float64, 400)
	u.resample(t.Context(), len(means), 1, func() func(int, []int32) {
		return func(r int, times []int32) {
			sum, count := 0.0, 0.0
			for i, k := range times {
				sum += float64(k) * values[i]
				count += float64(k)
			}
			means[r] = sum / count
		}
	})
	want := stat.StdDev(values, nil) / math.Sqrt(n)
	if got := stat.StdDev(means, nil); math.Abs(got/want-1) > 0.12 { // three standard errors of a deviation of 400
		t.Errorf("resampled means spread by %v, the standard error is %v", got, want)
	}
}

func TestGroupsStayWholeInBundles(t *testing.T) {
	const n = 3 * maxUnits
	groups := make([]string, n)
	groups[5], groups[n-1] = "p", "p"
	u := newUnits(groups, n)
	for i := range u.len() {
		if of := u.of(i); slices.Contains(of, 5) != slices.Contains(of, n-1) {
			t.Fatal("a group was parted")
		}
	}
}
