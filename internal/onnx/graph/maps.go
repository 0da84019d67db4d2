package graph

import (
	"errors"
	"fmt"
)

// ErrNoMaps means that a feature isn't a mean of maps, so that it can't be attributed to places of the image.
var ErrNoMaps = errors.New("the feature is no mean of maps")

// CutMaps returns what Cut does, with more outputs: after the feature, for each of its taps, the map that the tap's
// numbers are means of, N×C×H×W of float32; a class token is in none of them. A feature with a tap that is made in
// another way (a class token, an embedding after a layer) gives an error that wraps ErrNoMaps.
func (m *Model) CutMaps(f Feature) (*Model, ImageInput, error) {
	maps, err := m.maps(f)
	if err != nil {
		return nil, ImageInput{}, err
	}
	var tensors []string
	for i, t := range maps {
		tensors = append(tensors, f.Taps[i].Tensor.Name, t.Tensor.Name)
	}
	return m.cut(tensors, func(c *cutter, in ImageInput) {
		c.putFeature(f, in.Batch)
		for i, t := range maps {
			tensor := c.asFloat(t.Tensor.Name)
			switch {
			case len(t.Space) == 1:
				tensor = c.transpose(c.patches(tensor, t.Prefix), 0, 2, 1)
				tensor = c.op("Reshape", tensor, c.ints(0, 0, int64(t.Places[0]), int64(t.Places[1])))
			case t.Space[0] == 1:
				tensor = c.transpose(tensor, 0, 3, 1, 2)
			}
			c.putOut(tensor, fmt.Sprintf("map.%d", i), nil)
		}
	})
}

// maps returns the map of each tap: the tap itself where it has space, else the map whose mean it is.
func (m *Model) maps(f Feature) ([]Tap, error) {
	list := make([]Tap, len(f.Taps))
	for i, t := range f.Taps {
		if !t.spatial() {
			var err error
			if t, err = m.mapOf(t); err != nil {
				return nil, err
			}
		}
		if len(t.Space) == 0 {
			return nil, fmt.Errorf("%w: the shape of %q isn't known", ErrNoMaps, t.Tensor.Name)
		}
		if len(t.Space) == 1 && t.Places[0] == 0 {
			return nil, fmt.Errorf("%w: the arrangement of the tokens of %q (%s) isn't known",
				ErrNoMaps, t.Tensor.Name, t.Tensor.Shape)
		}
		list[i] = t
	}
	return list, nil
}

// mapOf returns the map whose mean a tap without space is; a map of a single place is its own mean.
func (m *Model) mapOf(t Tap) (Tap, error) {
	switch source := m.meanOf(t.Tensor.Name); {
	case source != "":
		return m.tapAt(source)
	case len(t.Space) > 1:
		return t, nil
	}
	return Tap{}, fmt.Errorf("%w: %q isn't the mean of a map", ErrNoMaps, t.Tensor.Name)
}
