package explain

import (
	"errors"
	"fmt"
	"slices"

	"finetune/backbone"
	"finetune/internal/cores"
	"finetune/invalid"
	"finetune/pipeline/features"
	"finetune/pipeline/run"
)

// newAttributor chooses the method and starts the network for it. It fills in the result's Method, Why and Reference.
// The caller closes the attributor.
func (e *Job) newAttributor(model *run.Run, net *features.Network, images int, result *Result) (attributor, error) {
	methods := []string{"", MethodAuto, MethodCAM, MethodOcclusion}
	if !slices.Contains(methods, e.Method) {
		return nil, &invalid.Error{Field: "Method", Found: fmt.Sprintf("%q", e.Method), Want: "auto, cam or occlusion"}
	}
	if e.Method == MethodOcclusion {
		result.Why = "as requested"
		return e.newOccluder(model, net, images, result)
	}
	mapper, err := net.StartMaps()
	switch {
	case errors.Is(err, backbone.ErrNoMaps) && e.Method == MethodCAM:
		return nil, &invalid.Error{Field: "Method", Found: "cam with a network that has no activation maps", Err: err,
			Hint: "leave it out to use occlusion"}
	case errors.Is(err, backbone.ErrNoMaps):
		result.Why = err.Error()
		return e.newOccluder(model, net, images, result)
	case err != nil:
		return nil, err
	}
	if e.Patch != 0 || e.Stride != 0 {
		mapper.Close()
		return nil, &invalid.Error{Field: "Patch", Found: "{Patch} or {Stride} with method cam, which hides nothing",
			Hint: "leave them out, or give {Method} occlusion"}
	}
	c := &CAM{Head: model.Head, Mapper: mapper, Height: net.Spec.Height, Width: net.Spec.Width}
	if c.Mean, err = model.FeatureMean(); err != nil {
		mapper.Close()
		return nil, err
	}
	result.Method, result.Why = MethodCAM, "the features are means of activation maps"
	if result.Reference = "the average training image"; c.Mean == nil {
		result.Reference = "an image whose features are all zero: the run has no " + run.FeatureMeanFile
	}
	return c, nil
}

// newOccluder starts the network for occlusion. Patch and Stride default to a fifth and a fourteenth of the input's
// shorter side.
func (e *Job) newOccluder(model *run.Run, net *features.Network, images int, result *Result) (attributor, error) {
	o := &occluder{head: model.Head, height: net.Spec.Height, width: net.Spec.Width, patch: e.Patch, stride: e.Stride,
		channelsLast: net.ChannelsLast(), threads: cores.Of(e.Threads)}
	shorter := min(o.height, o.width)
	if o.stride == 0 {
		o.stride = max(1, shorter/14)
	}
	if o.patch == 0 {
		o.patch = max(o.stride, shorter/5)
	}
	if o.stride < 1 || o.patch < o.stride || o.patch > shorter {
		return nil, &invalid.Error{Field: "Patch", Found: fmt.Sprintf("{Patch} %d and {Stride} %d", o.patch, o.stride),
			Want: fmt.Sprintf("1 ≤ {Stride} ≤ {Patch} ≤ %d, the shorter side of the network's input", shorter)}
	}
	var err error
	if o.net, err = net.Start(); err != nil {
		return nil, err
	}
	rows, columns := o.positions()
	o.stage = e.Progress.Start("occlusion", images*rows*columns, "position")
	result.Method = MethodOcclusion
	result.Reference = fmt.Sprintf("the same image with %d × %d of %d × %d pixels replaced by its mean colour",
		o.patch, o.patch, o.width, o.height)
	return o, nil
}
