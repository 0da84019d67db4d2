package backbone

import (
	"context"
	"fmt"

	"finetune/internal/onnx/graph"

	ort "github.com/yalue/onnxruntime_go"
)

// ErrNoMaps means that a network's feature isn't made of means of maps (a class token, an embedding after a layer), so
// that it can't be attributed to places of the image.
var ErrNoMaps = graph.ErrNoMaps

// A Mapper runs a network whose features are means of maps and returns the maps with the features. It is safe for use
// by several goroutines. Close frees it.
type Mapper struct {
	net *Backbone // its session gives the maps too
}

// OpenMaps is OpenMapsContext without a context.
func OpenMaps(path string, o Options) (*Mapper, error) {
	return OpenMapsContext(context.Background(), path, o)
}

// OpenMapsContext is OpenContext for a Mapper. Where the feature has no maps, the error wraps ErrNoMaps.
func OpenMapsContext(ctx context.Context, path string, o Options) (*Mapper, error) {
	src, err := readFile(ctx, path)
	if err != nil {
		return nil, err
	}
	return openMaps(ctx, src, o)
}

// OpenMapsBytes is OpenMaps for a network that isn't in a file; name identifies it in errors.
func OpenMapsBytes(name string, data []byte, o Options) (*Mapper, error) {
	return openMaps(context.Background(), source{name: name, data: data}, o)
}

func openMaps(ctx context.Context, src source, o Options) (*Mapper, error) {
	net, err := open(ctx, src, o, (*graph.Model).CutMaps)
	if err != nil {
		return nil, err
	}
	return &Mapper{net}, nil
}

// Dim returns the width of a row of features.
func (m *Mapper) Dim() int { return m.net.Dim() }

// Input returns what the network takes.
func (m *Mapper) Input() Input { return m.net.Input() }

// Close waits for runs that are under way and frees the network. A second call does nothing.
func (m *Mapper) Close() error { return m.net.Close() }

// Maps are the maps that the features of one image are means of.
type Maps struct {
	Feature []float32 // the row, as Backbone.Features gives it
	planes  []plane   // one a tap
	blocks  []Block
}

// A plane is the map of one tap: channels × height × width.
type plane struct {
	height, width int
	data          []float32
}

// Maps runs one image through the network, like Backbone.Features.
func (m *Mapper) Maps(ctx context.Context, image []float32) (*Maps, error) {
	b := m.net
	height, width, err := imageSize(b.input, len(image), 1)
	if err != nil {
		return nil, err
	}
	b.mu.RLock()
	defer b.mu.RUnlock()
	if b.sessions == nil {
		return nil, fmt.Errorf("maps from %s: it is closed", b.name)
	}
	rows := max(b.input.Batch, 1)
	fed := image
	if rows > 1 {
		fed = make([]float32, rows*len(image))
		copy(fed, image)
	}
	in, err := ort.NewTensor(imageShape(b.input, rows, height, width), fed)
	if err != nil {
		return nil, fmt.Errorf("run %s: %w", b.name, err)
	}
	defer in.Destroy()
	out := make([]ort.Value, 1+len(b.feature.Taps))
	if err := b.sessions.run(ctx, b.name, in, out); err != nil {
		return nil, err
	}
	defer func() {
		for _, v := range out {
			v.Destroy()
		}
	}()
	return m.read(out)
}

// read copies the outputs of a run for its first image.
func (m *Mapper) read(out []ort.Value) (*Maps, error) {
	maps := &Maps{blocks: m.net.Blocks()}
	for i, v := range out {
		t, ok := v.(*ort.Tensor[float32])
		if !ok {
			return nil, fmt.Errorf("run %s: output %d isn't of float32", m.net.name, i)
		}
		shape := t.GetShape()
		data := append([]float32(nil), t.GetData()[:shape.FlattenedSize()/shape[0]]...)
		if i == 0 {
			maps.Feature = data
			continue
		}
		maps.planes = append(maps.planes, plane{height: int(shape[2]), width: int(shape[3]), data: data})
	}
	return maps, m.net.finite(maps.Feature, 1)
}

// A Share is how much each place of one map contributes to a weighted sum of the features.
type Share struct {
	Height, Width int
	Values        []float64 // Height × Width
	Elsewhere     float64   // what belongs to no place: a class token, standard deviations, covariances
}

// Share splits weights · (Feature − from), all of Dim numbers, by the places of the maps: one Share per tap in the
// order of Feature.Taps, whose Values and Elsewhere add up to that product, but for rounding. nil for from is a row
// of zeros; else each of its numbers counts evenly for the places of its cell. With the weights of a linear head this
// is the class activation map of Zhou et al. 2016 (arXiv 1512.04150), for any grid and any number of taps. It panics
// on a slice of another length.
func (m *Maps) Share(weights, from []float32) []Share {
	if len(weights) != len(m.Feature) || from != nil && len(from) != len(m.Feature) {
		panic(fmt.Sprintf("backbone: weights of %d numbers and a row of %d for features of %d", len(weights),
			len(from), len(m.Feature)))
	}
	shares := make([]Share, len(m.planes))
	for i, p := range m.planes {
		shares[i] = Share{Height: p.height, Width: p.width, Values: make([]float64, p.height*p.width)}
	}
	for _, b := range m.blocks {
		w := weights[b.Offset:][:b.Width]
		var base float64 // of every place of the cell
		if from != nil {
			for c, v := range from[b.Offset:][:b.Width] {
				base += float64(w[c]) * float64(v)
			}
		}
		if b.Grid == 0 || b.Stat != "" {
			for c, v := range m.Feature[b.Offset:][:b.Width] {
				shares[b.Depth].Elsewhere += float64(w[c]) * float64(v)
			}
			shares[b.Depth].Elsewhere -= base
			continue
		}
		m.planes[b.Depth].addCell(&shares[b.Depth], b, w, base)
	}
	return shares
}

// addCell adds the contributions of the places of one cell to the mean over it. The cells of a grid are those of the
// cut network: from ⌊iL/g⌋ to ⌈(i+1)L/g⌉ of L places.
func (p *plane) addCell(s *Share, b Block, weights []float32, base float64) {
	top, bottom := b.Row*p.height/b.Grid, ((b.Row+1)*p.height+b.Grid-1)/b.Grid
	left, right := b.Column*p.width/b.Grid, ((b.Column+1)*p.width+b.Grid-1)/b.Grid
	size := float64((bottom - top) * (right - left))
	for c, w := range weights {
		weight := float64(w) / size
		channel := p.data[c*p.height*p.width:]
		for y := top; y < bottom; y++ {
			for x, v := range channel[y*p.width:][left:right] {
				s.Values[y*p.width+left+x] += weight * float64(v)
			}
		}
	}
	for y := top; y < bottom; y++ {
		for x := left; x < right; x++ {
			s.Values[y*p.width+x] -= base / size
		}
	}
}
