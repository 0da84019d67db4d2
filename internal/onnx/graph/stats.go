package graph

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"finetune/invalid"
)

// The statistics of a map that a feature may hold.
const (
	StatMean = "mean" // of each channel in each cell
	StatStd  = "std"  // standard deviation of each channel in each cell, over its places
	StatCov  = "cov"  // covariances of the channels over all places
)

const (
	covChannels    = 64 // by default
	maxCovChannels = 512
	maxProjected   = 1 << 14 // channels of a map that are projected to fewer
)

// Stats are the statistics that a feature holds besides means.
type Stats struct {
	Std bool `json:"std,omitempty"`
	Cov int  `json:"cov,omitempty"` // channels of the covariances, to which more are projected; 0: none
}

// parseStats reads a list of StatMean, StatStd and StatCov, of which the last may be followed by ":" and the number of
// channels, as in "cov:32". An empty list means means alone, which every feature has.
func parseStats(list []string) (s Stats, err error) {
	bad := &invalid.Error{Field: "Images.PoolStat", Found: strconv.Quote(strings.Join(list, ",")),
		Want: fmt.Sprintf("mean, and std or cov or both, each once; cov:N with N from 2 to %d channels",
			maxCovChannels)}
	if len(list) > 0 && !slices.Contains(list, StatMean) {
		return s, bad
	}
	for i, stat := range list {
		name, channels, given := strings.Cut(stat, ":")
		switch {
		case slices.ContainsFunc(list[:i], func(other string) bool { return strings.HasPrefix(other, name) }):
			return s, bad
		case name == StatCov:
			s.Cov = covChannels
			if given {
				s.Cov, err = strconv.Atoi(channels)
			}
			if err != nil || s.Cov < 2 || s.Cov > maxCovChannels {
				return s, bad
			}
		case stat == StatStd:
			s.Std = true
		case stat != StatMean:
			return s, bad
		}
	}
	return s, nil
}

// text returns the part of a feature's text about statistics, "" for means alone.
func (s Stats) text() string {
	if s == (Stats{}) {
		return ""
	}
	list := []string{StatMean}
	if s.Std {
		list = append(list, StatStd)
	}
	if s.Cov > 0 {
		list = append(list, fmt.Sprintf("%s:%d", StatCov, s.Cov))
	}
	return statMark + strings.Join(list, ",")
}

// checkStats refuses covariances of more channels than any network's map has.
func (t Tap) checkStats() error {
	if t.Cov == 0 || t.Width <= maxProjected {
		return nil
	}
	return &invalid.Error{Field: "Images.PoolStat", Found: fmt.Sprintf("cov of the %d channels of %q", t.Width,
		t.Tensor.Name),
		Want: fmt.Sprintf("at most %d channels", maxProjected), Hint: "choose another tensor with {Images.Tap}"}
}

// addStats gives a tap with space its statistics.
func (t *Tap) addStats(pool []int, s Stats) {
	if s.Std {
		t.Std = slices.Clone(pool)
	}
	t.Cov = min(s.Cov, t.Width)
}

// deviation returns the map whose mean a vector among taps is, to take its standard deviation in addition;
// nothing where there is none, or where it is one of taps itself.
func (m *Model) deviation(vector Tap, taps []Tap) []Tap {
	source := m.meanOf(vector.Tensor.Name)
	if source == "" || slices.ContainsFunc(taps, func(t Tap) bool { return m.sameMap(source, t.Tensor.Name) }) {
		return nil
	}
	t, err := m.tapAt(source)
	if err != nil || !t.spatial() || t.Width == 0 {
		return nil
	}
	t.Std, t.Why = []int{1}, fmt.Sprintf("the map whose mean is %q", vector.Tensor.Name)
	return []Tap{t}
}
