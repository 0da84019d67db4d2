package models

import (
	"slices"
	"strings"
	"testing"

	"finetune/preprocess"
)

func TestPresetTable(t *testing.T) {
	names := PresetNames()
	if !slices.IsSorted(names) {
		t.Error("names aren't sorted")
	}
	if len(byWords()) != len(names) {
		t.Errorf("%d names, but only %d differ in more than case and separators", len(names), len(byWords()))
	}
	for _, p := range presetTable {
		s, ok := Preset(p.name)
		if !ok {
			t.Errorf("%s: not found", p.name)
			continue
		}
		if err := s.Validate(); err != nil {
			t.Errorf("%s: %v", p.name, err)
		}
		if s.Resize == preprocess.Squash && s.CropPct != 1 {
			t.Errorf("%s: squashed with a margin", p.name)
		}
		if PresetSource(p.name) == "" {
			t.Errorf("%s: no source", p.name)
		}
		// A network's name isn't to hide a family's.
		if _, err := preprocess.Preset(p.name); err == nil {
			t.Errorf("%s: also the name of a family of package preprocess", p.name)
		}
	}
}

// TestPresetPublished holds values as their authors' documentation states them against the generated table.
func TestPresetPublished(t *testing.T) {
	const (
		imagenet = " scale=255 mean=0.485,0.456,0.406 std=0.229,0.224,0.225"
		half     = " scale=255 mean=0.5,0.5,0.5 std=0.5,0.5,0.5"
		clip     = " scale=255 mean=0.48145466,0.4578275,0.40821073 std=0.26862954,0.26130258,0.27577711"
		raw      = " scale=1 mean=0,0,0 std=1,1,1"
	)
	for name, want := range map[string]string{
		"resnet18":                "size=224x224 crop-pct=0.875 resize=shorter interpolation=bilinear channel-order=rgb" + imagenet,
		"ResNet50":                "size=224x224 crop-pct=0.875 resize=shorter interpolation=bilinear channel-order=rgb" + imagenet,
		"resnet50.imagenet1k_v2":  "size=224x224 crop-pct=0.9655172413793104 resize=shorter interpolation=bilinear channel-order=rgb" + imagenet,
		"resnet50.keras":          "size=224x224 crop-pct=1 resize=squash interpolation=bilinear channel-order=bgr scale=1 mean=103.939,116.779,123.68 std=1,1,1",
		"inception_v3":            "size=299x299 crop-pct=0.8742690058479532 resize=shorter interpolation=bilinear channel-order=rgb" + imagenet,
		"inceptionv3.keras":       "size=299x299 crop-pct=1 resize=squash interpolation=bilinear channel-order=rgb" + half,
		"efficientnet_b0":         "size=224x224 crop-pct=0.875 resize=shorter interpolation=bicubic channel-order=rgb" + imagenet,
		"efficientnet-b7":         "size=600x600 crop-pct=1 resize=shorter interpolation=bicubic channel-order=rgb" + imagenet,
		"efficientnetb3.keras":    "size=300x300 crop-pct=1 resize=squash interpolation=bilinear channel-order=rgb" + raw,
		"mobilenetv3_small_100":   "size=224x224 crop-pct=0.875 resize=shorter interpolation=bicubic channel-order=rgb" + imagenet,
		"vit_base_patch16_224":    "size=224x224 crop-pct=0.9032258064516129 resize=shorter interpolation=bicubic channel-order=rgb" + half,
		"vit_b_16":                "size=224x224 crop-pct=0.875 resize=shorter interpolation=bilinear channel-order=rgb" + imagenet,
		"clip-vit-base-patch32":   "size=224x224 crop-pct=1 resize=shorter interpolation=bicubic channel-order=rgb" + clip,
		"siglip-base-patch16-224": "size=224x224 crop-pct=1 resize=squash interpolation=bicubic channel-order=rgb" + half,
		"dinov2_vits14":           "size=224x224 crop-pct=0.875 resize=shorter interpolation=bicubic channel-order=rgb" + imagenet,
		"swin_t":                  "size=224x224 crop-pct=0.9655172413793104 resize=shorter interpolation=bicubic channel-order=rgb" + imagenet,
		"mobilevit_s":             "size=256x256 crop-pct=0.9014084507042254 resize=shorter interpolation=bicubic channel-order=rgb scale=255 mean=0,0,0 std=1,1,1",
	} {
		s, ok := Preset(name)
		if got := s.String(); !ok || got != want {
			t.Errorf("%s is\n%s, want\n%s", name, got, want)
		}
	}
	for _, name := range []string{"", ".", "resnet", "resnet5", "resnet50.faces", "imagenet"} {
		if s, ok := Preset(name); ok {
			t.Errorf("%q is a preset: %v", name, s)
		}
	}
}

