package compare_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"finetune/head"
	"finetune/internal/pipelinetest"
	"finetune/pipeline/compare"
)

// Which loss should these images be trained with? A mean alone doesn't say: SameRule has the difference to
// cross-entropy with its interval.
func Example() {
	out := pipelinetest.TempFolder()
	defer os.RemoveAll(out)

	job := compare.New("../../testdata/demo/demo.csv", 0)
	job.Losses = []string{"cross-entropy", "emd2", "xemd2:weight=2"}
	job.Folds, job.Seeds = 3, 1
	job.Out = filepath.Join(out, "table")
	table, err := job.Run(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(table.Fits), "heads,", len(table.Rows), "rows")
	for _, row := range table.Rows {
		if row.Decision == head.Median {
			qwk := row.Figures[4]
			fmt.Println(row.Loss, "beats chance:", qwk.Mean > 0.4, "has a difference to cross-entropy:",
				qwk.SameRule != nil)
		}
	}
	// Output:
	// 9 heads, 9 rows
	// cross-entropy beats chance: true has a difference to cross-entropy: false
	// emd2 beats chance: true has a difference to cross-entropy: true
	// xemd2:weight=2 beats chance: true has a difference to cross-entropy: true
}
