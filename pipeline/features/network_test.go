package features

import (
	"path/filepath"
	"testing"

	"finetune/backbone"
	"finetune/invalid"
)

// Rows are kept under all that decides them: what becomes of a network's tokens is part of it. The names of maps and
// vectors stand for themselves, so that rows that were kept before tokens were told apart are still found.
func TestRecipeTellsTokensApart(t *testing.T) {
	for _, c := range []struct{ file, tap, want string }{
		{"resnet_basic_11", "", "/Flatten_output_0"},
		{"dinov2_registers_dynamo_18", "", "last_hidden_state[class+5:]"},
		{"dinov2_registers_dynamo_18", "last_hidden_state[1:]", "last_hidden_state[1:]"},
		{"dinov2_registers_dynamo_18", "last_hidden_state[0:]", "last_hidden_state[0:]"},
		{"odd_13", "/Transpose_1_output_0", "/Transpose_1_output_0"}, // only a run tells its shape
	} {
		path := filepath.Join("..", "..", "backbone", "testdata", c.file+".onnx")
		net, err := OpenNetwork(Images{Backbone: path, Tap: c.tap, Pool: []int{1}}, "", 1)
		if err != nil {
			t.Errorf("%s %s: %v", c.file, c.tap, err)
			continue
		}
		defer net.Close()
		recipe, err := net.recipe()
		if err != nil || recipe.Tap != c.want || net.info(1).Tap != c.want {
			t.Errorf("%s %s: %q, %v, want %q", c.file, c.tap, recipe.Tap, err, c.want)
		}
	}
}

// Whatever may change the bits of a feature on a device is part of the cache's recipe; what can't isn't.
func TestDeviceNumerics(t *testing.T) {
	for _, c := range []struct {
		images Images
		want   string
	}{
		{Images{Device: "cuda"}, ""},
		{Images{Device: "cuda", Precision: backbone.TF32}, " tf32"},
		{Images{Device: "cuda", DeviceOptions: map[string]string{"device_id": "1", "gpu_mem_limit": "9"}}, ""},
		{Images{Device: "cuda", DeviceOptions: map[string]string{"use_tf32": "1", "device_id": "1", "prefer_nhwc": "1"}}, " prefer_nhwc=1 use_tf32=1"},
	} {
		if got := c.images.deviceNumerics(); got != c.want {
			t.Errorf("%+v: %q, want %q", c.images, got, c.want)
		}
	}
	if err := (Images{Precision: backbone.TF32}).Check(); !invalid.Is(err) {
		t.Errorf("TF32 on the CPU: %v", err)
	}
	if err := (Images{Precision: backbone.TF32, Device: "cuda"}).Check(); err != nil {
		t.Error(err)
	}
}
