package env

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	ort "github.com/yalue/onnxruntime_go"

	"finetune/internal/ort/cudalibs"
	"finetune/internal/ort/library"
	"finetune/invalid"
)

// CPU is the device that every library has; Auto is the best that this one can use.
const (
	CPU  = "cpu"
	Auto = "auto"
)

// A provider runs networks on a kind of device.
type provider struct {
	name string
	add  func(o *ort.SessionOptions, settings map[string]string) error
	// automatic providers are tried for Auto, in the order of the list. The others need minutes to start (TensorRT)
	// or settings to be of use.
	automatic bool
}

var providers = []provider{
	{"cuda", addCUDA, true},
	{"directml", addDirectML, true},
	{"coreml", (*ort.SessionOptions).AppendExecutionProviderCoreMLV2, true},
	{"tensorrt", addTensorRT, false},
	{"openvino", (*ort.SessionOptions).AppendExecutionProviderOpenVINO, false},
	{"xnnpack", addXNNPACK, false},
}

// Devices returns the names that a device may have, Auto among them.
func Devices() []string {
	names := []string{Auto, CPU}
	for _, p := range providers {
		names = append(names, p.name)
	}
	return names
}

// Candidates returns the devices to try for a name, best first: the name itself, or for Auto those that choose
// themselves and then CPU; "" is CPU. A name that no device has gives a *invalid.Error.
func Candidates(device string) ([]string, error) {
	switch {
	case device == "":
		return []string{CPU}, nil
	case device == Auto:
		var list []string
		for _, p := range providers {
			if p.automatic {
				list = append(list, p.name)
			}
		}
		return append(list, CPU), nil
	case slices.Contains(Devices(), device):
		return []string{device}, nil
	}
	return nil, &invalid.Error{Field: "Images.Device", Found: fmt.Sprintf("unknown device %q", device),
		Want: strings.Join(Devices(), ", ")}
}

// Use makes sessions with these options run on a device, with the settings of its execution provider. What the
// loaded library lacks, or this machine, gives a *invalid.Error. Open must have succeeded before.
func Use(o *ort.SessionOptions, device string, settings map[string]string) error {
	if device == CPU {
		if len(settings) > 0 {
			return &invalid.Error{Field: "Images.DeviceOptions", Found: slices.Sorted(maps.Keys(settings))[0],
				Want: "none: the CPU has no options", Hint: "name another {Images.Device}, or leave it out"}
		}
		return nil
	}
	i := slices.IndexFunc(providers, func(p provider) bool { return p.name == device })
	if i < 0 {
		_, err := Candidates(device)
		return errors.Join(err, fmt.Errorf("use %q as a device", device))
	}
	if err := quietly(func() error { return providers[i].add(o, settings) }); err != nil {
		return unusable(device, err)
	}
	return nil
}

// unusable is the error for a device that the loaded library can't use on this machine.
func unusable(device string, err error) error {
	e := &invalid.Error{Field: "Images.Device", Err: oneLine(err),
		Found: fmt.Sprintf("ONNX Runtime %s at %s can't use %s here", loaded.Version, loaded.Path, device),
		Want:  "a device that `finetune doctor` lists",
		Hint:  "let {Images.Device} be auto, or name a library that has the device with {Images.Library}"}
	if device != library.CUDA {
		return e
	}
	cuda, err := cudalibs.Look(filepath.Dir(loaded.Path))
	if err != nil {
		e.Hint = "install a build for CUDA with `finetune setup --device cuda`, or name one with {Images.Library}"
	} else if problems := cuda.Problems(); len(problems) > 0 {
		e.Err, e.Want = errors.New(problems[0].Found), ""
		e.Hint = problems[0].Advice + "; `finetune doctor --device cuda` lists all that is missing"
	}
	return e
}

// cause is the part of a message about CUDA that says what is wrong.
var cause = regexp.MustCompile(`(CUDA|CUBLAS|CUDNN) failure \d+: [^;\n]+`)

// oneLine shortens what a library says at length to its first line, or to the cause where that is known.
func oneLine(err error) error {
	line, _, _ := strings.Cut(strings.TrimSpace(err.Error()), "\n")
	if found := cause.FindString(err.Error()); found != "" {
		line = strings.TrimSpace(found)
	}
	const most = 200
	if r := []rune(line); len(r) > most {
		line = string(r[:most]) + "…"
	}
	return errors.New(line)
}

// quietly runs f while the library prints nothing: a build that knows CUDA but lacks its part logs that at length,
// and the error has it already.
func quietly(f func() error) error {
	if err := ort.SetEnvironmentLogLevel(ort.LoggingLevelFatal); err != nil {
		return err
	}
	return errors.Join(f(), ort.SetEnvironmentLogLevel(ort.LoggingLevelError))
}

// Providers names the execution providers that the loaded library can use on this machine, cpu first. Each is
// tried: a build may know a provider whose driver or device isn't there. Open must have succeeded before.
func Providers() (usable []string, err error) {
	usable = []string{CPU}
	for _, p := range providers {
		err := CheckOn(p.name, nil)
		if err == nil {
			usable = append(usable, p.name)
		} else if !invalid.Is(err) {
			return nil, err
		}
	}
	return usable, nil
}

// addCUDA turns TF32 off unless settings turn it on, so that features agree with those of the CPU. Memory grows by what is asked
// for, not to the next power of two: batches have one size.
func addCUDA(o *ort.SessionOptions, settings map[string]string) error {
	// What can't be loaded, or isn't a build for CUDA at all, is the library's to say.
	_, _ = cudalibs.Load(filepath.Dir(loaded.Path))
	cuda, err := ort.NewCUDAProviderOptions()
	if err != nil {
		return err
	}
	all := map[string]string{"use_tf32": "0", "arena_extend_strategy": "kSameAsRequested"}
	maps.Copy(all, settings)
	err = cuda.Update(all)
	if err == nil {
		err = o.AppendExecutionProviderCUDA(cuda)
	}
	return errors.Join(err, cuda.Destroy())
}

func addTensorRT(o *ort.SessionOptions, settings map[string]string) error {
	rt, err := ort.NewTensorRTProviderOptions()
	if err != nil {
		return err
	}
	if len(settings) > 0 {
		err = rt.Update(settings)
	}
	if err == nil {
		err = o.AppendExecutionProviderTensorRT(rt)
	}
	return errors.Join(err, rt.Destroy())
}

func addDirectML(o *ort.SessionOptions, settings map[string]string) error {
	device := 0
	for key, value := range settings {
		var err error
		if device, err = strconv.Atoi(value); key != "device_id" || err != nil {
			return fmt.Errorf("%s=%s isn't device_id=NUMBER, its one option", key, value)
		}
	}
	if err := o.SetMemPattern(false); err != nil { // DirectML can't plan memory ahead
		return err
	}
	return o.AppendExecutionProviderDirectML(device)
}

func addXNNPACK(o *ort.SessionOptions, settings map[string]string) error {
	return o.AppendExecutionProvider("XNNPACK", settings)
}
