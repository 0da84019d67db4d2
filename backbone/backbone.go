package backbone

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"finetune/internal/onnx/graph"
	"finetune/internal/ort/env"
)

// Options are settings for opening a network. The zero value finds the tap and the native library and leaves the
// number of threads to ONNX Runtime.
type Options struct {
	// Tap names the tensor, or the node with one output, to use as the feature; "" is found in the graph. Several, in
	// the order of the row, are separated by commas; Multi takes the ends of the network's stages and blocks besides
	// what "" finds. The Text of a Feature is a tap, too, and gives the same feature.
	Tap string
	// Pool lists the grids, by their cells a side, over which taps with space are averaged, inside the network: 1 is
	// the whole, 3 a grid of 3 × 3 cells. nil is {1}, or what Tap specifies.
	Pool []int
	// PoolStat lists the statistics that are taken in these cells: "mean" alone, the default, or with "std"
	// (standard deviations) or "cov" or both. "cov" is the covariances of a map's channels over all places, as signed
	// square roots; maps of more than 64 channels are first projected to 64 by a fixed orthonormal matrix, to another
	// number with "cov:32". Std and cov are of maps and tokens only. nil is {"mean"}, or what Tap specifies.
	PoolStat []string
	Library  string // file of the native ONNX Runtime library; "": the one that is loaded, or else searched for
	Threads  int    // threads that share the work inside one run; 0: one for each physical core
	MaxBatch int    // images that go through the network at once; 0: DefaultBatch; ignored where the file fixes it

	// Device runs the network: one of Devices. "" is "cpu"; "auto" is the best that the native library can use, in the
	// end the CPU. DeviceOptions are the settings of its execution provider, by ONNX Runtime's names ("device_id").
	Device        string
	DeviceOptions map[string]string

	// TF32 makes a GPU round the factors of its products to 10 bits of mantissa, from 23, which its tensor cores multiply faster.
	// Without it features are those of the CPU but for rounding. It is for the device "cuda".
	TF32 bool
	// Sessions is how many batches of images are in the network at a time, each in a session with a thread of its own; 0 is
	// chosen by the device: two on CUDA, and on the CPU as many as there are callers, in one session.
	Sessions int
	// Levels, if set, makes a network in such sessions take bytes: what each of the 256 levels of each channel becomes, as
	// preprocess.Spec.Levels gives it. Less goes to a device then. See [Backbone.TakesLevels].
	Levels *[3][256]float32

	// FeaturePrecision is Float32, which "" stands for, or Float16: features are rounded to half precision, so that they can be kept
	// in half the room. They are handed out as float32 all the same.
	FeaturePrecision string

	lowered  bool         // the network was made by Lower
	levelled *graph.Model // the network that takes bytes
}

// Devices returns the names that Options.Device may have.
func Devices() []string { return env.Devices() }

// Grid declares a number of Options.Pool.
var Grid = graph.Grid

// Multi is the Tap that takes a network at several depths.
const Multi = graph.Multi

// DefaultBatch is how many images go through the network at once unless Options say otherwise: enough to feed
// the kernels, small enough for the activations of a wide network to stay near the caches.
const DefaultBatch = 8

// An Input describes the images that a network takes: layout, size and batch (0 where the file leaves them
// open) and the type of its elements. Features takes float32 whatever the type, and the cast is part of the
// graph: a network that takes uint8 gets whole numbers from 0 to 255.
type Input = graph.ImageInput

// A Feature describes what a row of features is made of.
type Feature = graph.Feature

// A Tap is a tensor that is used as a feature.
type Tap = graph.Tap

// A Block is the part of a row that comes from one tap at one cell of one grid.
type Block = graph.Block

// A Backbone is a network that is ready to run. It is safe for use by several goroutines. Close frees it.
type Backbone struct {
	name          string
	runtime       string // version of the native library
	digest        string
	preprocessing string
	input         Input
	feature       Feature
	notes         []string
	batch         int
	single        atomic.Bool // a batch failed: images go through one at a time
	device        string
	lanes         int  // sessions with a thread each, 0 for one session of all threads
	levels        bool // it takes bytes
	rounded       bool // to half precision

	mu       sync.RWMutex // held for reading during a run, for writing by Close
	sessions *sessions
}

// Open is OpenContext without a context.
func Open(path string, o Options) (*Backbone, error) {
	return OpenContext(context.Background(), path, o)
}

