package graph

import (
	"fmt"
	"slices"
	"strings"

	"finetune/invalid"
)

// Multi is the name of the tap that takes a network at several depths (see stages.go for which).
const Multi = "multi"

// Grid declares the cells a side of a grid: finer ones than any network's last map would only repeat places.
var Grid = invalid.Number{Field: "Images.Pool", Range: invalid.Range{Low: 1, High: 16}, Whole: true}

// A Feature describes one row of numbers per image: taps, each pooled over grids, concatenated.
type Feature struct {
	// Text identifies the feature: taps, use of tokens (see tokentext.go), pooling and statistics. FindFeature takes
	// it as a tap and returns the same feature, so it is the key under which features are cached. While Width is 0 it
	// lacks the use of tokens.
	Text  string `json:"text"`
	Width int    `json:"width"` // numbers per image; 0 until the network has run
	Why   string `json:"why"`   // why it was chosen, one phrase
	Pool  []int  `json:"pool"`  // requested grids, by their cells a side
	Stats Stats  `json:"stats,omitzero"`
	Taps  []Tap  `json:"taps"` // in the order of the row: for Multi from the image to the end
}

// tensors returns the tensors that are tapped.
func (f Feature) tensors() []string {
	list := make([]string, len(f.Taps))
	for i, t := range f.Taps {
		list[i] = t.Tensor.Name
	}
	return list
}

// batch returns the number of images that the network takes at once, 0 for any. Where the input declares any batch,
// constants of the network may still fix it to 1.
func (f Feature) batch(in ImageInput) int {
	if in.Batch > 0 {
		return in.Batch
	}
	for _, t := range f.Taps {
		if s := t.Tensor.Shape; len(s) == 1 || len(s) > 1 && s[0].Size == 1 {
			return 1
		}
	}
	return 0
}

// A Block is a part of a feature's row: the channels of one tap at one cell of one grid.
type Block struct {
	Tap    string `json:"tap"`   // the tensor
	Depth  int    `json:"depth"` // index of the tap in Feature.Taps
	Grid   int    `json:"grid"`  // cells a side: 1 is the whole map, 0 the class token
	Row    int    `json:"row"`   // of the cell, from the top
	Column int    `json:"column"`
	Offset int    `json:"offset"`         // of the first number in the row
	Width  int    `json:"width"`          // channels; of StatCov pairs of them
	Stat   string `json:"stat,omitempty"` // "" for means, else StatStd or StatCov
}

// Blocks returns the layout of the row, without gaps and in its order: tap by tap, each grid in the order asked
// for, its cells row by row, first the means, then the standard deviations, then the covariances. It is nil while the
// width of a tap isn't known.
func (f Feature) Blocks() []Block {
	var list []Block
	at := 0
	for depth, t := range f.Taps {
		if t.Width == 0 {
			return nil
		}
		add := func(b Block) {
			b.Tap, b.Depth, b.Offset = t.Tensor.Name, depth, at
			list = append(list, b)
			at += b.Width
		}
		cells := func(g int, stat string) {
			for cell := range g * g {
				add(Block{Grid: g, Row: cell / g, Column: cell % g, Stat: stat, Width: t.Width})
			}
		}
		for _, g := range t.Grids {
			if g == 1 && t.ClassToken {
				add(Block{Width: t.Width})
			}
			cells(g, "")
		}
		for _, g := range t.Std {
			cells(g, StatStd)
		}
		if t.Cov > 0 {
			add(Block{Grid: 1, Stat: StatCov, Width: t.Cov * (t.Cov + 1) / 2})
		}
	}
	return list
}

// FindFeature returns the feature for a tap and a pooling. tap is "" (the input of the final classifier, or the
// output of a network without one), the name of a tensor or node, names separated by commas, Multi, or the Text of a
// Feature; the use of tokens may follow any name, as it does there. pool lists grids by their cells a side, nil
// meaning {1}: the mean over the whole map; 3 means the means over a grid of 3 × 3 cells. stats adds other statistics
// to the means, see Stats.
//
// A tensor without space (a vector per image) is used once, whatever the grids. Where it is the only tap, finer grids
// are those of the map that it was made from. The mean of a map that is another tap already is left out. Taps of
// unknown shape leave Width 0; Complete continues when a run has shown their shapes.
func (m *Model) FindFeature(tap string, pool []int, stats ...string) (Feature, error) {
	tap, p, err := m.splitText(tap, pooling{pool, stats})
	if err != nil {
		return Feature{}, err
	}
	parsed, err := parseStats(p.stats)
	if err != nil {
		return Feature{}, err
	}
	var f Feature
	switch names := m.tapNames(tap); {
	case tap == Multi && !m.isTensor(Multi):
		f, err = m.multi()
	case len(names) > 1:
		f, err = m.listed(names)
	case tap == "":
		f, err = m.found()
	default:
		var t Tap
		t, err = m.namedTap(tap)
		f = Feature{Why: t.Why, Taps: []Tap{t}}
	}
	if err != nil {
		return Feature{}, err
	}
	f.Pool, f.Stats = p.grids, parsed
	return m.Complete(f)
}

