package artifact

import (
	"encoding/csv"
	"fmt"
	"io"
	"path/filepath"
	"strconv"

	"finetune/internal/store/atomicfile"
)

func WriteCSV(path string, fill func(w *csv.Writer) error) error {
	err := atomicfile.Write(path, func(w io.Writer) error {
		table := csv.NewWriter(w)
		if err := fill(table); err != nil {
			return err
		}
		table.Flush()
		return table.Error()
	})
	if err != nil {
		return fmt.Errorf("write %s: %w", filepath.Base(path), err)
	}
	return nil
}

// shortest writes a number with as many digits as it needs; what isn't a number is left empty.
func FormatFloat(v float64) string {
	if v != v {
		return ""
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}
