package featurestore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"time"

	"finetune/internal/store/flock"
	"finetune/internal/store/userfile"
	"finetune/invalid"
)

// unlockedAge is how long a segment must not have been used before [Prune] removes it where files can't be locked, so
// that nobody knows whether a process has it open.
const unlockedAge = time.Hour

// folderName matches the digest of a recipe.
var folderName = regexp.MustCompile(`^[0-9a-f]{32}$`)

// A Folder is what a cache holds of one recipe.
type Folder struct {
	Path     string    `json:"path"`
	Recipe   Recipe    `json:"recipe"` // empty where it can't be read
	Segments int       `json:"segments"`
	Rows     int       `json:"rows"`
	Cols     int       `json:"columns"`
	RowBytes int64     `json:"row_bytes"` // what an image costs; see [RowBytes]
	Bytes    int64     `json:"bytes"`
	Used     time.Time `json:"used"` // last read or written
}

// List returns what the cache below root holds, the recipe that was used last first. A cache that isn't there is
// empty.
func List(ctx context.Context, root string) ([]Folder, error) {
	var list []Folder
	err := eachFolder(root, func(dir string, segments []segmentInfo) error {
		if len(segments) == 0 {
			return nil // of a job that kept nothing
		}
		f := Folder{Path: dir, Segments: len(segments)}
		if text, err := userfile.Read(ctx, filepath.Join(dir, recipeFile), 1<<16); err == nil {
			if json.Unmarshal(text, &f.Recipe) != nil {
				f.Recipe = Recipe{}
			}
		}
		buf := make([]byte, rowsStart)
		for _, s := range segments {
			if err := context.Cause(ctx); err != nil {
				return err
			}
			f.Bytes += s.bytes
			if s.used.After(f.Used) {
				f.Used = s.used
			}
			if err := s.open(func(file *os.File) error {
				t, _, err := readTable(file, buf)
				f.Rows += t.rows()
				f.Cols = max(f.Cols, t.cols)
				return err
			}); err != nil {
				return err
			}
		}
		if f.Cols > 0 {
			f.RowBytes = RowBytes(f.Cols, f.Recipe.Half)
		}
		list = append(list, f)
		return nil
	})
	slices.SortStableFunc(list, func(a, b Folder) int { return b.Used.Compare(a.Used) })
	return list, err
}

// A Damage is a segment with rows that can't be used. They are computed again when they are wanted.
type Damage struct {
	Path string `json:"path"`
	Rows int    `json:"rows"` // 0 where the whole file isn't a segment
	Why  string `json:"why"`
}

// Verify reads every row of the cache below root and returns the damaged segments. It changes nothing.
func Verify(ctx context.Context, root string) ([]Damage, error) {
	var list []Damage
	buf := make([]byte, rowsStart)
	err := eachFolder(root, func(_ string, segments []segmentInfo) error {
		for _, s := range segments {
			if err := s.open(func(f *os.File) error {
				d, err := verify(ctx, f, buf)
				if d.Why != "" {
					list = append(list, d)
				}
				return err
			}); err != nil {
				return err
			}
		}
		return nil
	})
	return list, err
}

func verify(ctx context.Context, f *os.File, buf []byte) (Damage, error) {
	t, why, err := readTable(f, buf)
	d := Damage{Path: f.Name(), Rows: len(t.damaged), Why: why}
	if err != nil || why != "" {
		return d, err
	}
	seg := &segment{form: t.form, name: f.Name(), file: f}
	row := make([]float32, t.cols)
	for i, e := range t.entries {
		if e.key == (Key{}) {
			continue
		}
		if err := context.Cause(ctx); err != nil {
			return d, err
		}
		if seg.read(i, e.checksum, row) != nil {
			d.Rows++
		}
	}
	if d.Rows > 0 {
		d.Why = fmt.Sprintf("%d rows don't agree with their checksums", d.Rows)
	}
	return d, nil
}

// rows is the number of rows that a table lists.
func (t *table) rows() (n int) {
	for _, e := range t.entries {
		if e.key != (Key{}) {
			n++
		}
	}
	return n
}

