package features

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"finetune/backbone"
	"finetune/internal/ort/env"
	"finetune/internal/ort/library"
	"finetune/internal/store/featurestore"
	"finetune/invalid"
	"finetune/models"
	"finetune/preprocess"
)

// pixelsVersion changes whenever our decoding or resizing gives other pixels, so that no feature of the old ones is used.
const pixelsVersion = "1"

// NetworkInfo describes the network of some features and its preprocessing. It is part of config.json and of
// meta.json of a feature folder.
type NetworkInfo struct {
	Name          string          `json:"name"`
	File          string          `json:"file,omitempty"`          // as given; "" for the embedded network
	FileFromRun   string          `json:"file_from_run,omitempty"` // relative to the run folder, with slashes
	Digest        string          `json:"digest"`                  // SHA-256
	CutFrom       string          `json:"cut_from,omitempty"`      // digest of the network that this was made from: of a bundle, or of another precision
	Tap           string          `json:"tap"`                     // with its pooling, where that isn't the mean over the whole
	Width         int             `json:"width"`
	Preprocessing preprocess.Spec `json:"preprocessing"`
	From          string          `json:"preprocessing_from"` // where the preprocessing comes from, in words
	Runtime       string          `json:"onnxruntime"`
	Device        string          `json:"device,omitempty"`            // with settings that decide about bits; "" for the CPU
	Precision     *PrecisionInfo  `json:"precision,omitempty"`         // nil for the file's own
	Features      string          `json:"feature_precision,omitempty"` // float16, or "" for float32; see Images.FeaturePrecision
}

// A Network is a backbone with its preprocessing resolved. It is started when it is first needed.
type Network struct {
	images  Images
	name    string
	file    string // "" for the embedded one
	data    []byte // of the embedded one
	about   *backbone.Description
	Spec    preprocess.Spec
	from    string
	library lazy[library.Library]
	running lazy[*backbone.Backbone]

	levels    bool               // on a device of its own the network takes bytes
	helped    *backbone.Backbone // takes the place of running where its runs have more threads than the worker's
	threads   int                // of helped
	startTime time.Duration      // what starting the network took
}

// OpenNetwork reads the network that i names and resolves its preprocessing; images is the approximate number of
// images. Nothing is started. A non-empty digest must be that of the network's file.
func OpenNetwork(i Images, digest string, images int) (*Network, error) {
	n := &Network{name: filepath.Base(i.Backbone), file: i.Backbone}
	if i.Backbone == "" {
		n.name, n.data = models.Default().Name, models.Default().Data
	} else if info, err := os.Stat(i.Backbone); err != nil || info.IsDir() {
		return nil, &invalid.Error{Field: "Images.Backbone", Path: i.Backbone, Found: "no such file", Want: "an ONNX network",
			Hint: "give its path, or leave {Images.Backbone} out to use the embedded " + models.Default().Name}
	}
	var err error
	if n.about, err = Describe(&i, images); err != nil {
		return nil, err
	}
	n.images = i
	if digest != "" && n.about.Digest != digest {
		return nil, &invalid.Error{
			Field: "Images.Backbone", Path: n.name, Found: "another network than the run was trained on (SHA-256 " + ShortDigest(n.about.Digest) + ")",
			Want: "SHA-256 " + ShortDigest(digest), Hint: "give the file that the run was trained with",
		}
	}
	if err := n.about.Err(); err != nil {
		return nil, err
	}
	if i.lowered != nil {
		n.name = i.lowered.from.name
	}
	if i.adopted != nil {
		n.Spec, n.from = i.adopted.spec, i.adopted.from
		return n, nil
	}
	if n.Spec, n.from, err = ResolvePreprocessing(n.name, n.about.Preprocessing, i.Preset, i.Overrides); err != nil {
		return nil, err
	}
	return n, n.fitSize()
}

// fitSize takes the height and width that the network fixes, and refuses an image size that differs.
func (n *Network) fitSize() error {
	in := n.about.Image
	for _, side := range []struct{ fixed, given int }{{in.Height, n.images.Overrides.ImageSize}, {in.Width, n.images.Overrides.ImageSize}} {
		if side.fixed > 0 && side.given > 0 && side.fixed != side.given {
			return &invalid.Error{
				Field: "Images.Overrides.ImageSize", Found: fmt.Sprintf("%d; %s takes %d × %d pixels only", side.given, n.name, in.Height, in.Width),
				Hint: "leave out {Images.Overrides.ImageSize}",
			}
		}
	}
	n.Spec = SizedFor(n.Spec, in)
	return nil
}

