// Package choice chooses between candidates by scores of the same images, of which less is better.
//
// Candidates are in order of preference: the simplest first. A later one has to be better by more than the standard
// error of the paired difference. Whatever is chosen for some images goes by the scores of others alone.
//
// The package knows neither heads nor features: it must not import head, features or a job.
package choice

import (
	"math"
	"slices"
)

// Scores are those of candidates on the same images: Of[c][i] is the score of candidate c on image i. A nil row is that
// of a candidate that has none. Units are Len() numbers: images with equal ones, such as those of one person, aren't
// independent.
type Scores struct {
	Of    [][]float64
	Units []int
}

// A Verdict says what was chosen.
type Verdict struct {
	Chosen int // the simplest candidate that isn't worse than Best by more than a standard error
	Best   int // the candidate with the least mean

	// Gain is by how much the mean of Chosen is less than that of the first candidate, and Error its standard error.
	Gain, Error float64
}

// Choose chooses by the images for which use reports true; a nil use takes all. Without a candidate that has scores it returns false.
func (s Scores) Choose(use func(image int) bool) (Verdict, bool) {
	v := Verdict{Best: s.best(use)}
	if v.Best < 0 {
		return v, false
	}
	for c, row := range s.Of {
		if row == nil {
			continue
		}
		if worse, err := s.difference(c, v.Best, use); c == v.Best || worse <= err {
			v.Chosen = c
			break
		}
	}
	if s.Of[0] != nil {
		v.Gain, v.Error = s.difference(0, v.Chosen, use)
	}
	return v, true
}

// Keep returns which candidates are among the best most by the images in use, the first one and ties included.
func (s Scores) Keep(most int, use func(image int) bool) []bool {
	var means []float64
	for _, row := range s.Of {
		if row != nil {
			means = append(means, mean(row, use))
		}
	}
	slices.Sort(means)
	kept := make([]bool, len(s.Of))
	for c, row := range s.Of {
		kept[c] = row != nil && (c == 0 || mean(row, use) <= means[min(most, len(means))-1])
	}
	return kept
}

// best returns the candidate with the least mean, the first of equals, −1 if there are no scores.
func (s Scores) best(use func(int) bool) int {
	best, least := -1, math.Inf(1)
	for c, row := range s.Of {
		if row == nil {
			continue
		}
		if m := mean(row, use); m < least {
			best, least = c, m
		}
	}
	return best
}

// difference returns the mean of the scores of a less those of b, and its standard error over units.
func (s Scores) difference(a, b int, use func(int) bool) (diff, err float64) {
	sums, sizes, n := map[int]float64{}, map[int]float64{}, 0.0
	var order []int // sums are added up in a fixed order
	for i, x := range s.Of[a] {
		if use != nil && !use(i) {
			continue
		}
		u := s.Units[i]
		if sizes[u] == 0 {
			order = append(order, u)
		}
		sums[u] += x - s.Of[b][i]
		sizes[u]++
		n++
		diff += x - s.Of[b][i]
	}
	diff /= n
	var square float64
	for _, u := range order {
		d := sums[u] - diff*sizes[u]
		square += d * d
	}
	if units := float64(len(order)); units > 1 {
		return diff, math.Sqrt(square*units/(units-1)) / n
	}
	return diff, math.Inf(1)
}

// Mean is the mean score of a candidate and its standard deviation over images, NaN if it has none.
func (s Scores) Mean(c int) (mean, std float64) {
	row := s.Of[c]
	if row == nil {
		return math.NaN(), math.NaN()
	}
	for _, x := range row {
		mean += x
	}
	mean /= float64(len(row))
	for _, x := range row {
		std += (x - mean) * (x - mean)
	}
	return mean, math.Sqrt(std / float64(max(1, len(row)-1)))
}

func mean(row []float64, use func(int) bool) float64 {
	sum, n := 0.0, 0.0
	for i, x := range row {
		if use == nil || use(i) {
			sum += x
			n++
		}
	}
	return sum / n
}

// Rungs returns the numbers of images on which successive halving measures: with n images and so many candidates, each number is half
// the next, the last is n, and none is below least. Candidates are halved after each but the last, down to about two.
func Rungs(n, candidates, least int) []int {
	rungs := []int{n}
	for left := candidates; left > 2 && rungs[0]/2 >= least; left = (left + 1) / 2 {
		rungs = append([]int{rungs[0] / 2}, rungs...)
	}
	return rungs
}
