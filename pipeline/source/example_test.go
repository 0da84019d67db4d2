package source_test

import (
	"context"
	"fmt"
	"log"

	"finetune/pipeline/source"
)

// Images of tar shards, with the labels of their samples.
func ExampleOpen() {
	ctx := context.Background()
	s, err := source.Open(ctx, source.Options{Path: "testdata/{webdataset,webdataset}.tar",
		Shard: source.Shard{Index: 1, Count: 2}})
	if err != nil {
		log.Fatal(err)
	}
	for it, err := range s.All(ctx) {
		if err != nil {
			log.Fatal(err) // a failure of the machine
		}
		data, err := it.Bytes(ctx)
		if err != nil {
			fmt.Println(it.Name, source.Reason(err))
			continue
		}
		fmt.Println(it.Name, len(data), it.Labels.Label, it.Labels.Group)
	}
	// Output:
	// testdata/webdataset.tar/people/000000.png 67 0 p0
	// testdata/webdataset.tar/people/000001.png 67 1 p1
	// testdata/webdataset.tar/people/000002.png 67 0 p2
}
