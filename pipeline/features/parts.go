package features

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"finetune/head"
	"finetune/internal/remote"
	"finetune/internal/store/npy"
	"finetune/internal/store/userfile"
	"finetune/invalid"
	"finetune/pipeline/artifact"
	"finetune/pipeline/dataset"
	"finetune/pipeline/source"
)

// Features may lie in parts, as several jobs of a cluster write them: feature folders, or Parquet tables with a column features. The
// parts are used as one folder with their rows one after the other.

// A featurePart is a feature folder or a Parquet table.
type featurePart struct {
	path   string // as it is shown
	matrix string // a .npy file
	index  string // a table with a row for each row of the matrix, or for each image
	meta   string
}

// maxParts bounds how many parts there are: each holds an open file for a moment.
const maxParts = 10_000

// partsOf returns what a path names: a feature folder, a folder of such folders or of Parquet tables, a Parquet table, or several of
// these as filepath.SplitList takes them.
func partsOf(ctx context.Context, path string) ([]string, error) {
	if remote.Is(path) {
		return nil, &invalid.Error{Field: "Features", Path: remote.Redacted(path), Found: "an address", Want: "a folder of this machine",
			Hint: "copy it first: features are mapped into memory from files"}
	}
	var parts []string
	for _, p := range filepath.SplitList(path) {
		list, err := partsIn(p)
		if err != nil {
			return nil, err
		}
		if parts = append(parts, list...); len(parts) > maxParts {
			return nil, &invalid.Error{Field: "Features", Path: p, Found: "too many parts", Want: fmt.Sprintf("at most %d", maxParts)}
		}
		if err := context.Cause(ctx); err != nil {
			return nil, err
		}
	}
	return parts, nil
}

func partsIn(path string) ([]string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, &invalid.Error{Field: "Features", Path: path, Found: "no folder that can be read", Err: err,
			Want: "a folder that finetune extract wrote", Hint: "run finetune extract first"}
	}
	if !info.IsDir() {
		return []string{path}, nil
	}
	if _, err := os.Lstat(filepath.Join(path, MatrixFile)); err == nil {
		return []string{path}, nil
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, userfile.Classify(path, err)
	}
	var folders, tables []string
	for _, e := range entries {
		name := filepath.Join(path, e.Name())
		switch _, err := os.Lstat(filepath.Join(name, MatrixFile)); {
		case err == nil:
			folders = append(folders, name)
		case isParquet(name) && !source.IsLitter(e.Name()) && !strings.HasPrefix(e.Name(), "_"):
			tables = append(tables, name)
		}
	}
	if len(folders) > 0 && len(tables) > 0 {
		return nil, &invalid.Error{Field: "Features", Path: path, Found: "feature folders beside Parquet tables", Want: "one of the two"}
	}
	if len(folders)+len(tables) == 0 {
		return []string{path}, nil // OpenFolder says what is missing
	}
	return append(folders, tables...), nil
}

func isParquet(name string) bool { return strings.EqualFold(filepath.Ext(name), ".parquet") }

