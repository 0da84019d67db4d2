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
// with =, +, -, @, a tab or a carriage return, gets an apostrophe before it. So does text that begins with one, so that Text finds back
// what was written.
func Cell(safe bool) func(text string) string {
	return func(text string) string {
		if safe && text != "" && strings.ContainsRune("=+-@\t\r'", rune(text[0])) {
			return "'" + text
		}
		return text
	}
}

// Text returns how a cell that Cell wrote is read.
func Text(safe bool) func(cell string) string {
	return func(cell string) string {
		if safe {
			return strings.TrimPrefix(cell, "'")
		}
		return cell
	}
}

// shortest writes a number with as many digits as it needs; what isn't a number is left empty.
func FormatFloat(v float64) string {
	if v != v {
		return ""
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}
