package dataset

import (
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"finetune/invalid"
	"finetune/pipeline/source"
)

// classFolders reads a folder per class, perhaps below folders for the parts. Images may lie at any depth in the
// folder of their class.
func (l *loader) classFolders() error {
	l.layout = ClassFolders
	t, err := l.scan(l.o.Path, maxEntries)
	if err != nil {
		return err
	}
	if err := l.someImages(t); err != nil {
		return err
	}
	parted, err := l.hasParts(t.folders)
	if err != nil {
		return err
	}
	var outside, unlabelled []string
	l.items = make([]Item, 0, len(t.images))
	for _, image := range t.images {
		class, part, ok := place(image.path, parted)
		if !ok {
			outside = append(outside, image.path)
			continue
		}
		if l.isMissing(class) {
			unlabelled = append(unlabelled, image.path)
			continue
		}
		r := newRecord(image.path, image.file, 0)
		r.label, r.part = class, part
		l.keep(r)
	}
	if len(l.items) == 0 {
		return l.noClasses(t, len(outside)+len(unlabelled))
	}
	if !parted {
		l.classes = slices.DeleteFunc(t.folders, l.isMissing)
	}
	l.noteOthers(t)
	l.noteLeftOut(outside, "image", "not in the folder of a class")
	l.noteLeftOut(unlabelled, "image", "the name of its folder stands for no label")
	return nil
}

// noClasses is the error for a folder with images of which none is in the folder of a class.
func (l *loader) noClasses(t *tree, images int) error {
	e := &invalid.Error{
		Path:  l.o.Path,
		Found: count(images, "image") + " but no class folders with images",
		Want:  "a folder for each class",
		Hint:  "sort the images into such folders, or read labels from names with {Data.LabelRegex}, or give a table",
	}
	for _, other := range t.others {
		if ext := strings.ToLower(path.Ext(other)); ext == ".csv" || ext == ".tsv" || ext == ".jsonl" || ext == ".json" {
			e.Hint = "give the table with the labels: {Data.Path} " + quoted(
				filepath.Join(l.o.Path, filepath.FromSlash(other)),
			)
			break
		}
	}
	return e
}

func (l *loader) someImages(t *tree) error {
	if len(t.images) > 0 {
		return nil
	}
	e := &invalid.Error{
		Path:  l.o.Path,
		Found: "no images",
		Want:  "files ending in " + strings.Join(source.ImageEndings(), ", "),
	}
	switch {
	case len(t.undecoded) > 0:
		e.Found = fmt.Sprintf(
			"%s in formats that aren't decoded, such as %s",
			count(len(t.undecoded), "image"),
			t.undecoded[0],
		)
		e.Hint = convertHint
	case len(t.others) > 0:
		e.Found += fmt.Sprintf(" among %s, such as %s", count(len(t.others), "file"), t.others[0])
	}
	return e
}

// hasParts reports whether the folders are parts (train, val, test) and not classes: all of them are. Other folders
// beside them are an error where the folders can't be classes: where the user named none of them so.
func (l *loader) hasParts(folders []string) (bool, error) {
	var parts, other []string
	var trains, holdsOut bool
	for _, f := range folders {
		part := partOf(f)
		if part == Unassigned || l.isNamed(f) {
			other = append(other, f)
			continue
		}
		parts = append(parts, f)
		trains = trains || part == Train
		holdsOut = holdsOut || part != Train
	}
	if len(parts) == 0 || len(other) == 0 {
		return len(parts) > 0, nil
	}
	if l.o.Unlabelled || l.labelRegex != nil && !(trains && holdsOut) {
		return false, nil
	}
	return false, &invalid.Error{Path: l.o.Path, Found: fmt.Sprintf("the folder %q beside %s", other[0], some(parts)),
		Want: "either parts or classes at the top",
		Hint: "move it away or into the parts; if all are classes, name them in {Data.Order}"}
}

// place reads class and part from the path of an image.
func place(image string, parted bool) (class string, part Part, ok bool) {
	if parted {
		top, rest, _ := strings.Cut(image, "/")
		part, image = partOf(top), rest
		if part == Unassigned {
			return "", Unassigned, false
		}
	}
	class, _, ok = strings.Cut(image, "/")
	return class, part, ok
}

// folder reads images at any depth, with labels by pattern or without labels.
func (l *loader) folder() error {
	l.layout = FlatFolder
	if l.o.Unlabelled {
		l.layout = Folder
	}
	t, err := l.scan(l.o.Path, maxEntries)
	if err != nil {
		return err
	}
	if err := l.someImages(t); err != nil {
		return err
	}
	parted, err := l.hasParts(t.folders)
	if err != nil {
		return err
	}
	var unmatched []string
	l.items = make([]Item, 0, len(t.images))
	for _, image := range t.images {
		r := newRecord(image.path, image.file, 0)
		class, part, inClass := place(image.path, parted)
		r.part = part
		switch {
		case l.labelRegex == nil && inClass:
			r.label = class
		case l.labelRegex != nil:
			var ok bool
			if r.label, ok = capture(l.labelRegex, image.path); (!ok || l.isMissing(r.label)) && !l.o.Unlabelled {
				unmatched = append(unmatched, image.path)
				continue
			}
		}
		l.keep(r)
	}
	if len(l.items) == 0 {
		return &invalid.Error{
			Field: "Data.LabelRegex",
			Found: fmt.Sprintf("no match in any of %s, such as %s", count(len(t.images), "name"), t.images[0].path),
			Want:  "a pattern whose first group is the label",
			Hint:  `try '^(\d+)_' for 25_1_0.jpg`,
		}
	}
	l.noteOthers(t)
	l.noteLeftOut(unmatched, "image", "no label in its name by the pattern for labels")
	return nil
}