// OpenContext makes a network ready to run. Weights in other files (external data) are read from the folder of path.
// A file that isn't an image network, a tap that can't be decided or doesn't exist, and a native library that
// is missing or doesn't fit give a *invalid.Error.
func OpenContext(ctx context.Context, path string, o Options) (*Backbone, error) {
	src, err := readFile(ctx, path)
	if err != nil {
		return nil, err
	}
	return open(ctx, src, o, (*graph.Model).Cut)
}

// OpenBytes is Open for a network that isn't in a file; name identifies it in errors.
func OpenBytes(name string, data []byte, o Options) (*Backbone, error) {
	return open(context.Background(), source{name: name, data: data}, o, (*graph.Model).Cut)
}

// A cutter takes the part of a network that a feature needs.
type cutter func(*graph.Model, Feature) (*graph.Model, Input, error)

// open opens the part of a network that cut returns.
func open(ctx context.Context, src source, o Options, cut cutter) (*Backbone, error) {
	model, err := graph.Parse(src.name, src.data)
	if err != nil {
		return nil, err
	}
	feature, err := model.FindFeature(o.Tap, o.Pool, o.PoolStat...)
	if err != nil {
		return nil, err
	}
	library, err := env.Open(o.Library, o.Device)
	if err != nil {
		return nil, err
	}
	b := &Backbone{name: src.name, runtime: library.Version, preprocessing: model.Metadata(PreprocessingKey),
		feature: feature, rounded: o.FeaturePrecision == Float16}
	if b.digest, err = digest(ctx, model, src); err != nil {
		return nil, err
	}
	if b.feature.Width == 0 {
		if b.feature, err = probe(ctx, model, feature, src.dir, o); err != nil {
			return nil, err
		}
	}
	part, input, err := cut(model, b.feature)
	if err != nil {
		return nil, err
	}
	o.lowered = model.Metadata(PrecisionKey) != ""
	b.input, b.notes = input, model.FeatureNotes(b.feature)
	b.batch = o.MaxBatch
	if b.batch <= 0 {
		b.batch = DefaultBatch
	}
	if b.input.Batch > 0 {
		b.batch = b.input.Batch
	}
	if o.Levels != nil && part.TakesLevels() {
		if o.levelled, err = part.WithLevels(input, o.Levels); err != nil {
			return nil, err
		}
	}
	if b.sessions, err = openSessions(ctx, part, src.dir, o); err != nil {
		return nil, err
	}
	b.device = b.sessions.device
	if l := b.sessions.lanes; l != nil {
		b.lanes, b.levels = l.n, o.levelled != nil
	}
	return b, nil
}

// Dim returns the width of a row of features.
func (b *Backbone) Dim() int { return b.feature.Width }

// Feature returns what a row of features is made of.
func (b *Backbone) Feature() Feature { return b.feature }

// Blocks returns the layout of a row of features: which numbers come from which tap and cell.
func (b *Backbone) Blocks() []Block { return b.feature.Blocks() }

// Input returns what the network takes.
func (b *Backbone) Input() Input { return b.input }

// Digest returns the SHA-256 of the network's file, in hexadecimal; where weights are in other files it is
// taken over all of them.
func (b *Backbone) Digest() string { return b.digest }

// Preprocessing returns the preprocessing in the file's metadata (see PreprocessingKey), "" if there is none.
func (b *Backbone) Preprocessing() string { return b.preprocessing }

// RuntimeVersion returns the version of the native library that runs the network.
func (b *Backbone) RuntimeVersion() string { return b.runtime }

// Notes returns sentences about what was changed so that the network can be used. Runs may add to them.
func (b *Backbone) Notes() []string {
	if !b.single.Load() {
		return slices.Clone(b.notes)
	}
	return append(slices.Clone(b.notes), "a batch of several images failed; the network runs one image at a time")
}

// Device returns the device that the network runs on, never "auto".
func (b *Backbone) Device() string { return b.device }

// Sessions returns how many batches are in the network at a time, 0 if as many as there are callers.
func (b *Backbone) Sessions() int { return b.lanes }

// TakesLevels reports whether the network takes bytes, and FeaturesOfLevels takes the place of Features.
func (b *Backbone) TakesLevels() bool { return b.levels }

// Close waits for runs in progress and frees the network. A second call does nothing.
func (b *Backbone) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.sessions == nil {
		return nil
	}
	err := b.sessions.close()
	b.sessions = nil
	if err != nil {
		return fmt.Errorf("close %s: %w", b.name, err)
	}
	return nil
}
