package dataset

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"

	"finetune/internal/store/userfile"
	"finetune/invalid"
)

// maxSearched is the largest number of files among which paths are looked for.
const maxSearched = 2_000_000

// resolve looks for the files of a table or list. A path that names no file is compared with the files below the
// folder of the table: it stands for one that differs in the direction of slashes, letter case, extension, Unicode
// normalisation or percent-encoding, or lies in a folder that is named in full for another machine, where exactly one
// such file is there.
func (l *loader) resolve() error {
	if l.o.NoFiles || l.layout == ClassFolders || l.layout == FlatFolder || l.layout == Folder ||
		l.layout == SingleImage || l.layout == Packed {
		return nil
	}
	missing, err := l.missing()
	if err != nil || len(missing) == 0 {
		return err
	}
	r := resolution{causes: make(map[string]bool)}
	var rest []int
	for _, i := range missing {
		if it := &l.items[i]; !r.take(it, l.readDifferently(it.Path)) {
			rest = append(rest, i)
		}
	}
	lost, why := 0, ""
	if len(rest) > 0 {
		search, err := l.newSearch(missing)
		if err != nil {
			return err
		}
		for n, i := range rest {
			if n%1024 == 0 && l.ctx.Err() != nil {
				return l.ctx.Err()
			}
			m := search.find(l.items[i].Path)
			if r.take(&l.items[i], m) {
				continue
			}
			if lost++; why == "" {
				why = m.hint
			}
		}
	}
	if lost == len(l.items) {
		return l.noFiles(rest[0], why)
	}
	l.noteLost(lost, why)
	if r.n == 0 {
		return nil
	}
	l.notes = append(l.notes, fmt.Sprintf("found %s under another path than the one written, such as %s (%s)",
		count(r.n, "image"), r.example, strings.Join(slices.Sorted(maps.Keys(r.causes)), ", ")))
	return l.dropDuplicates() // of the paths as they are now
}

// A resolution counts the items whose paths were resolved.
type resolution struct {
	n       int
	example string
	causes  map[string]bool
}

// take gives an item the file of a match, where there is one.
func (r *resolution) take(it *Item, m match) bool {
	if !m.ok {
		return false
	}
	if m.file.path != it.Path { // as EscapePath wrote it
		if r.n++; r.n == 1 {
			r.example = fmt.Sprintf("%s for %s", short(m.file.path), short(it.Path))
		}
		for _, cause := range m.causes {
			r.causes[cause] = true
		}
	}
	it.Path, it.File = m.file.path, m.file.file
	return true
}

// readDifferently returns the file that a path names with other slashes or with its percent-encoding undone.
func (l *loader) readDifferently(p string) match {
	for _, d := range dialects(p) {
		if d.path == p {
			continue
		}
		clean := path.Clean(d.path)
		if file := fileOf(l.base, clean); isRegular(file) {
			return match{ok: true, file: found{EscapePath(clean), file}, causes: d.causes}
		}
	}
	return match{}
}

// noteLost notes paths without a file where something is known about them. The rest is met when the images are read.
func (l *loader) noteLost(paths int, why string) {
	if why != "" {
		l.notes = append(l.notes, fmt.Sprintf("no file for %s: %s", count(paths, "path"), why))
	}
}

// noFiles is the error for a table of which no path names a file.
func (l *loader) noFiles(first int, why string) error {
	hint := "move the manifest or change the paths"
	if why != "" {
		hint = why + ": " + hint
	}
	return &invalid.Error{
		Path:  l.o.Path,
		Found: fmt.Sprintf("the path %q, where there is no file (nor for any other line)", short(l.items[first].Path)),
		Want:  "paths relative to the folder of the manifest",
		Hint:  hint,
	}
}

// missing returns the items whose paths name no file.
func (l *loader) missing() ([]int, error) {
	var missing []int
	for i := range l.items {
		if i%1024 == 0 && l.ctx.Err() != nil {
			return nil, l.ctx.Err()
		}
		if l.items[i].Open != nil {
			continue // whether something is at an address is found when the image is read
		}
		info, err := os.Stat(l.items[i].File)
		switch {
		case err == nil && !info.IsDir():
		case err == nil, errors.Is(err, fs.ErrNotExist), invalid.Is(userfile.Classify(l.items[i].File, err)):
			missing = append(missing, i)
		} // other failures are met again when the image is read
	}
	return missing, nil
}