// Complete determines grids, layout and width of a feature whose taps have their shapes. While a shape is unknown it
// leaves Width 0.
func (m *Model) Complete(f Feature) (Feature, error) {
	f.Width = 0
	asked := f.Taps
	if slices.ContainsFunc(asked, func(t Tap) bool { return t.Tensor.Shape == nil || t.Width == 0 }) {
		f.Text = m.featureText(f, asked)
		return f, nil
	}
	var err error
	if f.Taps, err = m.spread(asked, f.Pool, f.Stats); err != nil {
		return Feature{}, err
	}
	f.Text = m.featureText(f, asked)
	for _, t := range f.Taps {
		if err := t.checkStats(); err != nil {
			return Feature{}, err
		}
	}
	for _, b := range f.Blocks() {
		f.Width += b.Width
	}
	if f.Width > maxRow {
		return Feature{}, &invalid.Error{Field: "Images.Tap",
			Found: fmt.Sprintf("%q is %d numbers an image", f.Text, f.Width),
			Want:  fmt.Sprintf("at most %d", maxRow), Hint: m.offer()}
	}
	return f, nil
}

// featureText returns the text of a feature that was asked for as a list of taps. A tap of which nothing is left in the
// row, because another one is its mean, isn't named. A single vector is named for the map before it.
func (m *Model) featureText(f Feature, asked []Tap) string {
	var names []string
	for _, t := range asked {
		used := func(other Tap) bool { return other.Tensor.Name == t.Tensor.Name }
		if len(asked) == 1 || slices.ContainsFunc(f.Taps, used) {
			names = append(names, t.text())
		}
	}
	text := strings.Join(names, ",")
	if !slices.Equal(f.Pool, []int{1}) {
		text += poolMark + joinInts(f.Pool)
	}
	text += f.Stats.text()
	if m.switched > 0 {
		text += inferenceMark
	}
	return text
}

// spread gives each tap its grids and statistics and drops what another tap has already.
func (m *Model) spread(taps []Tap, pool []int, stats Stats) ([]Tap, error) {
	if len(taps) == 1 && !taps[0].spatial() && (!slices.Equal(pool, []int{1}) || stats != Stats{}) {
		return m.behindPooling(taps[0], pool, stats)
	}
	var list []Tap
	for _, t := range taps {
		t.Grids = []int{1}
		if t.spatial() {
			t.Grids = slices.Clone(pool)
			if err := t.tokenGrids(); err != nil {
				return nil, err
			}
			isMeanOf := func(other Tap) bool { return m.sameMap(m.meanOf(other.Tensor.Name), t.Tensor.Name) }
			if t.Prefix == 0 && slices.ContainsFunc(taps, isMeanOf) {
				t.Grids = slices.DeleteFunc(t.Grids, func(g int) bool { return g == 1 })
			}
			t.addStats(pool, stats)
		} else if stats.Std {
			list = append(list, m.deviation(t, taps)...)
		}
		if len(t.Grids)+len(t.Std)+t.Cov > 0 {
			list = append(list, t)
		}
	}
	return list, nil
}

// behindPooling spreads a vector that was made from a map: finer grids and other statistics are those of the map.
func (m *Model) behindPooling(t Tap, pool []int, stats Stats) ([]Tap, error) {
	source := m.mapBefore(t.Tensor.Name)
	if source == "" {
		return nil, &invalid.Error{Field: "Images.Pool",
			Found: fmt.Sprintf("%s: %q is %s, and no map before it is known",
				joinInts(pool), t.Tensor.Name, t.Tensor.Shape),
			Want: "a tensor with space, N×C×H×W or N×T×D", Hint: m.offer()}
	}
	whole, err := m.tapAt(source)
	if err != nil {
		return nil, err
	}
	whole.Why = fmt.Sprintf("the map that %q is made from", t.Tensor.Name)
	whole.Grids = slices.DeleteFunc(slices.Clone(pool), func(g int) bool { return g == 1 })
	if err := whole.tokenGrids(); err != nil {
		return nil, err
	}
	whole.addStats(pool, stats)
	if !slices.Contains(pool, 1) {
		return []Tap{whole}, nil
	}
	t.Grids = []int{1}
	return []Tap{whole, t}, nil
}

func (m *Model) found() (Feature, error) {
	taps, err := m.findTaps()
	if err != nil {
		return Feature{}, err
	}
	return Feature{Why: taps[0].Why, Taps: taps}, nil
}

func (m *Model) listed(names []string) (Feature, error) {
	f := Feature{Why: "named by the user"}
	for _, name := range names {
		t, err := m.namedTap(name)
		if err != nil {
			return Feature{}, err
		}
		if slices.ContainsFunc(f.Taps, func(other Tap) bool { return other.Tensor.Name == t.Tensor.Name }) {
			return Feature{}, &invalid.Error{Field: "Images.Tap", Found: fmt.Sprintf("%q is named twice", name),
				Want: "each tensor once"}
		}
		f.Taps = append(f.Taps, t)
	}
	return f, nil
}

// tapNames splits a list of taps. Names may contain commas: a text that is the name of a tensor is one tap.
func (m *Model) tapNames(tap string) []string {
	if whole, _ := m.splitTokens(tap); tap == "" || m.isTensor(whole) || !strings.Contains(tap, ",") {
		return []string{tap}
	}
	names := strings.Split(tap, ",")
	for i := range names {
		names[i] = strings.TrimSpace(names[i])
	}
	return names
}

// FeatureNotes returns Notes, and what is changed for a feature.
func (m *Model) FeatureNotes(f Feature) []string {
	notes := m.Notes()
	if in, err := m.inputFor(f.tensors()...); err == nil && in.Batch == 0 && f.batch(in) == 1 {
		notes = append(notes, "the network declares any batch size, but the shape of its feature is that of one "+
			"image; it runs one image at a time")
	}
	return notes
}
