package artifact

import (
	"encoding/csv"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"

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

// Cell returns how text is written to a cell of a CSV. With safe, text that a spreadsheet would take for a formula, because it begins
// with =, +, -, @, a tab or a carriage return, gets an apostrophe before it, which a reader of the table must take away again. So it
// isn't for files that finetune reads.
func Cell(safe bool) func(text string) string {
	return func(text string) string {
		if safe && text != "" && strings.ContainsRune("=+-@\t\r", rune(text[0])) {
			return "'" + text
		}
		return text
	}
}

// shortest writes a number with as many digits as it needs; what isn't a number is left empty.
func FormatFloat(v float64) string {
	if v != v {
		return ""
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}
