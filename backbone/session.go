package backbone

import (
	"cmp"
	"context"
	"fmt"
	"maps"

	"finetune/internal/onnx/graph"
	"finetune/internal/ort/env"
	"finetune/invalid"

	ort "github.com/yalue/onnxruntime_go"
)

// A session is what ONNX Runtime runs a network with.
type session = *ort.DynamicAdvancedSession

// sessions are those of a network on one device.
type sessions struct {
	device string
	one    session         // run by any number of threads; nil where there are lanes
	lanes  *lanes[session] // nil where there is one
}

// sessionsOn is how many sessions a device has, each with a thread of its own; 0 is one session for all threads. Two keep a
// GPU at work: while one hands over its batch, the other one computes. DirectML runs one batch at a time, and TensorRT
// takes minutes to open a network.
func sessionsOn(device string) int {
	switch device {
	case "cuda":
		return 2
	case "directml", "tensorrt":
		return 1
	}
	return 0
}

// openSessions opens the sessions of a cut network on the first of the requested devices that accepts it.
func openSessions(ctx context.Context, cut *graph.Model, dir string, o Options) (*sessions, error) {
	devices, err := env.Candidates(o.Device)
	if err != nil {
		return nil, err
	}
	for i, device := range devices {
		settings := o.DeviceOptions
		last := i == len(devices)-1
		if last && len(devices) > 1 {
			settings = nil // they are for a device that isn't available
		}
		if o.TF32 {
			if settings, err = withTF32(device, settings); err != nil {
				return nil, err
			}
		}
		n := cmp.Or(o.Sessions, sessionsOn(device))
		network := cut
		if n > 0 && o.levelled != nil {
			network = o.levelled
		}
		open := func() (session, error) { return sessionOn(ctx, network, dir, o, device, settings) }
		s := &sessions{device: device}
		if n > 0 {
			s.lanes, err = openLanes(n, open)
		} else {
			s.one, err = open()
		}
		if err == nil {
			return s, nil
		}
		if last {
			break
		}
	}
	return nil, err
}

// withTF32 adds the choice to the settings of a device.
func withTF32(device string, settings map[string]string) (map[string]string, error) {
	const key = "use_tf32"
	if device != "cuda" {
		return nil, &invalid.Error{Field: "Images.Precision", Found: TF32 + " on " + device, Want: "{Images.Device} cuda",
			Hint: "give {Images.Precision} " + Float32}
	}
	if v, ok := settings[key]; ok && v != "1" {
		return nil, &invalid.Error{Field: "Images.DeviceOptions", Found: key + "=" + v + " with {Images.Precision} " + TF32, Want: "one of them"}
	}
	all := map[string]string{key: "1"}
	maps.Copy(all, settings)
	return all, nil
}

// do calls f with a session, on the session's own thread where it has one.
func (s *sessions) do(ctx context.Context, f func(session) error) error {
	if s.lanes != nil {
		return s.lanes.do(ctx, f)
	}
	return f(s.one)
}

// run runs a batch and stops it in the middle when the context ends.
func (s *sessions) run(ctx context.Context, name string, in ort.Value, out []ort.Value) error {
	return s.do(ctx, func(one session) error { return runSession(ctx, name, one, in, out) })
}

func (s *sessions) close() error {
	if s.lanes != nil {
		return s.lanes.close()
	}
	return s.one.Destroy()
}

func sessionOn(ctx context.Context, cut *graph.Model, dir string, o Options, device string,
	settings map[string]string,
) (session, error) {
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
	one, err := ort.NewDynamicAdvancedSessionWithONNXData(data, names(cut.Inputs()), names(cut.Outputs()), options)
	if err != nil {
		if err := env.CheckOn(device, settings); err != nil {
			return nil, err // any network would fail
		}
		if starved := env.Starved(err); starved != nil {
			return nil, starved
		}
		return nil, &invalid.Error{Path: cut.Name(), Found: "ONNX Runtime can't load the network", Err: err,
			Want: "an operator set and operators that ONNX Runtime " + ort.GetVersion() + " knows",
			Hint: "export it again with an older operator set, or use a newer library"}
	}
	return one, nil
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
