// Tables writes made-up predictions in every format of pipeline/table, for check_tables.py to read with other
// libraries.
//
//	go run ./scripts/tables FOLDER ROWS
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"

	"finetune/pipeline/table"
)

var classes = []string{"0-2", "3-9", "10+"}

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: tables FOLDER ROWS")
	}
	rows, err := strconv.Atoi(os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	for _, name := range []string{"out.csv", "out.jsonl", "out.parquet"} {
		if err := write(filepath.Join(os.Args[1], name), rows); err != nil {
			log.Fatal(err)
		}
	}
}

func write(path string, rows int) error {
	o := table.Options{Path: path, Overwrite: true, Settings: strconv.Itoa(rows)}
	o.Encode.Schema = table.Schema{Classes: classes, Features: 4,
		Columns: []string{"path", "predicted", "low", "high", "expected", "p_*", "confidence", "error", "features"}}
	w, err := table.Create(context.Background(), o)
	if err != nil || w.Complete() {
		return err
	}
	r := rand.New(rand.NewPCG(1, 2))
	for i := range rows {
		row := made(r, i)
		if int64(i) < w.Done() {
			err = w.Skip(row.Path)
		} else {
			err = w.Write(&row)
		}
		if err != nil {
			return errors.Join(err, w.Close())
		}
	}
	return errors.Join(w.Commit(context.Background()), w.Close())
}

// made returns a row whose columns follow from its number and each other, which check_tables.py checks.
func made(r *rand.Rand, i int) table.Row {
	row := table.Row{Path: fmt.Sprintf("shard-%03d.tar/%07d.jpg", i/1000, i)}
	a, b := r.Float32()/2, r.Float32()/2
	if i%10 == 7 {
		row.Error = "no such file, \"gone\"\nor never there"
		return row
	}
	p := []float32{a, b, 1 - a - b}
	best, expected := 0, 0.0
	for k, v := range p {
		if expected += float64(k) * float64(v); v > p[best] {
			best = k
		}
	}
	row.Probabilities, row.Predicted, row.Confidence, row.Expected = p, classes[best], &p[best], &expected
	row.Low, row.High = classes[max(0, best-1)], classes[min(2, best+1)]
	row.Features = []float32{a, -b, float32(i), 1e-20}
	return row
}
