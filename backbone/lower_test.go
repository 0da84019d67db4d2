package backbone

import (
	"os"
	"slices"
	"testing"
)

// pictures returns the images of a file, one tensor each.
func pictures(t testing.TB, name string) (list [][]float32) {
	tensor, n := images(t, name)
	for image := range slices.Chunk(tensor, len(tensor)/n) {
		list = append(list, image)
	}
	return list
}

func TestLowerFamilies(t *testing.T) {
	list := pictures(t, "images.npy")
	for _, name := range []string{"beit_17", "clip_14", "clip_projection_dynamo_18", "clip_unit_dynamo_18", "clip_vision_14", "convnext_10", "convnext_dynamo_18", "convnextv2_16", "deit_teacher_15", "densenet_12", "densenet_dynamo", "dino_16", "dino_patches_15", "dinov2_classes_17", "dinov2_registers_dynamo_18", "dinov2_tokens_16", "efficientnet_15", "efficientnet_dynamo", "embedding_batch1_9", "faces_13", "keras_13", "maxvit_15", "maxvit_dynamo_18", "mnasnet_14", "mnasnet_dynamo_19", "mobilenet_v2_13", "mobilenet_v2_13_qdq", "mobilenet_v2_13_qlinear", "mobilenet_v2_dynamo_23", "mobilenet_v3_14_sigmoid", "mobilenet_v3_dynamo", "nhwc_uint8_13", "odd_13", "regnet_12", "regnet_dynamo_21", "resnet_basic_11", "resnet_basic_11_qdq", "resnet_basic_11_qlinear", "resnet_basic_dynamo", "resnet_bottleneck_17_softmax", "resnet_external", "resnet_half", "resnext_9", "resnext_dynamo_20", "shufflenet_16", "shufflenet_dynamo", "siglip_16", "squeezenet_11", "squeezenet_size_9", "static_batch4_11", "swin_16", "swin_dynamo_23", "swin_v2_17", "timm_convnext_15", "timm_deit_distilled_14", "timm_efficientnetv2_same_17", "timm_efficientvit_17", "timm_eva_dynamo_18", "timm_nfnet_16", "timm_pool_dynamo_18", "timm_resnet_13", "timm_swin_17", "timm_token_17", "timm_vit_mean_registers_dynamo_18", "timm_vit_token_17", "tokens_17", "two_heads_13", "vgg_18", "vgg_dynamo_18", "vit_14", "vit_classes_14", "vit_dynamo_22"} {
		for _, p := range []string{Int8, Float16} {
			println(name, p)
			l, err := Lower(t.Context(), testdata(name+".onnx"), Options{}, Lowering{Precision: p, Calibration: list, Check: list, Threads: 2})
			if err != nil {
				t.Logf("%s %s: %v", name, p, err)
				continue
			}
			t.Logf("%s %s: %+v", name, p, l.Report)
		}
	}
}

func TestDump(t *testing.T) {
	list := pictures(t, "images.npy")
	for _, name := range []string{"resnet_basic_11", "resnext_9", "resnet_bottleneck_17_softmax", "embedding_batch1_9", "densenet_12"} {
		l, err := Lower(t.Context(), testdata(name+".onnx"), Options{}, Lowering{Precision: Int8, Calibration: list, Check: list, Threads: 2})
		if err != nil {
			t.Log(err)
			continue
		}
		os.WriteFile("/tmp/int8data/"+name+".onnx", l.Data, 0o644)
	}
}
