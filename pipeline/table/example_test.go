package table_test

import (
	"log"
	"os"

	"finetune/pipeline/table"
)

func ExampleNewEncoder() {
	o := table.EncodeOptions{Format: table.CSV, Schema: table.Schema{Classes: []string{"young", "old"},
		Columns: []string{"path", "predicted", "p_*", "error"}}}
	e, err := table.NewEncoder(os.Stdout, o)
	if err != nil {
		log.Fatal(err)
	}
	for _, row := range []table.Row{
		{Path: "a.jpg", Predicted: "old", Probabilities: []float32{0.25, 0.75}},
		{Path: "b.jpg", Error: "no such file"},
	} {
		if err := e.Write(&row); err != nil {
			log.Fatal(err)
		}
	}
	if err := e.Close(); err != nil {
		log.Fatal(err)
	}
	// Output:
	// path,predicted,p_young,p_old,error
	// a.jpg,old,0.25,0.75,
	// b.jpg,,,,no such file
}
