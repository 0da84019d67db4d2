package graph

import (
	"fmt"
	"slices"
	"strings"

	"finetune/internal/onnx/onnxpb"
	"finetune/invalid"
)

// A Tap is a tensor of a network that is used as a feature, with how it becomes one row per image.
type Tap struct {
	Tensor     Value    `json:"tensor"`
	Width      int      `json:"width"`                  // numbers per image after pooling; 0 until the network has run
	Space      []int    `json:"space,omitempty"`        // axes that are averaged: height and width, or tokens
	Grids      []int    `json:"grids,omitempty"`        // grids of means, by their cells a side; 1 is the whole
	Std        []int    `json:"std_grids,omitempty"`    // grids of standard deviations
	Cov        int      `json:"covariances,omitempty"`  // channels, after projection, of the covariances
	Prefix     int      `json:"prefix,omitempty"`       // of tokens: the first ones, in no mean
	Places     [2]int   `json:"places,omitzero"`        // of tokens: rows and columns of patches; 0 unknown
	ClassToken bool     `json:"class_token,omitempty"`  // the first token comes before the mean over the whole
	Classifier string   `json:"classifier,omitempty"`   // operator of the layer that reads it and is removed
	Classes    int      `json:"classes,omitempty"`      // outputs of that layer
	Through    []string `json:"seen_through,omitempty"` // operators after that layer, last first
	Why        string   `json:"why"`                    // why it was chosen, one phrase

	said *tokenSlice // the use of tokens that its name specifies; nil where the graph decides
}

// findTaps finds the feature: the input of the final classifier, the inputs where the output is the mean of several
// classifiers, or the output of a network without one. An undecided case gives an *invalid.Error that lists
// candidates.
func (m *Model) findTaps() ([]Tap, error) {
	var named, classified, plain []ending
	for _, out := range m.outputs {
		if !m.readable(out.Name) {
			continue // outputs such as a class index
		}
		switch e := m.ending(out.Name); {
		case e.isEmbedding() && containsAny(strings.ToLower(out.Name), embeddings...):
			named = append(named, e)
		case e.isEmbedding():
			plain = append(plain, e)
		case e.layer != "":
			classified = append(classified, e)
		}
	}
	for _, endings := range [][]ending{named, classified, plain} {
		var all []string
		for _, e := range endings {
			for _, t := range e.taps() {
				if !slices.Contains(all, t) {
					all = append(all, t)
				}
			}
		}
		// One ending that has the taps of all others is enough.
		i := slices.IndexFunc(endings, func(e ending) bool { return len(e.taps()) == len(all) })
		switch {
		case i >= 0:
			return m.endingTaps(endings[i])
		case len(all) > 0:
			return nil, m.undecided(fmt.Sprintf("its outputs come from %d different features (%s)", len(all),
				strings.Join(firstNames(all), ", ")))
		}
	}
	return nil, m.undecided("no classifier was found at its end, and no output that is a feature")
}

// taps returns the tensors that an ending offers as the feature.
func (e ending) taps() []string {
	if e.isEmbedding() {
		return []string{e.output}
	}
	return append([]string{e.feature}, e.beside...)
}

func (m *Model) endingTaps(e ending) ([]Tap, error) {
	first, err := m.endingTap(e)
	list := []Tap{first}
	if e.isEmbedding() {
		return list, err
	}
	for _, tensor := range e.beside {
		t, err := m.tapAt(tensor)
		if err != nil {
			return nil, err
		}
		t.Classifier, t.Classes, t.Why = e.layer, e.out, first.Why
		list = append(list, t)
	}
	return list, err
}