// A Pruned says what [Prune] did.
type Pruned struct {
	Segments int   `json:"segments"` // removed
	Others   int   `json:"others"`   // networks, fetched runs and uploads that were removed
	Bytes    int64 `json:"bytes"`    // removed
	Left     int64 `json:"left"`     // bytes that the cache has now
	InUse    int64 `json:"in_use"`   // bytes that would have been removed, but for processes that use them
}

// A part is what Prune may remove.
type part struct {
	bytes  int64
	used   time.Time
	remove func() (bool, error)
}

// Prune removes the segments of the cache below root, and what lies beside it, that weren't used for longest, until at most limit bytes
// are left; a limit of 0 empties it. Segments that a live process reads or writes stay, and what lies beside them for a day after it was
// used, so that more may be left.
func Prune(root string, limit int64) (Pruned, error) {
	var all []part
	var p Pruned
	if err := eachFolder(root, func(_ string, segments []segmentInfo) error {
		for _, s := range segments {
			p.Left += s.bytes
			all = append(all, part{s.bytes, s.used, func() (bool, error) {
				removed, err := s.remove()
				if removed {
					p.Segments++
					removeEmpty(filepath.Dir(s.path))
				}
				return removed, err
			}})
		}
		return nil
	}); err != nil {
		return p, err
	}
	beside, err := ListBeside(root)
	if err != nil {
		return p, err
	}
	for _, b := range beside {
		p.Left += b.Bytes
		all = append(all, part{b.Bytes, b.Used, func() (bool, error) {
			removed, err := b.remove()
			if removed {
				p.Others++
			}
			return removed, err
		}})
	}
	slices.SortFunc(all, func(a, b part) int { return a.used.Compare(b.used) })
	for _, s := range all {
		if p.Left <= limit {
			break
		}
		removed, err := s.remove()
		if err != nil {
			return p, fmt.Errorf("prune the feature cache: %w", err)
		}
		if !removed {
			p.InUse += s.bytes
			continue
		}
		p.Bytes += s.bytes
		p.Left -= s.bytes
	}
	return p, nil
}

// removeEmpty removes the folder of a recipe without segments.
func removeEmpty(dir string) {
	if names, err := segmentNames(dir); err != nil || len(names) > 0 {
		return
	}
	os.Remove(filepath.Join(dir, recipeFile))
	os.Remove(dir) // fails where something else is in it
}

// A segmentInfo is what the folder says about a segment.
type segmentInfo struct {
	path  string
	bytes int64
	used  time.Time
}

// open calls f with the segment's file, unless it was removed meanwhile.
func (s *segmentInfo) open(f func(*os.File) error) error {
	file, err := os.Open(s.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer file.Close()
	return f(file)
}

// remove removes the segment unless a process has it open, or it is another user's.
func (s *segmentInfo) remove() (bool, error) {
	f, err := openFile(s.path)
	if errors.Is(err, fs.ErrPermission) {
		return false, nil
	}
	if err == nil {
		defer f.Close()
		err = flock.Exclusive(f)
	}
	switch {
	case errors.Is(err, flock.ErrHeld):
		return false, nil
	case errors.Is(err, flock.ErrUnsupported):
		if time.Since(s.used) < unlockedAge {
			return false, nil
		}
		f.Close() // Windows removes closed files only
		err = nil
	}
	if err == nil {
		err = os.Remove(s.path)
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return true, nil // another process was faster
	case errors.Is(err, fs.ErrPermission):
		return false, nil
	}
	return err == nil, err
}

// eachFolder calls f with the segments of every recipe.
func eachFolder(root string, f func(dir string, segments []segmentInfo) error) error {
	folders, err := os.ReadDir(root)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if errors.Is(err, fs.ErrPermission) {
		return &invalid.Error{Field: "Images.Cache", Path: root, Found: "a folder that may not be read", Err: err}
	}
	if err != nil {
		return err
	}
	for _, folder := range folders {
		if !folder.IsDir() || !folderName.MatchString(folder.Name()) {
			continue
		}
		dir := filepath.Join(root, folder.Name())
		names, err := segmentNames(dir)
		if err != nil {
			return err
		}
		var segments []segmentInfo
		for _, name := range names {
			info, err := os.Lstat(name)
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err != nil {
				return err
			}
			segments = append(segments, segmentInfo{name, info.Size(), info.ModTime()})
		}
		if err := f(dir, segments); err != nil {
			return err
		}
	}
	return nil
}
