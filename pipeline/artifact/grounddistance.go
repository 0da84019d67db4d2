package artifact

import (
	"bufio"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"

	"finetune/internal/store/userfile"
	"finetune/invalid"
	"finetune/loss"
)

// maxGroundDistance bounds the bytes of a file of distances: a matrix for some two thousand classes.
const maxGroundDistance = 1 << 26

// ReadGroundDistance reads how far classes lie apart from a text file: a line for each class that can be predicted, in it a number
// for each true class, with commas, semicolons or blanks between. Empty lines and lines that begin with # are passed over.
// The error is a *invalid.Error that names the line. Whether the matrix fits the classes is checked when it is used.
func ReadGroundDistance(path string) (loss.GroundDistance, error) {
	var none loss.GroundDistance
	f, err := userfile.Open(context.Background(), path, maxGroundDistance)
	if err != nil {
		var own *invalid.Error
		if errors.As(err, &own) {
			own.Field, own.Want = "Loss.Ground", "ordered, self-guided or a file with a matrix"
		}
		return none, err
	}
	defer f.Close()
	matrix, err := parseGroundDistance(io.LimitReader(f, maxGroundDistance+1))
	if err != nil {
		var own *invalid.Error
		if errors.As(err, &own) {
			own.Field, own.Path = "Loss.Ground", strings.TrimSpace(path+" "+own.Path)
		}
		return none, err
	}
	return loss.Matrix(matrix), nil
}

// parseGroundDistance returns the K × K numbers. A mistake's subject is the line.
func parseGroundDistance(r io.Reader) ([]float64, error) {
	var matrix []float64
	columns, rows, bytes := 0, 0, 0
	s := bufio.NewScanner(r)
	s.Buffer(nil, maxGroundDistance)
	for line := 1; s.Scan(); line++ {
		wrong := func(found, expected string) error {
			return &invalid.Error{Path: fmt.Sprintf("line %d", line), Found: found, Want: expected}
		}
		if bytes += len(s.Bytes()) + 1; bytes > maxGroundDistance {
			return nil, wrong("a file that doesn't end", fmt.Sprintf("at most %d MiB", maxGroundDistance>>20))
		}
		text := strings.TrimSpace(strings.TrimPrefix(s.Text(), "\ufeff"))
		if text == "" || text[0] == '#' {
			continue
		}
		fields := strings.FieldsFunc(text, func(c rune) bool { return c == ',' || c == ';' || unicode.IsSpace(c) })
		if rows == 0 {
			columns = len(fields)
		}
		if columns > loss.MaxClasses {
			return nil, wrong(fmt.Sprintf("%d numbers", columns), fmt.Sprintf("at most %d, one a class", loss.MaxClasses))
		}
		if len(fields) != columns {
			return nil, wrong(fmt.Sprintf("%d numbers", len(fields)), fmt.Sprintf("%d, as in the lines before", columns))
		}
		if rows++; rows > columns {
			return nil, wrong("one line too many", fmt.Sprintf("%d lines of %[1]d numbers", columns))
		}
		for _, field := range fields {
			v, err := strconv.ParseFloat(field, 64)
			if err != nil {
				return nil, wrong(strconv.Quote(field), "a number")
			}
			matrix = append(matrix, v)
		}
	}
	switch err := s.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		return nil, &invalid.Error{Found: "a line that doesn't end", Want: "a line of numbers for each class"}
	case err != nil:
		return nil, err
	case rows == 0 || rows != columns:
		return nil, &invalid.Error{Found: fmt.Sprintf("%d lines of %d numbers", rows, columns), Want: "as many lines as numbers in each"}
	}
	return matrix, nil
}

// writeGroundDistance writes a K × K matrix so that ReadGroundDistance reads it back the same.
func WriteGroundDistance(path string, matrix []float64, classes int) error {
	return WriteCSV(path, func(w *csv.Writer) error {
		for i := range classes {
			row := make([]string, classes)
			for j := range row {
				row[j] = FormatFloat(matrix[i*classes+j])
			}
			if err := w.Write(row); err != nil {
				return err
			}
		}
		return nil
	})
}
