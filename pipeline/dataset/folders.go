package dataset

import (
	"fmt"
	"slices"
	"strings"

	"finetune/invalid"
)

// partNames are the folder names and column values that assign a part.
var partNames = map[string]Part{
	"train": Train, "training": Train,
	"val": Val, "valid": Val, "validation": Val, "dev": Val,
	"test": Test, "testing": Test,
}

// classFolders reads a folder per class, perhaps below folders for the parts. Images may lie at any depth in the
// folder of their class.
func (l *loader) classFolders() error {
	l.layout = ClassFolders
	t, err := l.scan(l.o.Path)
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
	var outside []string
	l.items = make([]Item, 0, len(t.images))
	for _, image := range t.images {
		class, part, ok := place(image.path, parted)
		if !ok {
			outside = append(outside, image.path)
			continue
		}
		r := newRecord(image.path, image.file, 0)
		r.label, r.part = class, part
		l.keep(r)
	}
	if len(l.items) == 0 {
		return &invalid.Error{Field: l.o.Path, Found: count(len(outside), "image") + " but no class folders with images",
			Want: "a folder for each class", Hint: "sort the images into such folders, or read labels from names with --label-regex, or give a manifest"}
	}
	if !parted {
		l.classes = t.folders
	}
	l.noteOthers(t)
	l.noteLeftOut(outside, "image", "not in the folder of a class")
	return nil
}

func (l *loader) someImages(t *tree) error {
	if len(t.images) > 0 {
		return nil
	}
	found := "no images"
	if len(t.others) > 0 {
		found += fmt.Sprintf(" among %s, such as %s", count(len(t.others), "file"), t.others[0])
	}
	return &invalid.Error{Field: l.o.Path, Found: found, Want: "files ending in " + strings.Join(imageExtensions, ", ")}
}

// hasParts reports whether the folders are parts (train, val, test) and not classes: all of them are, and train is
// among them. A mixture that can be neither is a mistake.
func (l *loader) hasParts(folders []string) (bool, error) {
	var parts []Part
	var other []string
	for _, f := range folders {
		if p := partNames[strings.ToLower(f)]; p != Unassigned {
			parts = append(parts, p)
		} else {
			other = append(other, f)
		}
	}
	if !slices.Contains(parts, Train) {
		return false, nil
	}
	if len(other) > 0 && (slices.Contains(parts, Val) || slices.Contains(parts, Test)) {
		return false, &invalid.Error{Field: l.o.Path, Found: fmt.Sprintf("the folder %q beside train, val or test", other[0]),
			Want: "either parts or classes at the top", Hint: "move it away or into the parts"}
	}
	return len(other) == 0, nil
}

// place reads class and part from the path of an image.
func place(image string, parted bool) (class string, part Part, ok bool) {
	if parted {
		top, rest, _ := strings.Cut(image, "/")
		part, image = partNames[strings.ToLower(top)], rest
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
	t, err := l.scan(l.o.Path)
	if err != nil {
		return err
	}
	if err := l.someImages(t); err != nil {
		return err
	}
	parted, err := l.hasParts(t.folders)
	if err != nil && !l.o.Unlabelled {
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
			if r.label, ok = capture(l.labelRegex, image.path); !ok && !l.o.Unlabelled {
				unmatched = append(unmatched, image.path)
				continue
			}
		}
		l.keep(r)
	}
	if len(l.items) == 0 {
		return &invalid.Error{Field: "--label-regex", Found: fmt.Sprintf("no match in any of %s, such as %s", count(len(t.images), "name"), t.images[0].path),
			Want: "a pattern whose first group is the label", Hint: `try '^(\d+)_' for 25_1_0.jpg`}
	}
	l.noteOthers(t)
	l.noteLeftOut(unmatched, "image", "its name doesn't match --label-regex")
	return nil
}
