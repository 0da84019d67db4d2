package graph

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"finetune/invalid"
)

// The text of a feature is the names of its taps, then each of these marks with what differs from the default.
const (
	poolMark = " pool="
	statMark = " stat="
)

// A pooling holds what a text or a caller requests; nil fields request nothing.
type pooling struct {
	grids []int
	stats []string
}

// splitText takes grids and statistics out of a feature's text and checks the grids. What the caller requests wins.
func (m *Model) splitText(tap string, p pooling) (string, pooling, error) {
	bad := func(found string) error {
		return &invalid.Error{Field: "Images.Pool", Found: found,
			Want: fmt.Sprintf("grids from 1 to %v cells a side, each once, as in 1,3", Grid.High)}
	}
	if !m.isTensor(tap) {
		tap = strings.TrimSuffix(tap, inferenceMark)
	}
	tap, text, marked := m.cutMark(tap, statMark)
	if marked && len(p.stats) == 0 {
		p.stats = strings.Split(text, ",")
	}
	tap, text, marked = m.cutMark(tap, poolMark)
	if marked && p.grids == nil {
		for field := range strings.SplitSeq(text, ",") {
			g, err := strconv.Atoi(field)
			if err != nil {
				return "", pooling{}, bad(strconv.Quote(text))
			}
			p.grids = append(p.grids, g)
		}
	}
	if len(p.grids) == 0 {
		p.grids = []int{1}
	}
	for i, g := range p.grids {
		if !Grid.Contains(float64(g)) || slices.Contains(p.grids[:i], g) {
			return "", pooling{}, bad(joinInts(p.grids))
		}
	}
	return tap, p, nil
}

// cutMark splits a text at the last mark, unless the text is the name of a tensor.
func (m *Model) cutMark(text, mark string) (before, after string, found bool) {
	i := strings.LastIndex(text, mark)
	if i < 0 || m.isTensor(text) {
		return text, "", false
	}
	return text[:i], text[i+len(mark):], true
}

func joinInts(list []int) string {
	parts := make([]string, len(list))
	for i, v := range list {
		parts[i] = strconv.Itoa(v)
	}
	return strings.Join(parts, ",")
}
