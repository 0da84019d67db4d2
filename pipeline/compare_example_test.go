package pipeline_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"finetune/head"
	"finetune/pipeline"
)

// Which loss should these images be trained with? The demo photos are told apart about as well by either, so the answer is
// in the intervals, not in the means.
func ExampleCompare() {
	out := tempFolder()
	defer os.RemoveAll(out)

	job := pipeline.NewCompare("../testdata/demo/demo.csv", 0)
	job.Losses = []string{"cross-entropy", "emd2", "xemd2:weight=2"}
	job.Folds, job.Seeds = 3, 1
	job.Out = filepath.Join(out, "table")
	table, err := job.Run(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(table.Fits), "heads,", len(table.Rows), "rows")
	for _, row := range table.Rows {
		if row.Decision != head.Median {
			continue
		}
		for _, f := range row.Figures {
			if f.Metric == "rps" {
				fmt.Println(row.Loss, "has an RPS below 0.5:", f.Mean < 0.5, "compared with cross-entropy:", f.SameRule != nil)
			}
		}
	}
	// Output:
	// 9 heads, 9 rows
	// cross-entropy has an RPS below 0.5: true compared with cross-entropy: false
	// emd2 has an RPS below 0.5: true compared with cross-entropy: true
	// xemd2:weight=2 has an RPS below 0.5: true compared with cross-entropy: true
}
