package table

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"finetune/internal/store/atomicfile"
	"finetune/invalid"
	"finetune/pipeline/artifact"
)

// checkpointEvery is how much time an interrupted job may lose.
const checkpointEvery = time.Second

// Options says what a [Writer] writes.
type Options struct {
	Path string // its folder is made where it is missing

	// Encode says how; an empty Format is that of the ending of Path.
	Encode EncodeOptions

	// Settings identifies all else that decides the rows, such as the model's digest and the input. Rows that were
	// written under other settings are neither continued nor taken for complete.
	Settings string

	// Overwrite replaces a file at Path that isn't the complete result of these settings, and rows of other settings.
	Overwrite bool

	// Anew begins at the first row even where rows of these settings are there; a file at Path stays until Commit. It
	// needs Overwrite.
	Anew bool
}

// A Writer writes a table to a file. Beside the file it keeps two others, whose names begin with a dot, so that
// programs which read a folder of tables pass over them: .NAME.part with the rows so far, and .NAME.state, which
// says how many of them are safe. The latter stays, and is how a complete file is recognised.
//
// A job creates the Writer, is done where it is [Writer.Complete], calls Skip for each of its first [Writer.Done]
// rows and Write for each of the others, then Commit, and Close in any case. When the process is killed at any
// moment, the same job goes on and loses at most the rows since a second before the last Write. A Writer isn't safe
// for concurrent use.
type Writer struct {
	o       Options
	paths   paths
	part    *os.File
	enc     Encoder
	state   state
	names   chain
	skipped int64
	saved   time.Time
	ended   bool // committed, or complete from the start
}

// Create begins a table, or goes on with one that was interrupted. What the caller can correct is an *invalid.Error
// with Path or with the Field "Columns".
func Create(ctx context.Context, o Options) (_ *Writer, err error) {
	if o.Encode.Format == "" {
		if o.Encode.Format, err = FormatOf(o.Path); err != nil {
			return nil, err
		}
	}
	if _, err := o.Encode.Schema.columns(); err != nil {
		return nil, err
	}
	w := &Writer{o: o, paths: pathsOf(o.Path)}
	w.state = state{Version: stateVersion, Settings: o.digest()}
	if err := os.MkdirAll(filepath.Dir(o.Path), 0o777); err != nil {
		return nil, artifact.CannotWrite(o.Path, err)
	}
	if w.part, err = openPart(w.paths); err != nil {
		return nil, err
	}
	if err = w.begin(ctx); err != nil {
		if info, statErr := w.part.Stat(); statErr == nil && info.Size() == 0 {
			os.Remove(w.paths.part)
		}
		w.part.Close()
		return nil, err
	}
	return w, nil
}

// journal returns the encoder of the part: that of the format, or for Parquet, which can't be continued, one that
// keeps rows.
func (w *Writer) journal() (Encoder, error) {
	if w.o.Encode.Format == Parquet {
		return newRowLog(w.part), nil
	}
	return newEncoder(w.part, w.o.Encode, w.state.Bytes > 0)
}

// Complete reports whether the file is there already, with the same settings. Nothing is left to do but Close.
func (w *Writer) Complete() bool { return w.ended }

// Done returns how many rows an interrupted job left, or of how many a complete file consists.
func (w *Writer) Done() int64 { return w.state.Rows }

// Settings identifies what the rows are and how they are written: another file with the same is the result of the same job.
func (w *Writer) Settings() string { return w.state.Settings }

// Skip says the Key of a row that an interrupted job left, or its Path where it had none. After the last of them it's an *invalid.Error
// when they weren't the rows of the same images, in the same order.
func (w *Writer) Skip(key string) error {
	w.names.add(key)
	if w.skipped+1 == w.state.Rows && w.names.String() != w.state.Names {
		return w.changed() // nothing can be written now
	}
	w.skipped++
	return nil
}

func (w *Writer) changed() error {
	return &invalid.Error{Path: w.paths.part, Found: "rows of other images than the input has now",
		Hint: "restore the input, or remove this file to begin anew"}
}

// Write adds a row.
func (w *Writer) Write(r *Row) error {
	if w.ended || w.skipped < w.state.Rows {
		return errors.New("table: a row after the end, or before those that are done were skipped")
	}
	if err := w.enc.Write(r); err != nil {
		return err
	}
	w.names.add(cmp.Or(r.Key, r.Path))
	w.state.Rows++
	w.skipped = w.state.Rows
	if time.Since(w.saved) < checkpointEvery {
		return nil
	}
	return w.Checkpoint()
}

// Checkpoint makes the rows so far safe. Write does so every second.
func (w *Writer) Checkpoint() error {
	err := w.enc.Flush()
	if err == nil {
		err = w.part.Sync()
	}
	if err == nil {
		w.state.Bytes, err = w.part.Seek(0, io.SeekCurrent)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", w.paths.part, err)
	}
	w.saved, w.state.Names = time.Now(), w.names.String()
	return w.writeState(w.state)
}

func (w *Writer) writeState(s state) error {
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return atomicfile.Write(w.paths.state, func(out io.Writer) error {
		_, err := out.Write(append(text, '\n'))
		return err
	})
}

// staged is the file that is put in place at the end.
func (w *Writer) staged() string {
	if w.o.Encode.Format == Parquet {
		return w.paths.whole
	}
	return w.paths.part
}

// Commit puts the file in place. For Parquet it is encoded now, which ctx may interrupt.
func (w *Writer) Commit(ctx context.Context) error {
	if w.ended {
		return nil
	}
	if w.skipped < w.state.Rows {
		return w.changed()
	}
	if err := w.Checkpoint(); err != nil {
		return err
	}
	staged := w.staged()
	if w.o.Encode.Format == Parquet {
		if err := w.encode(ctx, staged); err != nil {
			return fmt.Errorf("write %s: %w", w.paths.out, err)
		}
	}
	info, err := os.Stat(staged)
	if err != nil {
		return err
	}
	done := w.state
	done.Bytes, done.Complete = info.Size(), true
	if err := w.writeState(done); err != nil {
		return err
	}
	w.state, w.ended = done, true
	err = w.part.Close()
	if renamed := replace(staged, w.paths.out); err == nil {
		err = renamed
	}
	if err != nil {
		return err
	}
	return removeAll(w.paths.part)
}

// encode writes the rows of the part as Parquet.
func (w *Writer) encode(ctx context.Context, path string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	enc, err := NewEncoder(f, w.o.Encode)
	if err != nil {
		return err
	}
	err = readRowLog(io.NewSectionReader(w.part, 0, w.state.Bytes), func(r *Row) error {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		return enc.Write(r)
	})
	if err == nil {
		err = enc.Close()
	}
	if err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	return err
}

// Close ends the writing. Without Commit before, the rows are kept for the same job to go on.
func (w *Writer) Close() error {
	if w.ended || w.part == nil {
		return nil
	}
	var err error
	if w.skipped >= w.state.Rows {
		err = w.Checkpoint()
	}
	if closeErr := w.part.Close(); err == nil {
		err = closeErr
	}
	w.part = nil
	if w.state.Rows == 0 && err == nil {
		err = removeAll(w.paths.part, w.paths.state)
	}
	return err
}
