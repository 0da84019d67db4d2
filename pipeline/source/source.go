package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"

	"finetune/internal/remote"
	"finetune/invalid"
)

// Stdin is the Path of Options that stands for lines on standard input.
const Stdin = "-"

// Options says what to enumerate.
type Options struct {
	// Path is one of
	//   - a folder: the images at any depth, by path;
	//   - a file: an image, a list of paths (.txt), a table (.csv, .tsv, .jsonl, .ndjson, each also with .gz,
	//     .parquet), or an archive (.tar, .tar.gz, .tgz, .zip);
	//   - a pattern of these files with *, ?, [abc], ** for folders at any depth, {a,b} and {000..127}; braces
	//     expand to files that must exist, in the order written; what the rest matches comes by path;
	//   - an address of such a file, s3://bucket/key or https://host/path, a folder s3://bucket/prefix/, or a pattern of
	//     these, of which on a web server only braces can be answered;
	//   - "-": lines of Stdin, each a path or a JSON object with a path, or with bytes in base64 and an id.
	// A file whose name is the pattern itself comes first. Paths in a table are relative to its folder.
	Path string

	Stdin io.Reader // for Path "-"; items come as its lines do

	Shard Shard

	// ImageColumn and LabelColumn are columns of a table. "" looks for image, bytes, content or path, and for label.
	ImageColumn, LabelColumn string

	TempDir string // for what Items copies; "" is os.TempDir
}

// A Shard is a fixed part of an input: the Index-th of Count from 0. The zero value is the whole.
//
// Where the input has at least Count tables or archives, shard i consists of the files i, i+Count, i+2·Count, …;
// otherwise of the images at these places. The parts of all shards are disjoint and together are the whole.
type Shard struct{ Index, Count int }

// Check reports an index out of range, as an *invalid.Error with the field Shard.
func (s Shard) Check() error {
	if s == (Shard{}) || s.Count >= 1 && s.Index >= 0 && s.Index < s.Count {
		return nil
	}
	return &invalid.Error{Field: "Shard", Found: fmt.Sprintf("%d/%d", s.Index, s.Count),
		Want: "i/n with i from 0 to n-1"}
}

// Holds reports whether the shard holds the place n.
func (s Shard) Holds(n int64) bool { return s.Count <= 1 || n%int64(s.Count) == int64(s.Index) }

// A Source enumerates images. Its methods aren't safe for concurrent use; its items are.
type Source struct {
	o      Options
	inputs []input
	byFile bool // the shard consists of whole files
	left   leftOut

	random  *rowCursors // set while Items enumerates
	cursors *rowCursors
	spool   spool
}

// Open looks at what o names, without reading it to its end.
//
// An error that the caller can correct is an *invalid.Error with Field "Shard" or with the path.
func Open(ctx context.Context, o Options) (*Source, error) {
	if err := o.Shard.Check(); err != nil {
		return nil, err
	}
	s := &Source{o: o, spool: spool{dir: o.TempDir}}
	if o.Path == Stdin {
		if o.Stdin == nil {
			return nil, errors.New("source: no reader for standard input")
		}
		return s, nil
	}
	var err error
	if s.inputs, err = resolve(ctx, o.Path); err != nil {
		return nil, err
	}
	s.byFile, err = s.enoughFiles(ctx)
	return s, err
}

// errStop ends the enumeration without an error.
var errStop = errors.New("stopped")

// All enumerates the items. The order is the same each time, and for the same input on every machine. An error that
// isn't of one item ends the enumeration and comes with a zero Item. Standard input can be enumerated once.
func (s *Source) All(ctx context.Context) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		e := &emitter{yield: func(it Item) bool { return yield(it, nil) }}
		if !s.byFile {
			e.shard = s.o.Shard
		}
		err := s.enumerate(ctx, e)
		if err == nil && e.next == 0 && s.o.Path != Stdin && !s.byFile {
			err = s.nothing()
		}
		// What ended the enumeration may have another name than errStop, such as the cause of a context that ended meanwhile.
		if err != nil && !e.stopped {
			yield(Item{}, err)
		}
	}
}

func (s *Source) enumerate(ctx context.Context, e *emitter) error {
	if s.o.Path == Stdin {
		return readStdin(ctx, s.o.Stdin, e)
	}
	n := int64(-1)
	return s.eachFile(ctx, func(f found) error {
		if f.err == nil && f.kind != image {
			n++
			if s.byFile && !s.o.Shard.Holds(n) {
				return nil
			}
		}
		err := s.read(ctx, f, e)
		if err == nil || !invalid.Is(err) || s.alone() && e.next == 0 {
			return err
		}
		return e.emit(Item{Name: f.name, content: failed{err}})
	})
}

