package features

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"finetune/augment"
	"finetune/backbone"
	"finetune/invalid"
)

// Images are the options of feature extraction. The zero value is the embedded network with the user's cache.
type Images struct {
	Backbone string // ONNX file; "" is the embedded network, or the one that a trained run names
	// Tap is the tensor to take, several with commas between, or Multi: the end of every stage and block; or Last: what enters the
	// final classifier. "" is chosen by the network and the number of images, see defaultFeatures.
	Tap string
	// Pool lists the grids to average maps over, by their cells a side; nil is {1}, the mean over the whole, unless Tap is "" too.
	Pool []int
	// PoolStat lists the statistics of maps to take: "mean", which nil stands for, with "std" or "cov" or both, see
	// backbone.Options.
	PoolStat  []string
	Preset    string // preprocessing by name; "" is the network's own
	Overrides Overrides

	// Views is the number of views of an image that become features; the first is the image itself; 0 is 1. Augment describes the
	// others; if it allows no change it is DefaultAugment.
	Views   int
	Augment augment.Plan

	// Precision is what the network computes with: one of Precisions, "" is float32. Int8 and float16 are made from the network with
	// some of the images of the job, and auto is int8 where that is faster and loses nothing that can be measured. TF32 is a choice of
	// the device cuda.
	Precision string
	lowered   *lowered // the network in Backbone was made so
	sessions  int      // of a device, see backbone.Options; for tests, which have the CPU
	adopted   *adopted // preprocessing instead of that of the fields below

	// FeaturePrecision is what features are rounded to and kept as, one of FeaturePrecisions; "" is float32, as the network gives
	// them. Float16 takes half the room in the cache and in a feature folder.
	FeaturePrecision string

	Library string // the native ONNX Runtime; "" is searched for
	// Device runs the network: one of backbone.Devices, "" is the CPU, "auto" the best that is there. DeviceOptions are settings of
	// its execution provider, by ONNX Runtime's names.
	Device        string
	DeviceOptions map[string]string
	Cache         string // folder of the feature cache; "" is in the user's cache folder
	NoCache       bool   // neither read nor write the feature cache
	Batch         int    // images that go through the network at once; 0 is found by measuring where there are many

	MatrixBytes int64 // what the features may take in memory before they go to a file; 0 is half of it

	Strict bool // stop at the first unreadable image
	// MaxUnreadable is the share of unreadable images above which a job stops, from 0 to 1; nil is DefaultMaxUnreadable.
	MaxUnreadable *float64
}

// The taps that have names of their own.
const (
	Multi = backbone.Multi // the end of every stage and block, one behind the other
	Last  = "last"         // what enters the final classifier
)

// backbone returns the options of the network.
func (i Images) backbone() backbone.Options {
	o := backbone.Options{Tap: i.Tap, Pool: i.Pool, PoolStat: i.PoolStat, Library: i.Library, Device: i.Device,
		DeviceOptions: i.DeviceOptions, Sessions: i.sessions, TF32: i.Precision == backbone.TF32,
		FeaturePrecision: i.FeaturePrecision}
	if o.Tap == Last {
		o.Tap = ""
	}
	return o
}

func (i Images) views() int { return cmp.Or(i.Views, 1) }

func (i Images) plan() augment.Plan {
	p := i.Augment
	if p.Kinds == 0 {
		p.Kinds = DefaultAugment
	}
	return p
}

func (i Images) maxUnreadable() float64 {
	if i.MaxUnreadable == nil {
		return DefaultMaxUnreadable
	}
	return *i.MaxUnreadable
}

// asIs reports whether the network is used as its file has it.
func (i Images) asIs() bool {
	return i.Precision == "" || i.Precision == backbone.Float32 || i.Precision == backbone.TF32
}

// Numbers declares the numbers of Images; those of Overrides are preprocess.Numbers.
var Numbers = struct{ Batch, MaxUnreadable, Views invalid.Number }{
	Batch: invalid.Number{Field: "Images.Batch", Range: invalid.Range{Low: 1, High: maxBatch}, Whole: true,
		AutoIs: "8, or what is found to be fastest where there are many images"},
	MaxUnreadable: invalid.Number{Field: "Images.MaxUnreadable", Range: invalid.Range{High: 1}},
	Views: invalid.Number{Field: "Images.Views", Range: invalid.Range{Low: 1, High: augment.Most}, Whole: true,
		AutoIs: "1, the image itself"},
}

// Check reports numbers that are out of range, as an *invalid.Error.
func (i Images) Check() error {
	return cmp.Or(Numbers.MaxUnreadable.Check(i.maxUnreadable()), Numbers.Batch.Check(float64(i.Batch)),
		Numbers.Views.Check(float64(i.Views)), i.Overrides.check(), i.checkPrecision())
}

// FeaturePrecisions returns what Images.FeaturePrecision may be.
func FeaturePrecisions() []string { return []string{backbone.Float32, backbone.Float16} }

// halfNote tells that features are kept as float16.
const halfNote = "numbers:  features rounded to float16"

// half reports whether features are kept as float16.
func (i Images) half() bool { return i.FeaturePrecision == backbone.Float16 }

func (i Images) checkPrecision() error {
	if !slices.Contains(FeaturePrecisions(), cmp.Or(i.FeaturePrecision, backbone.Float32)) {
		return &invalid.Error{Field: "Images.FeaturePrecision", Found: fmt.Sprintf("%q", i.FeaturePrecision), Want: strings.Join(FeaturePrecisions(), ", ")}
	}
	if !slices.Contains(Precisions(), cmp.Or(i.Precision, backbone.Float32)) {
		return &invalid.Error{Field: "Images.Precision", Found: fmt.Sprintf("%q", i.Precision), Want: strings.Join(Precisions(), ", ")}
	}
	if i.Precision == backbone.TF32 && i.Device != "cuda" {
		return &invalid.Error{Field: "Images.Precision", Found: backbone.TF32 + " without a GPU", Want: "{Images.Device} cuda with it",
			Hint: "give {Images.Precision} " + backbone.Float32}
	}
	return nil
}

// DefaultMaxUnreadable is the share of unreadable images above which a job stops unless told otherwise.
const DefaultMaxUnreadable = 0.1

// maxBatch bounds the images that go through the network at once.
const maxBatch = 4096