// SizedFor gives spec the height and width that a network fixes. A size that the network leaves open stays as it is,
// or becomes the default.
func SizedFor(spec preprocess.Spec, in *backbone.Input) preprocess.Spec {
	setIf(&spec.Height, in.Height)
	setIf(&spec.Width, in.Width)
	return spec.Sized(0, 0)
}

// An adopted preprocessing is that of another network, or of a run.
type adopted struct {
	spec preprocess.Spec
	from string
}

// Adopt replaces the preprocessing by that of a trained head, as [preprocess.Spec.String] writes it.
func (n *Network) Adopt(text string) error {
	spec, err := preprocess.Parse(text)
	if err != nil {
		return err
	}
	n.Spec, n.from = spec, "the trained run"
	n.images.adopted = &adopted{n.Spec, n.from}
	return nil
}

// runtime returns the native library to use.
func (n *Network) runtime() (library.Library, error) {
	return n.library.get(func() (library.Library, error) {
		lib, err := library.Find(n.images.Library, n.images.Device)
		if err == nil && lib.Version == "" {
			return env.Open(n.images.Library, n.images.Device) // only the loaded library knows its version
		}
		return lib, err
	})
}

// start starts the network when it is first needed. Every run has one thread unless more were found to be faster: the workers are
// the parallelism, so that no core waits for another.
func (n *Network) Start() (*backbone.Backbone, error) {
	if n.helped != nil {
		return n.helped, nil
	}
	return n.running.get(func() (*backbone.Backbone, error) {
		start := time.Now()
		net, err := n.open(1)
		n.startTime = time.Since(start)
		return net, err
	})
}

// takeDevice starts the network if a device or its options are given, so that their errors are reported before an
// image is read, even if all features are cached. It returns the device, "" if none was given.
func (n *Network) takeDevice() (string, error) {
	asked := n.images.Device
	if asked == "" && len(n.images.DeviceOptions) == 0 && n.images.sessions == 0 {
		return "", nil
	}
	net, err := n.Start()
	if err != nil {
		return "", err
	}
	if asked == env.Auto && net.Device() == env.CPU {
		return "cpu (auto: the native library can use no other here)", nil
	}
	return net.Device(), nil
}

func (n *Network) open(threads int) (*backbone.Backbone, error) {
	o := n.images.backbone()
	o.Threads, o.MaxBatch = threads, max(mostBatch, n.images.Batch)
	if n.levels {
		levels := n.Spec.Levels()
		o.Levels, o.MaxBatch = &levels, max(mostDeviceBatch, n.images.Batch)
	}
	if n.file == "" {
		return backbone.OpenBytes(n.name, n.data, o)
	}
	return backbone.Open(n.file, o)
}

// device returns the network if it was started on a device of its own, on which pictures are put together to batches; else nil.
func (n *Network) device() *backbone.Backbone {
	if n.running.made && n.running.value.TakesLevels() {
		return n.running.value
	}
	return nil
}

// Close ends the network where it was started.
func (n *Network) Close() error {
	err := n.dropThreads()
	if !n.running.made {
		return err
	}
	if closeErr := n.running.value.Close(); err == nil {
		err = closeErr
	}
	return err
}

func (n *Network) Transformer() (*preprocess.Transformer, error) {
	layout := preprocess.NCHW
	if string(n.about.Image.Layout) == preprocess.NHWC.String() {
		layout = preprocess.NHWC
	}
	return preprocess.NewTransformer(n.Spec, layout)
}