// read enumerates the items of one file.
func (s *Source) read(ctx context.Context, f found, e *emitter) error {
	if f.err != nil {
		return f.err
	}
	if err := context.Cause(ctx); err != nil {
		return err
	}
	switch f.kind {
	case image:
		if remote.Is(f.path) {
			return e.emit(Item{Name: f.name, content: address(f.path)})
		}
		return e.emit(Item{Name: f.name, content: file(f.path)})
	case list, jsonlTable:
		return readLines(ctx, f, s.o, e)
	case csvTable:
		return readCSV(ctx, f, s.o, e)
	case parquetTable:
		return readParquet(ctx, f, s.o, s.random, e)
	case tarArchive:
		return readTar(ctx, f, s.o, e)
	case zipArchive:
		return readZip(ctx, f, s.o, e)
	}
	panic("unreachable: only known kinds are found")
}

// alone reports whether the input is one file, which then must be readable for the enumeration to make sense.
func (s *Source) alone() bool {
	return len(s.inputs) == 1 && !s.inputs[0].folder && s.inputs[0].pattern == ""
}

func (s *Source) nothing() error {
	err := &invalid.Error{Path: remote.Redacted(s.o.Path), Found: "no images", Want: "at least one"}
	if s.left.count > 0 {
		err.Found += fmt.Sprintf(" among %d other files, such as %s", s.left.count, s.left.example)
		if k := kindOf(s.left.example); k != unknown && k != image {
			err.Hint = "name such files by a pattern, such as " + s.o.Path + "/*" + extension(s.left.example)
		}
	}
	return err
}

// Note says what the last enumeration left out of folders and patterns, because it is no image by its name, or
// returns "".
func (s *Source) Note() string {
	if s.left.count == 0 {
		return ""
	}
	return fmt.Sprintf("left out files that are not images by their names: %d, such as %s", s.left.count,
		s.left.example)
}

// Remaining returns how many items follow the first there of them: -1 where Count can't tell, and 0 for Stdin, whose lines come at the
// pace of the other side.
func (s *Source) Remaining(ctx context.Context, there int64) (int, error) {
	if s.o.Path == Stdin {
		return 0, nil
	}
	n, known, err := s.Count(ctx)
	if err != nil || !known {
		return -1, err
	}
	return int(max(0, n-there)), nil
}

// Count returns the number of items where it is known without reading tables and archives to their end: for images
// that are files, and for Parquet. ok is false for any other input.
func (s *Source) Count(ctx context.Context) (n int64, ok bool, err error) {
	if s.o.Path == Stdin {
		return 0, false, nil
	}
	total, place := int64(0), int64(-1)
	err = s.eachFile(ctx, func(f found) error {
		rows := int64(1)
		if f.err == nil && f.kind != image {
			if f.kind != parquetTable {
				return errStop
			}
			if place++; s.byFile && !s.o.Shard.Holds(place) {
				return nil
			}
			var err error
			if rows, err = parquetRows(ctx, f); invalid.Is(err) {
				rows, err = 1, nil // an item stands for the file
			}
			if err != nil {
				return err
			}
		}
		total += rows
		return nil
	})
	switch {
	case errors.Is(err, errStop):
		return 0, false, nil
	case err != nil:
		return 0, false, err
	case s.o.Shard.Count > 1 && !s.byFile:
		total = (total - int64(s.o.Shard.Index) + int64(s.o.Shard.Count) - 1) / int64(s.o.Shard.Count)
	}
	return total, true, nil
}

// An emitter hands on the items that belong to a shard.
type emitter struct {
	shard   Shard
	next    int64 // place of the next item
	yield   func(Item) bool
	stopped bool // no more are wanted, and yield must not be called again
}

// mine reports whether the next item belongs to the shard, so that its bytes are wanted.
func (e *emitter) mine() bool { return e.shard.Holds(e.next) }

// emit hands on the next item where it belongs to the shard. It returns errStop when no more are wanted.
func (e *emitter) emit(it Item) error {
	wanted := e.mine()
	e.next++
	if wanted && !e.yield(it) {
		e.stopped = true
		return errStop
	}
	return nil
}
