package onnxgraph

import (
	"errors"
	"fmt"
	"math"
)

// ErrNoMaps says that a feature isn't a mean of maps, so that no place of the image can be given its share of it.
var ErrNoMaps = errors.New("the feature is no mean of maps")

// CutMaps returns what Cut does, with more outputs: behind the feature, for each of its taps, the map that the tap's
// numbers are means of. Maps come as N×C×H×W, tokens as N×C×T, both float32. A feature with a tap that is made in
// another way (a class token, an embedding behind a layer) gives an error that wraps ErrNoMaps.
func (m *Model) CutMaps(f Feature) (*Model, ImageInput, error) {
	maps, err := m.maps(f)
	if err != nil {
		return nil, ImageInput{}, err
	}
	var tensors []string
	for i, t := range maps {
		tensors = append(tensors, f.Taps[i].Tensor.Name, t.Tensor.Name)
	}
	return m.cut(tensors, func(c *cutter, in ImageInput) error {
		if err := c.putFeature(f, in.Batch); err != nil {
			return err
		}
		for i, t := range maps {
			tensor := c.asFloat(t.Tensor.Name)
			switch {
			case len(t.Space) == 1:
				tensor = c.transpose(tensor, 0, 2, 1)
			case t.Space[0] == 1:
				tensor = c.transpose(tensor, 0, 3, 1, 2)
			}
			c.putOut(tensor, fmt.Sprintf("map.%d", i), nil)
		}
		return nil
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
		if err := t.square(); err != nil {
			return nil, err
		}
		list[i] = t
	}
	return list, nil
}

// mapOf returns the map whose mean a tap without space is. One of a single place stands for itself.
func (m *Model) mapOf(t Tap) (Tap, error) {
	switch source := m.meanOf(t.Tensor.Name); {
	case source != "":
		return m.tapAt(source)
	case len(t.Space) > 1:
		return t, nil
	}
	return Tap{}, fmt.Errorf("%w: %q isn't the mean of one", ErrNoMaps, t.Tensor.Name)
}

// square refuses tokens whose places aren't known. Where their number isn't, a run tells it.
func (t Tap) square() error {
	if len(t.Space) > 1 || !t.Tensor.Shape[t.Space[0]].Fixed() {
		return nil
	}
	if _, _, ok := TokenSquare(int(t.Tensor.Shape[t.Space[0]].Size)); !ok {
		return fmt.Errorf("%w: the tokens of %q (%s) form no square", ErrNoMaps, t.Tensor.Name, t.Tensor.Shape)
	}
	return nil
}

// TokenSquare splits tokens into those that stand for no place (of class, registers), which come first, and the side
// of the square of the others. It isn't ok where no such split is known.
func TokenSquare(count int) (prefix, side int, ok bool) {
	side = int(math.Sqrt(float64(max(count, 0))))
	prefix = count - side*side
	return prefix, side, side > 1 && prefix <= maxPrefix
}
