package backbone

import (
	"slices"
	"strings"
	"testing"

	"finetune/internal/ort/env"
	"finetune/invalid"
)

// Which devices there are depends on the machine: what can be used must give the CPU's features, what can't must say
// so in one line, and auto must run everywhere.
func TestDevices(t *testing.T) {
	usable, err := env.Providers()
	if err != nil {
		t.Fatal(err)
	}
	tensor, n := images(t, "images.npy")
	want := torchFeatures(t)["mobilenet_v2_13"]
	for _, device := range Devices() {
		b, err := Open(testdata("mobilenet_v2_13.onnx"), Options{Device: device, Threads: 1})
		if device != env.Auto && !slices.Contains(usable, device) {
			if !invalid.Is(err) || !strings.HasPrefix(err.Error(), "Images.Device: ONNX Runtime") ||
				strings.Contains(err.Error(), "\n") {
				t.Errorf("%s, which isn't there: %v", device, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", device, err)
			continue
		}
		if cosine, _ := compare(features(t, b, tensor, n), want); !(cosine > 0.9999) {
			t.Errorf("%s: cosine %.7f", device, cosine)
		}
		if b.Device() != device && device != env.Auto || b.Device() == env.Auto {
			t.Errorf("%s runs on %s", device, b.Device())
		}
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestDeviceOptions(t *testing.T) {
	for _, c := range []struct {
		device, want string
	}{{"", "Images.DeviceOptions: a; expected none: the CPU has no options"},
		{"abacus", `Images.Device: unknown device "abacus"`}} {
		_, err := Open(testdata("mobilenet_v2_13.onnx"), Options{Device: c.device,
			DeviceOptions: map[string]string{"a": "b"}})
		if !invalid.Is(err) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v, want %q", c.device, err, c.want)
		}
	}
	// Settings are for the device that auto would find; the CPU, its last resort, goes without.
	if b, err := Open(testdata("mobilenet_v2_13.onnx"), Options{Device: env.Auto,
		DeviceOptions: map[string]string{"device_id": "0"}}); err != nil {
		t.Error(err)
	} else if err := b.Close(); err != nil {
		t.Error(err)
	}
}

// TF32 is a setting of CUDA alone, and doesn't contradict what is set by name.
func TestTF32(t *testing.T) {
	for _, c := range []struct {
		device   string
		settings map[string]string
		wrong    string
	}{
		{"cuda", nil, ""}, {"cuda", map[string]string{"use_tf32": "1", "device_id": "2"}, ""},
		{"cuda", map[string]string{"use_tf32": "0"}, "use_tf32=0"}, {"cpu", nil, "tf32 on cpu"},
	} {
		got, err := withTF32(c.device, c.settings)
		if c.wrong != "" {
			if !invalid.Is(err) || !strings.Contains(err.Error(), c.wrong) {
				t.Errorf("%+v: %v", c, err)
			}
		} else if err != nil || got["use_tf32"] != "1" || got["device_id"] != c.settings["device_id"] {
			t.Errorf("%+v: %v, %v", c, got, err)
		}
	}
	if _, err := Open(testdata("mobilenet_v2_13.onnx"), Options{TF32: true}); !invalid.Is(err) {
		t.Errorf("on the CPU: %v", err)
	}
}
