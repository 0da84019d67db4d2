package augment_test

import (
	"crypto/sha256"
	"fmt"
	"image"
	"log"

	"finetune/augment"
)

func ExamplePlan_View() {
	kinds, err := augment.ParseKinds("flip,crop")
	if err != nil {
		log.Fatal(err)
	}
	plan := augment.Plan{Kinds: kinds, Seed: 1}
	img := image.NewNRGBA(image.Rect(0, 0, 100, 80))
	file := []byte("the bytes that the picture was decoded from")
	for view := range 4 {
		fmt.Printf("%v %q\n", plan.View(img, view, sha256.Sum256(file)).Rect.Size(), plan.Name(view))
	}
	// Output:
	// (100,80) ""
	// (100,80) "mirror"
	// (99,79) "flip,crop seed=1 view=2 version=1"
	// (82,66) "flip,crop seed=1 view=3 version=1"
}
