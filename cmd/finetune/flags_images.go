package main

import (
	"strings"

	"github.com/spf13/pflag"

	"finetune/backbone"
	"finetune/internal/cores"
	"finetune/pipeline/features"
	"finetune/preprocess"
)

// addRuntimeFlags binds what decides how fast and where the work is done, never what comes out.
func addRuntimeFlags(f *pflag.FlagSet, i *features.Images, threads *int) {
	addCacheFlags(f, i)
	addComputeFlags(f, i, threads)
	i.MaxUnreadable = new(features.DefaultMaxUnreadable)
	addNumber(f, i.MaxUnreadable, features.Numbers.MaxUnreadable, "max-unreadable", "`share` of unreadable images above which the run stops")
}

// addCacheFlags binds the feature cache.
func addCacheFlags(f *pflag.FlagSet, i *features.Images) {
	f.StringVar(&i.Cache, "cache", "", "folder of the feature `cache` (default: finetune in the user's cache folder)")
	f.BoolVar(&i.NoCache, "no-cache", false, "neither read nor write the feature cache")
}

// addComputeFlags binds what runs the network, for commands that need more of it than the feature cache has.
func addComputeFlags(f *pflag.FlagSet, i *features.Images, threads *int) {
	addNumber(f, threads, cores.Threads, "threads", "cores to work on (default: all)")
	addNumber(f, &i.Batch, features.Numbers.Batch, "image-batch", "`images` that go through the network at once (default: 8, or what is found to be fastest where there are many)")
	f.StringVar(&i.Device, "device", "", "what runs the network: "+strings.Join(backbone.Devices(), ", ")+" (default cpu)")
	f.StringToStringVar(&i.DeviceOptions, "device-option", nil, "`setting` of the device's execution provider, such as device_id=1")
	f.StringVar(&i.Library, "library", "", "the native ONNX Runtime `library`, where it isn't to be searched for")
	f.BoolVar(&i.Strict, "strict", false, "stop at the first image that can't be read, instead of skipping and listing it")
}

// addMovedNetworkFlag binds the network of a run, for commands that apply a run.
func addMovedNetworkFlag(f *pflag.FlagSet, backbone *string) {
	f.StringVar(backbone, "backbone", "", "ONNX `file` of the network, where it isn't where the run was trained")
}

// addNetworkFlags binds what decides a feature: the network, its tap and the preprocessing.
func addNetworkFlags(f *pflag.FlagSet, i *features.Images) {
	f.StringVar(&i.Backbone, "backbone", "", "ONNX `file` of the network (default: the embedded EfficientNet-Lite0)")
	addTapFlags(f, &i.Tap, &i.Pool, &i.PoolStat)
	f.StringVar(&i.Precision, "precision", "", "what the network computes with: "+strings.Join(features.Precisions(), ", ")+"; auto is int8 where it is faster without loss (default float32)")
	f.StringVar(&i.FeaturePrecision, "feature-precision", "", "what features are rounded to and kept as: float32, or float16 in half the room (default float32)")
	f.StringVar(&i.Preset, "preset", "", "preprocessing by `name`: "+presetHelp())
	o := &i.Overrides
	addNumber(f, &o.ImageSize, preprocess.Numbers.ImageSize, "image-size", "side of the square that the network sees, in `pixels` (default 224)")
	addNumber(f, &o.CropPct, preprocess.Numbers.CropPct, "crop-pct", "`share` of the resized image that the centre crop keeps (default 0.875)")
	f.StringVar((*string)(&o.Resize), "resize", "", "squash: the whole picture; shorter: resize the shorter side and crop (default squash, or what --preset says)")
	f.StringVar((*string)(&o.Interpolation), "interpolation", "", "bilinear or bicubic (default bilinear)")
	f.StringVar((*string)(&o.ChannelOrder), "channel-order", "", "rgb or bgr (default rgb)")
	addNumber(f, &o.Scale, preprocess.Numbers.Scale, "scale", "`number` that pixels are divided by first (default 255)")
	addNumber(f, &o.White, preprocess.Numbers.White, "white", "largest `value` of 16-bit samples, such as 4095 for 12-bit images (default 65535)")
	addList(f, &o.Mean, preprocess.Numbers.Mean, "mean", "three `numbers` to subtract, in the network's channel order")
	addList(f, &o.Std, preprocess.Numbers.Std, "std", "three `numbers` to divide by, in the network's channel order")
}

// addTapFlags binds which tensors of the network become the feature.
func addTapFlags(f *pflag.FlagSet, tap *string, pool *[]int, stats *[]string) {
	f.StringVar(tap, "tap", "", "`tensor` to take as feature, several with commas between; multi: the end of every stage and block; last: what enters the final classifier (default: multi on grids 1,3, or less where that is too wide)")
	addList(f, pool, backbone.Grid, "pool", "`grids` to average maps over: 1 is the whole, 3 a 3 × 3 grid, 1,3 both (default 1 where --tap is given)")
	f.StringSliceVar(stats, "pool-stat", nil, "`statistics` of maps to take: mean, and with it std, cov (covariances of 64 projected channels) or cov:N (default mean)")
}

func presetHelp() string {
	text := ""
	for _, name := range preprocess.PresetNames() {
		text += name + ", "
	}
	return text + "or a network such as resnet50"
}