// recipe is everything that decides a feature besides the image. Other devices than the CPU give other bits; which
// device "auto" is, is known once the network is started.
func (n *Network) recipe() (featurestore.Recipe, error) {
	lib, err := n.runtime()
	if err != nil {
		return featurestore.Recipe{}, err
	}
	device, err := n.deviceText()
	if err != nil {
		return featurestore.Recipe{}, err
	}
	if device != "" {
		lib.Version += " " + device
	}
	feature, err := n.feature()
	if err != nil {
		return featurestore.Recipe{}, err
	}
	return featurestore.Recipe{
		Backbone: n.about.Digest, Tap: feature.Text, Preprocessing: n.Spec.String(),
		Runtime: lib.Version, Pixels: pixelsVersion, Half: n.images.half(),
	}, nil
}

// deviceText names the device, where that isn't the CPU, with the settings that may change the bits of features.
func (n *Network) deviceText() (string, error) {
	if d := n.images.Device; d == "" || d == env.CPU {
		return "", nil
	}
	net, err := n.Start()
	if err != nil || net.Device() == env.CPU {
		return "", err
	}
	return net.Device() + n.images.deviceNumerics(), nil
}

// deviceNumerics says which settings of a device may change the bits of features: TF32, and all options but those that name the
// device or bound its memory.
func (i Images) deviceNumerics() (text string) {
	if i.Precision == backbone.TF32 {
		text = " " + backbone.TF32
	}
	for _, key := range slices.Sorted(maps.Keys(i.DeviceOptions)) {
		if key != "device_id" && key != "gpu_mem_limit" && key != "arena_extend_strategy" {
			text += " " + key + "=" + i.DeviceOptions[key]
		}
	}
	return text
}

// feature returns the complete feature. The network is started if its file does not determine the shape.
func (n *Network) feature() (backbone.Feature, error) {
	if n.about.Feature.Width > 0 {
		return *n.about.Feature, nil
	}
	net, err := n.Start()
	if err != nil {
		return backbone.Feature{}, err
	}
	return net.Feature(), nil
}

// info describes the network after features of the given width were computed.
func (n *Network) info(width int) *NetworkInfo {
	lib, _ := n.runtime() // without a library there would be no features
	feature, _ := n.feature()
	device, _ := n.deviceText()
	info := &NetworkInfo{
		Name: n.name, File: n.file, Digest: n.about.Digest, Tap: feature.Text, Width: width,
		Preprocessing: n.Spec, From: n.from, Runtime: lib.Version, Device: device,
	}
	if n.images.half() {
		info.Features = backbone.Float16
	}
	if l := n.images.lowered; l != nil {
		info.File, info.CutFrom, info.Precision = l.from.file, l.from.about.Digest, &l.info
	}
	return info
}

// describe lists what will be used, as lines for a person.
func (n *Network) describe() []string {
	kind, feature, why := n.file, n.about.Feature.Text, n.about.Feature.Why
	if l := n.images.lowered; l != nil {
		kind, why = l.from.file, l.from.about.Feature.Why
	}
	if kind == "" {
		kind = "embedded " + n.name
	}
	if many := len(n.about.Feature.Taps); many > 1 {
		feature = fmt.Sprintf("%d tensors, pooled over grids %v", many, n.about.Feature.Pool)
	}
	if n.about.Feature.Width > 0 {
		feature += fmt.Sprintf(", %d wide", n.about.Feature.Width)
	}
	lines := []string{
		"backbone: " + kind,
		fmt.Sprintf("feature:  %s: %s", feature, why),
		"pixels:   " + n.Spec.String(),
		"          from " + n.from,
	}
	if n.images.half() {
		lines = append(lines, halfNote)
	}
	for _, note := range n.about.Notes {
		lines = append(lines, "note:     "+note)
	}
	return lines
}

// StartMaps starts the network with the maps before pooling as outputs, one thread per run.
func (n *Network) StartMaps() (*backbone.Mapper, error) {
	o := n.images.backbone()
	o.Threads = 1
	if n.file == "" {
		return backbone.OpenMapsBytes(n.name, n.data, o)
	}
	return backbone.OpenMaps(n.file, o)
}

// ChannelsLast reports whether tensors are NHWC.
func (n *Network) ChannelsLast() bool { return string(n.about.Image.Layout) == "NHWC" }

// ShortDigest returns the first characters of a digest, for messages.
func ShortDigest(digest string) string { return digest[:min(12, len(digest))] + "…" }

// File returns the path of the network's file, "" for the embedded network.
func (n *Network) File() string { return n.file }
