package preprocess_test

import (
	"fmt"
	"log"
	"os"

	"finetune/preprocess"
)

func ExamplePreset() {
	spec, err := preprocess.Preset("clip")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(spec)
	_, err = preprocess.Preset("imagnet")
	fmt.Println(err)
	// Output:
	// size=autoxauto crop-pct=1 resize=shorter interpolation=bicubic channel-order=rgb scale=255 mean=0.48145466,0.4578275,0.40821073 std=0.26862954,0.26130258,0.27577711
	// Images.Preset: unknown preset "imagnet"; expected one of arcface, caffe, clip, efficientnet-lite, imagenet, imagenet-0.5, imagenet-bicubic, raw, siglip, unit
}

func ExampleSpec_Validate() {
	spec := preprocess.Default()
	spec.CropPct = 87.5
	fmt.Println(spec.Validate())
	// Output:
	// Images.Overrides.CropPct: 87.5; expected 0.01 to 1
}

func ExampleTransformer() {
	spec := preprocess.Default().Sized(224, 224)
	transformer, err := preprocess.NewTransformer(spec, preprocess.NCHW)
	if err != nil {
		log.Fatal(err)
	}
	tensor := make([]float32, transformer.Len())
	for _, path := range []string{"testdata/images/übermäßig-日本.jpg", "testdata/make_golden.py"} {
		data, err := os.ReadFile(path)
		if err != nil {
			log.Fatal(err)
		}
		if err := transformer.Tensor(tensor, data); err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Printf("%d values, the first %.4f\n", len(tensor), tensor[0])
	}
	// Output:
	// 150528 values, the first 0.5536
	// not an image (it begins with "\"\"\"Makes"); expected JPEG, PNG, WebP, GIF, BMP, TIFF, HEIC or AVIF
}