// openParts opens several parts as one table.
func openParts(ctx context.Context, paths []string, o dataset.Options) (_ *Table, err error) {
	temp, err := os.MkdirTemp("", "finetune-parts-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(temp)
	parts := make([]featurePart, len(paths))
	for i, p := range paths {
		if parts[i], err = preparePart(ctx, p, temp, i, o); err != nil {
			return nil, err
		}
	}
	meta, err := commonMeta(parts)
	if err != nil {
		return nil, err
	}
	unit := 1
	if meta.Views != nil {
		unit = meta.Views.Count
	}
	matrices := make([]string, len(parts))
	for i, p := range parts {
		matrices[i] = p.matrix
	}
	matrix, err := npy.Join(ctx, unit, matrices...)
	if errors.Is(err, npy.ErrNotMappable) {
		err = &invalid.Error{Field: "Features", Path: strings.TrimSuffix(err.Error(), ": "+npy.ErrNotMappable.Error()),
			Found: "a matrix that can't be used as one of several parts", Want: "C order and an aligned header, as finetune extract and numpy.save write it"}
	}
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			matrix.Close()
		}
	}()
	if err := checkBlocks(meta.Blocks, matrix.Cols); err != nil {
		return nil, &invalid.Error{Path: parts[0].meta, Found: err.Error(), Want: fmt.Sprintf("blocks that cover %d columns", matrix.Cols)}
	}
	index := filepath.Join(temp, IndexFile)
	lines, err := joinIndexes(ctx, index, parts, matrix)
	if err != nil {
		return nil, err
	}
	o.Path, o.NoFiles, o.LabelRegex = index, true, ""
	if o.Space == nil && o.Order == nil && o.Positions == nil && o.Bins == nil {
		o.Order, o.Positions, o.Bins = meta.Order, meta.Positions, meta.Bins
	}
	o.LabelColumn, o.ImageColumn = "", "" // joinIndexes gave them their usual names
	set, err := dataset.Load(ctx, o)
	if err != nil {
		return nil, inPart(err, index, parts, lines)
	}
	t := &Table{Set: set, Labels: o, Network: meta.Backbone, Blocks: meta.Blocks, close: matrix.Close, check: matrix.Check, PerItem: set.Views,
		Features: head.Features{Rows: matrix.Rows, Cols: matrix.Cols, Data: matrix.Data}}
	if unit != set.Views {
		return nil, &invalid.Error{Field: "Features", Path: parts[0].path, Found: fmt.Sprintf("%d rows of each image", set.Views),
			Want: fmt.Sprintf("%d, as %s says", unit, MetaFile)}
	}
	set.Source = strings.Join(paths, string(filepath.ListSeparator))
	if err := orderByRow(ctx, index, set); err != nil {
		return nil, inPart(err, index, parts, lines)
	}
	if t.places, err = placesOf(parts, lines, matrix, set); err != nil {
		return nil, err
	}
	if b := meta.Backbone; b != nil && b.Precision != nil {
		t.NetworkFile = filepath.Join(filepath.Dir(parts[0].meta), NetworkFile) // commonMeta has compared the digests
	}
	t.Views = ViewConfig{Train: set.Views, Predict: 1}
	if meta.Views != nil {
		t.Views.Plan = meta.Views.Plan
	}
	return t, nil
}

// placesOf returns the place of each item, in items, among the rows of the matrix.
func placesOf(parts []featurePart, lines []int, matrix *npy.Joined, set *dataset.Set) ([]int, error) {
	places := make([]int, 0, len(set.Items))
	total := 0
	for i, n := range lines {
		total += n
		for item := range n / set.Views {
			places = append(places, matrix.Starts[i]/set.Views+item)
		}
	}
	if total != len(set.Items)*set.Views {
		return nil, &invalid.Error{Field: "Features", Path: parts[0].path, Found: fmt.Sprintf("%d rows in all indexes, %d used", total, len(set.Items)*set.Views),
			Want: "one for each row of the features"}
	}
	return places, nil
}

// preparePart makes sure that a part has a matrix of float32, which can be mapped.
func preparePart(ctx context.Context, path, temp string, number int, o dataset.Options) (featurePart, error) {
	if info, err := os.Stat(path); err == nil && !info.IsDir() {
		if !isParquet(path) {
			return featurePart{}, &invalid.Error{Field: "Features", Path: path, Found: "a file that is no table of features", Want: "a feature folder or .parquet"}
		}
		p := featurePart{path: path, meta: filepath.Join(filepath.Dir(path), MetaFile)}
		p.matrix, p.index = filepath.Join(temp, fmt.Sprintf("%d.npy", number)), filepath.Join(temp, fmt.Sprintf("%d.csv", number))
		return p, decodeParquet(ctx, path, p.matrix, p.index, o)
	}
	if err := checkFolder(ctx, path); err != nil {
		return featurePart{}, err
	}
	p := featurePart{path: path, matrix: filepath.Join(path, MatrixFile), index: filepath.Join(path, IndexFile), meta: filepath.Join(path, MetaFile)}
	if npy.InMemory(ctx, p.matrix) == 0 {
		return p, nil
	}
	narrow := p.matrix
	p.matrix = filepath.Join(temp, fmt.Sprintf("%d.npy", number))
	return p, npy.Widen(ctx, narrow, p.matrix)
}

// commonMeta returns what all parts say of their origin. Features of different networks, tensors or views don't belong together.
func commonMeta(parts []featurePart) (Meta, error) {
	var first Meta
	for i, p := range parts {
		var m Meta
		if err := artifact.ReadJSON(p.meta, &m); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return Meta{}, err
		}
		if i == 0 {
			first = m
			continue
		}
		for _, field := range []struct {
			name       string
			here, that any
		}{
			{"network", digestIn(m.Backbone), digestIn(first.Backbone)}, {"feature", tapIn(m.Backbone), tapIn(first.Backbone)},
			{"preprocessing", preprocessingIn(m.Backbone), preprocessingIn(first.Backbone)},
			{"precision of features", precisionIn(m.Backbone), precisionIn(first.Backbone)},
			{"parts of a row", m.Blocks, first.Blocks}, {"views", m.Views, first.Views},
			{"order of the classes", m.Order, first.Order}, {"bins", m.Bins, first.Bins},
		} {
			if !reflect.DeepEqual(field.here, field.that) {
				return Meta{}, &invalid.Error{Field: "Features", Path: p.path, Found: fmt.Sprintf("another %s than in %s", field.name, parts[0].path),
					Want: "parts of one extraction", Hint: "run finetune extract with the same options for all parts"}
			}
		}
	}
	return first, nil
}