// Each family of networks that users bring is there with a name they would type.
func TestPresetFamilies(t *testing.T) {
	for name := range strings.FieldsSeq(`alexnet vgg16 resnet50 resnext50_32x4d wide_resnet50_2 densenet121 googlenet inception_v3 mobilenet_v2
		mobilenet_v3_small mobilenetv2_100 mobilenetv3_large_100 mobilenetv4_conv_small shufflenet_v2_x1_0 squeezenet1_1 mnasnet1_0
		efficientnet_b0 efficientnet_b7 efficientnet_v2_s tf_efficientnet_b4 efficientnet_lite4 regnet_y_400mf regnety_032 convnext_tiny
		convnextv2_nano vit_b_16 vit_small_patch16_224 deit_small_patch16_224 deit3_base_patch16_224 swin_t swin_tiny_patch4_window7_224 swin_v2_t
		maxvit_t vit_base_patch32_clip_224 clip_vit_large_patch14 dinov2_base vit_small_patch14_dinov2 vit_base_patch16_siglip_224
		xception.keras mobilenetv2.keras resnet50v2.keras`) {
		if _, ok := Preset(name); !ok {
			t.Errorf("no preset %s", name)
		}
	}
}

func TestGuess(t *testing.T) {
	for file, want := range map[string]string{
		"resnet50.onnx":                        "resnet50",
		"/data/nets/ResNet50.ONNX":             "resnet50",
		`C:\nets\resnet50.onnx`:                "resnet50",
		"resnet50-opset17.onnx":                "resnet50",
		"torchvision_resnet50_fp16_sim.onnx":   "resnet50",
		"resnet50.a1_in1k.onnx":                "resnet50.a1_in1k",
		"resnet50_imagenet1k_v2.onnx":          "resnet50.imagenet1k_v2",
		"mobilenetv3_small_100.onnx":           "mobilenetv3_small_100",
		"vit_base_patch16_224.onnx":            "vit_base_patch16_224",
		"vit-base-patch16-224-fp16.onnx":       "vit_base_patch16_224",
		"efficientnet_lite0.onnx":              "efficientnet_lite0",
		"resnet18_224x224_dynamic.onnx":        "resnet18",
		"clip-vit-base-patch32.onnx":           "clip_vit_base_patch32",
		"timm.mobilenetv2_100.pretrained.onnx": "mobilenetv2_100",
		// No guess: another word may mean other weights.
		"resnet50-faces.onnx":    "",
		"resnet50-v2.onnx":       "",
		"resnet50-11ad3fa6.onnx": "",
		"resnet51.onnx":          "",
		"my-resnet50.onnx":       "",
		"timm_resnet50.onnx":     "", // not torchvision's
		"keras_resnet50.onnx":    "",
		"model.onnx":             "",
		"imagenet.onnx":          "",
		"224.onnx":               "",
		".onnx":                  "",
		"":                       "",
		"日本.onnx":                "",
	} {
		name, spec, ok := Guess(file)
		if name != want || ok != (want != "") {
			t.Errorf("Guess(%q) is %q, %v; want %q", file, name, ok, want)
			continue
		}
		if preset, _ := Preset(want); spec != preset {
			t.Errorf("Guess(%q) gives %v, the preset %s is %v", file, spec, want, preset)
		}
	}
	for _, name := range PresetNames() {
		if got, _, _ := Guess(name + ".onnx"); got != name {
			t.Errorf("Guess(%q) is %q", name+".onnx", got)
		}
	}
}

func FuzzGuess(f *testing.F) {
	for _, seed := range []string{"resnet50.onnx", "a-b_c.d e/f\\g", "224 224 224 resnet50", "\xff\xfe",
		strings.Repeat("fp16-", 50)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, file string) {
		name, spec, ok := Guess(file)
		if preset, known := Preset(name); ok && (!known || preset != spec) {
			t.Errorf("Guess(%q) is %q, which isn't what Preset gives", file, name)
		}
	})
}