func (m *Model) endingTap(e ending) (Tap, error) {
	if e.isEmbedding() {
		tensor := m.beforeDropout(e.output)
		t, err := m.tapAt(tensor)
		switch {
		case e.layer != "" && e.feature != "":
			t.Why = fmt.Sprintf("the output %q looks like an embedding; the layer before it reads %q",
				e.output, e.feature)
		default:
			t.Why = fmt.Sprintf("the output %q has no classifier before it", e.output)
		}
		return t, err
	}
	t, err := m.tapAt(e.feature)
	t.Classifier, t.Classes, t.Through = e.layer, e.out, e.through
	t.Why = fmt.Sprintf("the tensor that enters the classifier (%s) of output %q", e.layer, e.output)
	if len(e.beside) > 0 {
		t.Why = fmt.Sprintf("the tensors that enter the %d classifiers (%s) of which output %q is the mean",
			1+len(e.beside), e.layer, e.output)
	}
	if t.Width == 0 {
		t.Width = e.in
	}
	return t, err
}

// namedTap returns the tap called name, a tensor or a node with one output. An unknown name gives an *invalid.Error
// with similar names.
func (m *Model) namedTap(name string) (Tap, error) {
	name, said := m.splitTokens(name)
	tensor := name
	if !m.isTensor(name) {
		i := slices.IndexFunc(m.pb.Graph.Node, func(n *onnxpb.NodeProto) bool {
			return name != "" && n.GetName() == name && len(n.Output) == 1
		})
		if i < 0 {
			return Tap{}, m.noTensor(name)
		}
		tensor = m.pb.Graph.Node[i].Output[0]
	}
	if m.isConstant(tensor) {
		return Tap{}, &invalid.Error{Field: "Images.Tap", Found: fmt.Sprintf("%q is a constant of %s", name, m.name),
			Want: "a tensor that depends on the image", Hint: m.offer()}
	}
	t, err := m.tapOf(tensor, said)
	t.Why = "named by the user"
	return t, err
}

func (m *Model) isTensor(name string) bool {
	_, known := m.info[name]
	_, written := m.producer[name]
	return name != "" && (known || written)
}

// tapAt determines how a tensor becomes one row per image. An unknown shape leaves Width 0 and Space empty; WithShape
// completes such a tap.
func (m *Model) tapAt(tensor string) (Tap, error) { return m.tapOf(tensor, nil) }

// tapOf is tapAt with the use of tokens that a name specifies.
func (m *Model) tapOf(tensor string, said *tokenSlice) (Tap, error) {
	v := m.value(tensor)
	if !m.readable(tensor) {
		found := fmt.Sprintf("%q holds %s numbers", tensor, v.Type)
		if m.isSequence(tensor) {
			found = fmt.Sprintf("%q is a list of tensors", tensor)
		}
		return Tap{}, &invalid.Error{Field: "Images.Tap", Found: found,
			Want: "a floating-point tensor", Hint: m.offer()}
	}
	return m.WithShape(Tap{Tensor: v, said: said}, v.Shape)
}

// WithShape returns the tap with the pooling and the width that follow from a shape: N×D is taken as it is, a
// map N×C×H×W is averaged over space, tokens N×T×D over those of patches, D alone is the row of a batch of one. Where
// tokens are an output of the network, the class token is part of the feature, before the mean.
func (m *Model) WithShape(t Tap, s Shape) (Tap, error) {
	t.Tensor.Shape = s
	if err := m.checkTokens(t); err != nil {
		return Tap{}, err
	}
	width := unknownDim
	switch len(s) {
	case 0:
		if s == nil {
			return t, nil
		}
	case 1:
		width = s[0]
	case 2:
		width = s[1]
	case 3:
		t.Space, width = []int{1}, s[2]
		m.asTokens(&t)
	case 4:
		if m.last[t.Tensor.Name] {
			t.Space, width = []int{1, 2}, s[3]
		} else {
			t.Space, width = []int{2, 3}, s[1]
		}
	}
	if len(s) == 0 || len(s) > 4 {
		return Tap{}, &invalid.Error{Field: "Images.Tap", Found: fmt.Sprintf("%q has the shape %s", t.Tensor.Name, s),
			Want: "N×D, N×T×D or N×C×H×W", Hint: m.offer()}
	}
	if width.Fixed() {
		t.Width = int(width.Size)
	}
	return t, nil
}
