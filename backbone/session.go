package backbone

import (
	"context"
	"fmt"

	"finetune/internal/onnx/graph"
	"finetune/internal/ort/env"
	"finetune/invalid"

	ort "github.com/yalue/onnxruntime_go"
)

// newSession creates a session of a cut network on the first of the requested devices that accepts it, and returns
// that device.
func newSession(ctx context.Context, cut *graph.Model, dir string, o Options,
) (session *ort.DynamicAdvancedSession, device string, err error) {
	devices, err := env.Candidates(o.Device)
	if err != nil {
		return nil, "", err
	}
	for i, device := range devices {
		settings := o.DeviceOptions
		last := i == len(devices)-1
		if last && len(devices) > 1 {
			settings = nil // they are for a device that isn't available
		}
		if session, err = sessionOn(ctx, cut, dir, o, device, settings); err == nil || last {
			return session, device, err
		}
	}
	return nil, "", err
}

func sessionOn(ctx context.Context, cut *graph.Model, dir string, o Options, device string,
	settings map[string]string,
) (*ort.DynamicAdvancedSession, error) {
	options, err := sessionOptions(o.Threads)
	if err != nil {
		return nil, fmt.Errorf("set up ONNX Runtime for %s: %w", cut.Name(), err)
	}
	defer options.Destroy()
	if err := env.Use(options, device, settings); err != nil {
		return nil, err
	}
	if o.lowered {
		// Processors without VNNI would lose what exceeds 16 bits in a sum of two products.
		if err := options.AddSessionConfigEntry("session.x64quantprecision", "1"); err != nil {
			return nil, err
		}
	}
	if cut, err = withExternal(ctx, options, cut, dir); err != nil {
		return nil, err
	}
	data, err := cut.Bytes()
	if err != nil {
		return nil, err
	}
	session, err := ort.NewDynamicAdvancedSessionWithONNXData(data, names(cut.Inputs()), names(cut.Outputs()), options)
	if err != nil {
		if err := env.CheckOn(device, settings); err != nil {
			return nil, err // any network would fail
		}
		return nil, &invalid.Error{Path: cut.Name(), Found: "ONNX Runtime can't load the network", Err: err,
			Want: "an operator set and operators that ONNX Runtime " + ort.GetVersion() + " knows",
			Hint: "export it again with an older operator set, or use a newer library"}
	}
	return session, nil
}

func sessionOptions(threads int) (*ort.SessionOptions, error) {
	options, err := ort.NewSessionOptions()
	if err != nil {
		return nil, err
	}
	set := []func() error{
		func() error { return options.SetGraphOptimizationLevel(ort.GraphOptimizationLevelEnableAll) },
		func() error { return options.SetExecutionMode(ort.ExecutionModeSequential) },
		func() error { return options.SetIntraOpNumThreads(max(threads, 0)) },
		func() error { return options.SetInterOpNumThreads(1) },
		func() error { return options.SetCpuMemArena(true) },
		// Threads that wait in a busy loop would take cores from the decoding of the next images.
		func() error { return options.AddSessionConfigEntry("session.intra_op.allow_spinning", "0") },
		// Failures are returned as errors; the library's log on standard error would repeat them.
		func() error { return options.SetLogSeverityLevel(ort.LoggingLevelFatal) },
	}
	for _, f := range set {
		if err := f(); err != nil {
			options.Destroy()
			return nil, err
		}
	}
	return options, nil
}

func names(values []graph.Value) []string {
	list := make([]string, len(values))
	for i, v := range values {
		list[i] = v.Name
	}
	return list
}
