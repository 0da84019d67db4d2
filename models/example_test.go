package models_test

import (
	"fmt"

	"finetune/models"
)

func ExampleDefault() {
	m := models.Default()
	fmt.Printf("%s, %.1f MB\n%v\n", m.Name, float64(len(m.Data))/1e6, m.Spec)
	// Output:
	// efficientnet_lite0, 9.3 MB
	// size=224x224 crop-pct=0.875 resize=shorter interpolation=bilinear channel-order=rgb scale=1 mean=127,127,127 std=128,128,128
}

func ExampleGuess() {
	for _, file := range []string{"nets/vit_b_16-opset17.onnx", "nets/faces.onnx"} {
		if name, spec, ok := models.Guess(file); ok {
			fmt.Printf("%s: prepared as for %s (%s): %v\n", file, name, models.PresetSource(name), spec)
		} else {
			fmt.Printf("%s: unknown\n", file)
		}
	}
	// Output:
	// nets/vit_b_16-opset17.onnx: prepared as for vit_b_16 (torchvision 0.29.2 IMAGENET1K_V1): size=224x224 crop-pct=0.875 resize=shorter interpolation=bilinear channel-order=rgb scale=255 mean=0.485,0.456,0.406 std=0.229,0.224,0.225
	// nets/faces.onnx: unknown
}