func digestIn(n *NetworkInfo) string {
	if n == nil {
		return ""
	}
	return n.Digest
}

func tapIn(n *NetworkInfo) string {
	if n == nil {
		return ""
	}
	return n.Tap
}

func preprocessingIn(n *NetworkInfo) string {
	if n == nil {
		return ""
	}
	return n.Preprocessing.String()
}

func precisionIn(n *NetworkInfo) string {
	if n == nil {
		return ""
	}
	return n.Features
}

// joinIndexes writes one index of all parts and returns how many lines each has.
func joinIndexes(ctx context.Context, path string, parts []featurePart, matrix *npy.Joined) ([]int, error) {
	headers := make([][]string, len(parts))
	all := []string{rowColumn}
	for i, p := range parts {
		err := eachRecord(ctx, p.index, func(record []string, line int) error {
			headers[i] = slices.Clone(record)
			return errEnough
		})
		if err != nil && !errors.Is(err, errEnough) {
			return nil, err
		}
		for _, name := range headers[i] {
			if !slices.Contains(all, name) {
				all = append(all, name)
			}
		}
	}
	lines := make([]int, len(parts))
	total := 0
	return lines, artifact.WriteCSV(path, func(w *csv.Writer) error {
		if err := w.Write(all); err != nil {
			return err
		}
		record := make([]string, len(all))
		for i, p := range parts {
			to := make([]int, len(headers[i]))
			for c, name := range headers[i] {
				to[c] = slices.Index(all, name)
			}
			numbered := slices.Contains(headers[i], rowColumn)
			err := eachRecord(ctx, p.index, func(line []string, n int) error {
				if n == 1 {
					return nil
				}
				clear(record)
				for c, value := range line[:min(len(line), len(to))] {
					record[to[c]] = value
				}
				row := lines[i]
				if numbered {
					var err error
					if row, err = strconv.Atoi(record[0]); err != nil {
						return &invalid.Error{Path: fmt.Sprintf("%s line %d", p.index, n), Found: fmt.Sprintf("the row %q", record[0]), Want: "a whole number from 0"}
					}
				}
				record[0] = strconv.Itoa(total + row)
				lines[i]++
				return w.Write(record)
			})
			if err != nil {
				return err
			}
			if rows := matrix.Lengths[i]; lines[i] != rows {
				return &invalid.Error{Path: p.index, Found: fmt.Sprintf("%d rows", lines[i]), Want: fmt.Sprintf("%d, as many as %s has", rows, MatrixFile)}
			}
			total += lines[i]
		}
		return nil
	})
}

var errEnough = errors.New("enough")

// eachRecord calls do with the records of a CSV file, the header first; n counts lines from 1.
func eachRecord(ctx context.Context, path string, do func(record []string, n int) error) error {
	f, err := userfile.Open(ctx, path, maxIndex)
	if err != nil {
		return err
	}
	defer f.Close()
	r := csv.NewReader(userfile.Reader(ctx, f))
	r.ReuseRecord, r.FieldsPerRecord = true, -1
	for n := 1; ; n++ {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		var syntax *csv.ParseError
		if errors.As(err, &syntax) {
			return &invalid.Error{Path: path, Found: "not CSV", Err: err}
		}
		if err == nil {
			err = do(record, n)
		}
		if err != nil {
			return err
		}
	}
}

// inPart names the part in an error about the joined index.
func inPart(err error, index string, parts []featurePart, lines []int) error {
	var known *invalid.Error
	if !errors.As(err, &known) || !strings.HasPrefix(known.Path, index) {
		return err
	}
	at := *known
	line, lineErr := strconv.Atoi(strings.TrimPrefix(strings.TrimPrefix(known.Path, index), " line "))
	at.Path = parts[0].path
	if len(parts) > 1 {
		at.Path += fmt.Sprintf(" and %d more", len(parts)-1)
	}
	for i, n := range lines {
		if lineErr == nil && line > 1 && line-1 <= n {
			at.Path = fmt.Sprintf("%s line %d", parts[i].path, line)
			break
		}
		line -= n
	}
	return &at
}
