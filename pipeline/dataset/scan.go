package dataset

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"finetune/internal/store/userfile"
	"finetune/invalid"
	"finetune/pipeline/source"
)

// maxEntries is the largest number of files that a folder may have.
const maxEntries = 20_000_000

// A tree is what a search through a folder finds. Paths are slash-separated, relative to the root and valid UTF-8.
type tree struct {
	folders   []string // those directly inside, sorted, also without images
	images    []found  // sorted by path
	undecoded []string // paths of images in formats that aren't decoded
	others    []string // paths of files that are no images
	broken    []string // links that lead nowhere
	again     []string // links to folders that are read already

	links   []found         // to folders, not followed yet
	visited map[string]bool // real paths of the folders that were read
	entries int             // read so far
	most    int             // entries to read
}

// found is a file or folder: its path and how to open it.
type found struct{ path, file string }

// scan searches through a folder, at most so many files. Links to files are followed; links to folders too, after all
// other folders and each folder once, so that links that lead back or across cost nothing.
func (l *loader) scan(root string, most int) (*tree, error) {
	real, err := filepath.EvalSymlinks(root)
	if err != nil {
		return nil, userfile.Classify(root, err)
	}
	t := &tree{visited: make(map[string]bool), most: most}
	if err := l.walk(t, root, real, ""); err != nil {
		return nil, err
	}
	for len(t.links) > 0 {
		link := t.links[0]
		t.links = t.links[1:]
		real, err := filepath.EvalSymlinks(link.file)
		switch {
		case err != nil:
			t.broken = append(t.broken, link.path)
		case t.visited[real]:
			t.again = append(t.again, link.path)
		default:
			if !strings.Contains(link.path, "/") {
				t.folders = append(t.folders, link.path)
			}
			// By its real path, since systems follow few links in one path.
			if err := l.walk(t, real, real, link.path); err != nil {
				return nil, err
			}
		}
	}
	slices.Sort(t.folders)
	slices.SortFunc(t.images, func(a, b found) int { return strings.Compare(a.path, b.path) })
	for _, list := range [][]string{t.undecoded, t.others, t.broken, t.again} {
		slices.Sort(list)
	}
	return t, nil
}

// walk adds what is in dir, whose path without links is real and whose path from the root is rel.
func (l *loader) walk(t *tree, dir, real, rel string) error {
	if err := l.ctx.Err(); err != nil {
		return err
	}
	if t.visited[real] { // through a link to a folder above it
		return nil
	}
	t.visited[real] = true
	entries, err := os.ReadDir(dir)
	if err != nil {
		return userfile.Classify(dir, err)
	}
	if t.entries += len(entries); t.entries > t.most {
		return &invalid.Error{
			Path:  dir,
			Found: fmt.Sprintf("more than %d files up to here", t.most),
			Want:  "a folder that holds the images alone",
		}
	}
	for _, e := range entries {
		if source.IsLitter(e.Name()) {
			continue
		}
		f, err := entry(dir, rel, e.Name())
		if err != nil {
			return err
		}
		mode := e.Type()
		if mode&fs.ModeSymlink != 0 {
			target, err := os.Stat(f.file)
			switch {
			case err != nil:
				t.broken = append(t.broken, f.path)
				continue
			case target.IsDir():
				t.links = append(t.links, f)
				continue
			}
			mode = target.Mode().Type()
		}
		switch {
		case mode.IsDir():
			if rel == "" {
				t.folders = append(t.folders, f.path)
			}
			if err := l.walk(t, f.file, filepath.Join(real, e.Name()), f.path); err != nil {
				return err
			}
		case mode.IsRegular():
			t.add(f)
		}
	}
	return nil
}

// add takes a file, by its name.
func (t *tree) add(f found) {
	switch {
	case source.IsImage(f.file):
		t.images = append(t.images, f)
	case isUndecoded(f.file):
		t.undecoded = append(t.undecoded, f.path)
	default:
		t.others = append(t.others, f.path)
	}
}

// entry returns what is in a folder under a name.
func entry(dir, rel, name string) (found, error) {
	file := filepath.Join(dir, name)
	p := path.Join(rel, EscapePath(name))
	if !utf8.ValidString(name) {
		if _, err := os.Lstat(filepath.Join(dir, EscapePath(name))); err == nil {
			return found{}, &invalid.Error{
				Path:  p,
				Found: "a file whose name isn't UTF-8, beside one that is named as it is written",
				Hint:  "rename one of the two",
			}
		}
	}
	if filepath.Separator == '/' && strings.HasSuffix(file, p) {
		p = file[len(file)-len(p):] // kept once
	}
	return found{p, file}, nil
}

// noteOthers notes what was found besides images.
func (l *loader) noteOthers(t *tree) {
	l.noteLeftOut(t.broken, "link", "it leads nowhere")
	l.noteLeftOut(t.again, "link", "it leads to a folder that is read already")
	l.noteLeftOut(t.others, "file", "not an image by its name")
	l.undecoded = t.undecoded
	l.noteLeftOut(t.undecoded, "image", "its format isn't decoded; "+convertHint)
}

// noteLeftOut notes paths that were left out for one reason, by number and first example.
func (l *loader) noteLeftOut(paths []string, noun, why string) {
	if len(paths) > 0 {
		l.notes = append(l.notes, fmt.Sprintf("left out %s, such as %s: %s", count(len(paths), noun), paths[0], why))
	}
}

func isRegular(file string) bool {
	info, err := os.Stat(file)
	return err == nil && info.Mode().IsRegular()
}
