package table

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"time"

	"finetune/internal/store/flock"
	"finetune/invalid"
	"finetune/pipeline/artifact"
)

// begin finds out what is there already.
func (w *Writer) begin(ctx context.Context) error {
	before, known, err := readState(ctx, w.paths.state)
	if err != nil {
		return err
	}
	ours := known && before.Settings == w.state.Settings && !w.o.Anew
	if ours && before.Complete {
		if done, err := w.finished(before); done || err != nil {
			return err
		}
	}
	if err := w.mayReplace(known, ours); err != nil {
		return err
	}
	size, err := w.part.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	w.state.Names = w.names.String()
	if ours && !before.Complete && size >= before.Bytes {
		w.state = before
	}
	// Rows after the last checkpoint may be in pieces.
	if err := w.part.Truncate(w.state.Bytes); err != nil {
		return err
	}
	if _, err := w.part.Seek(w.state.Bytes, io.SeekStart); err != nil {
		return err
	}
	if w.enc, err = w.journal(); err != nil {
		return err
	}
	w.saved = time.Now()
	return w.writeState(w.state)
}

// finished reports whether the file is complete. A process that was killed just before it put the file in place is
// caught up on.
func (w *Writer) finished(before state) (bool, error) {
	if info, err := os.Stat(w.staged()); err == nil && info.Size() == before.Bytes && before.Bytes > 0 {
		if err := replace(w.staged(), w.paths.out); err != nil {
			return false, err
		}
	}
	if info, err := os.Stat(w.paths.out); err != nil || info.Size() != before.Bytes {
		return false, nil
	}
	w.state, w.ended = before, true
	w.part.Close()
	return true, removeAll(w.paths.part, w.paths.whole)
}

// Interrupted returns where the rows are that an interrupted job left for a table at out, or "".
func Interrupted(out string) string {
	part := pathsOf(out).part
	if _, err := os.Stat(part); err != nil {
		return ""
	}
	return part
}

// mayReplace refuses to replace what isn't known to be of this job.
func (w *Writer) mayReplace(known, ours bool) error {
	info, err := os.Stat(w.paths.out)
	switch {
	case err == nil && !info.Mode().IsRegular():
		return &invalid.Error{Path: w.paths.out, Found: "something other than a file", Want: "a file or nothing"}
	case err != nil && !errors.Is(err, os.ErrNotExist):
		return err
	case w.o.Overwrite:
		return nil
	case err == nil:
		return &invalid.Error{Path: w.paths.out, Found: "a file that isn't the result of these settings",
			Hint: "give another {Out}, or {Overwrite}"}
	case known && !ours:
		return &invalid.Error{Path: w.paths.part,
			Found: "rows of an interrupted job with other settings or another version",
			Hint:  "run that job again to finish it, give another {Out}, or {Overwrite}"}
	}
	if size, err := w.part.Seek(0, io.SeekEnd); err != nil {
		return err
	} else if size > 0 && !known {
		return &invalid.Error{Path: w.paths.part, Found: "a file that isn't known",
			Hint: "remove it, give another {Out}, or {Overwrite}"}
	}
	return nil
}

// openPart opens the file with the rows so far for this process alone.
func openPart(p paths) (*os.File, error) {
	if info, err := os.Lstat(p.part); err == nil && !info.Mode().IsRegular() {
		return nil, &invalid.Error{Path: p.part, Found: "something other than a file",
			Hint: "remove it or give another {Out}"}
	}
	f, err := os.OpenFile(p.part, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return nil, artifact.CannotWrite(p.out, err)
	}
	err = flock.Exclusive(f)
	if err == nil || errors.Is(err, flock.ErrUnsupported) {
		return f, nil
	}
	f.Close()
	if errors.Is(err, flock.ErrHeld) {
		err = &invalid.Error{Path: p.out, Found: "a file that another process writes", Err: err}
	}
	return nil, err
}

// removeAll removes files that may not be there.
func removeAll(names ...string) error {
	for _, name := range names {
		if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}
