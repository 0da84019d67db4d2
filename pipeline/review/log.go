package review

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"finetune/internal/store/atomicfile"
	"finetune/internal/store/flock"
	"finetune/internal/store/userfile"
	"finetune/invalid"
)

// LogPath returns the path of the log of decisions that belongs to a corrected manifest: corrected.changes.jsonl for
// corrected.csv.
func LogPath(out string) string { return strings.TrimSuffix(out, filepath.Ext(out)) + ".changes.jsonl" }

// The actions.
const (
	actionLabel = "label" // gives all images of the item a class
	actionKeep  = "keep"  // confirms their labels
	actionDrop  = "drop"  // leaves images out of the manifest
	actionUndo  = "undo"  // takes an earlier decision back
)

// An Entry is a line of the log: a decision, who took it and when. Entries are only ever added.
type Entry struct {
	Number   int      `json:"number"` // from 1
	Time     string   `json:"time"`   // RFC 3339, UTC
	Reviewer string   `json:"reviewer"`
	Kind     Kind     `json:"kind"`
	Action   string   `json:"action"`
	Undoes   int      `json:"undoes,omitempty"` // the number of the entry that is taken back
	Changes  []Change `json:"changes"`
}

// A Change is what a decision does to an image. "" is no label: the image isn't in the manifest.
type Change struct {
	Path string `json:"path"`
	From string `json:"from"`
	To   string `json:"to"`
}

// A decisions is the log on disk. The file is locked: two reviews that write to one log would undo each other.
type decisions struct {
	file    *os.File
	entries []Entry
}

// maxLog bounds the bytes of a log that is read.
const maxLog = 1 << 30

// openLog opens the log, or makes one, and reads its entries. The end of a line that a killed process was writing is cut
// off: its decision was never acknowledged.
func openLog(ctx context.Context, path string) (_ *decisions, err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return nil, err
	}
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return nil, &invalid.Error{Field: "Out", Path: path, Found: "something other than a file", Want: "a log of decisions, or nothing"}
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return nil, userfile.Classify(path, err)
	}
	defer func() {
		if err != nil {
			f.Close()
		}
	}()
	if err := flock.Exclusive(f); err != nil && !errors.Is(err, flock.ErrUnsupported) {
		if errors.Is(err, flock.ErrHeld) {
			err = &invalid.Error{Field: "Out", Path: path, Found: "a log that another review writes to", Hint: "end the other one, or give another {Out}"}
		}
		return nil, err
	}
	// A review that ended without a decision may have removed the file between its opening and its locking.
	if at, err := os.Stat(path); err != nil {
		return nil, userfile.Classify(path, err)
	} else if own, err := f.Stat(); err != nil {
		return nil, err
	} else if !os.SameFile(at, own) {
		return nil, &invalid.Error{Field: "Out", Path: path, Found: "a log that another review has just replaced", Hint: "give the same command again"}
	}
	data, err := userfile.Read(ctx, path, maxLog)
	if err != nil {
		return nil, err
	}
	whole := bytes.LastIndexByte(data, '\n') + 1
	log := &decisions{file: f}
	for i, line := range bytes.Split(data[:whole], []byte("\n")) {
		if len(line) == 0 {
			continue
		}
		var e Entry
		if err := json.Unmarshal(line, &e); err != nil || e.Number != len(log.entries)+1 {
			return nil, &invalid.Error{Field: "Out", Path: fmt.Sprintf("%s line %d", path, i+1), Found: "no decision of a review", Err: err,
				Hint: "restore the file, or give another {Out}"}
		}
		log.entries = append(log.entries, e)
	}
	if rest := data[whole:]; len(rest) > 0 {
		if !startsEntry(rest) {
			return nil, &invalid.Error{Field: "Out", Path: path, Found: "an end that no review wrote", Hint: "move the file away, or give another {Out}"}
		}
		if err := f.Truncate(int64(whole)); err != nil {
			return nil, err
		}
	}
	if _, err := f.Seek(int64(whole), 0); err != nil {
		return nil, err
	}
	return log, atomicfile.SyncDir(filepath.Dir(path))
}

// entryStart is how add begins every line.
const entryStart = `{"number":`

// startsEntry reports whether text, which has no end of line, can be the beginning of an entry. Other text is somebody's own, and
// isn't cut off.
func startsEntry(text []byte) bool {
	n := min(len(text), len(entryStart))
	return string(text[:n]) == entryStart[:n]
}

// add appends an entry. When it returns nil the entry is on disk.
func (d *decisions) add(e Entry) error {
	e.Number, e.Time = len(d.entries)+1, time.Now().UTC().Format(time.RFC3339)
	line, err := json.Marshal(e)
	if err != nil {
		return err
	}
	at, err := d.file.Seek(0, 1)
	if err != nil {
		return err
	}
	if _, err = d.file.Write(append(line, '\n')); err == nil {
		err = d.file.Sync()
	}
	if err != nil {
		// Half a line would spoil the next one.
		return errors.Join(fmt.Errorf("the decision isn't saved: %w", err), d.file.Truncate(at), seek(d.file, at))
	}
	d.entries = append(d.entries, e)
	return nil
}

func seek(f *os.File, at int64) error {
	_, err := f.Seek(at, 0)
	return err
}

// valid returns the entries that weren't taken back, in their order.
func (d *decisions) valid() []Entry {
	undone := map[int]bool{}
	for _, e := range d.entries {
		if e.Action == actionUndo {
			undone[e.Undoes], undone[e.Number] = true, true
		}
	}
	var list []Entry
	for _, e := range d.entries {
		if !undone[e.Number] {
			list = append(list, e)
		}
	}
	return list
}

// exists reports whether there is something at a path.
func exists(path string) (bool, error) {
	_, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}
