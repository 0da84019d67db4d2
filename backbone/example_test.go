package backbone_test

import (
	"context"
	"fmt"

	"finetune/backbone"
)

func Example() {
	network, err := backbone.Open("testdata/resnet_basic_11.onnx", backbone.Options{Threads: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer network.Close()
	fmt.Println(network.Dim(), "numbers an image from", network.Feature().Text)

	size := network.Input().Height * network.Input().Width
	tensor := make([]float32, 2*3*size) // two grey images, say
	features := make([]float32, 2*network.Dim())
	if err := network.Features(context.Background(), tensor, 2, features); err != nil {
		fmt.Println(err)
	}
	// Output: 32 numbers an image from /Flatten_output_0
}
