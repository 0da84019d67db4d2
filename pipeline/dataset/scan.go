package dataset

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// imageExtensions are those of the formats that the preprocessing decodes.
var imageExtensions = []string{".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff"}

// isImage goes by the name: no file is opened here.
func isImage(name string) bool {
	return slices.Contains(imageExtensions, strings.ToLower(filepath.Ext(name)))
}

// isLitter reports what systems leave in folders: hidden files, among them macOS's "._" twins of images, and
// the files of thumbnails and archives.
func isLitter(name string) bool {
	switch strings.ToLower(name) {
	case "thumbs.db", "desktop.ini", "__macosx", "@eadir":
		return true
	}
	return strings.HasPrefix(name, ".")
}

// A tree is what a search through a folder finds.
type tree struct {
	folders []string // those directly inside, sorted, also without images
	images  []found  // sorted by path
	others  []string // paths of files that are no images, likewise
	broken  []string // links that lead nowhere
	loops   []string // links that lead back to a folder that they are in
}

// found is a file: its path, slash-separated and relative to the root, and how to open it.
type found struct{ path, file string }

// scan searches through a folder. Links to files and folders are followed; a link that leads back to a folder it
// is in, or nowhere, is left out and noted.
func (l *loader) scan(root string) (*tree, error) {
	info, err := os.Stat(root)
	if err != nil {
		return nil, unreadable(root, err)
	}
	t := &tree{}
	if err := l.walk(t, root, "", []fs.FileInfo{info}); err != nil {
		return nil, err
	}
	slices.SortFunc(t.images, func(a, b found) int { return strings.Compare(a.path, b.path) })
	return t, nil
}

// walk adds what is in dir, whose path from the root is rel; above are the folders it is in and itself.
func (l *loader) walk(t *tree, dir, rel string, above []fs.FileInfo) error {
	if err := l.ctx.Err(); err != nil {
		return err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return unreadable(dir, err)
	}
	for _, e := range entries {
		if isLitter(e.Name()) {
			continue
		}
		file, name := filepath.Join(dir, e.Name()), path.Join(rel, e.Name())
		isDir, isFile := e.IsDir(), e.Type().IsRegular()
		if e.Type()&fs.ModeSymlink != 0 {
			target, err := os.Stat(file)
			if err != nil {
				t.broken = append(t.broken, name)
				continue
			}
			if slices.ContainsFunc(above, func(a fs.FileInfo) bool { return os.SameFile(a, target) }) {
				t.loops = append(t.loops, name)
				continue
			}
			isDir, isFile = target.IsDir(), target.Mode().IsRegular()
		}
		switch {
		case isDir:
			if rel == "" {
				t.folders = append(t.folders, e.Name())
			}
			info, err := os.Stat(file)
			if err != nil {
				return unreadable(file, err)
			}
			if err := l.walk(t, file, name, append(slices.Clip(above), info)); err != nil {
				return err
			}
		case isFile && isImage(e.Name()):
			if filepath.Separator == '/' && strings.HasSuffix(file, name) {
				name = file[len(file)-len(name):] // kept once
			}
			t.images = append(t.images, found{name, file})
		case isFile:
			t.others = append(t.others, name)
		}
	}
	return nil
}

// noteOthers notes what was found besides images.
func (l *loader) noteOthers(t *tree) {
	l.noteLeftOut(t.broken, "link", "it leads nowhere")
	l.noteLeftOut(t.loops, "link", "it leads back to a folder that it is in")
	l.noteLeftOut(t.others, "file", "not an image by its name")
}

// noteLeftOut notes paths that were left out for one reason, by number and first example.
func (l *loader) noteLeftOut(paths []string, noun, why string) {
	if len(paths) > 0 {
		l.notes = append(l.notes, fmt.Sprintf("left out %s, such as %s: %s", count(len(paths), noun), paths[0], why))
	}
}

// fileOf is the file of a slash-separated path relative to base.
func fileOf(base, p string) string {
	f := filepath.FromSlash(p)
	if filepath.IsAbs(f) {
		return f
	}
	return filepath.Join(base, f)
}
