package dataset

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"finetune/label"
)

// undecodedExtensions are those of images that it doesn't decode. Such files are named, since their owner takes them
// for part of the data.
var undecodedExtensions = strings.Fields(".jxl .jp2 .j2k .jpx .ppm .pgm .pnm .tga " +
	".ico .svg .psd .eps .dng .cr2 .cr3 .nef .arw .orf .rw2 .raf .dcm .exr .hdr .svs .ndpi")

// convertHint is what to do with an image that isn't decoded.
const convertHint = "convert it to JPEG or PNG, as with: magick mogrify -format jpg -quality 95 *.jxl"

func isUndecoded(name string) bool {
	return slices.Contains(undecodedExtensions, strings.ToLower(filepath.Ext(name)))
}

// partNames are the names of parts, in folders and in columns.
var partNames = map[string]Part{
	"train": Train, "training": Train,
	"val": Val, "valid": Val, "validation": Val, "dev": Val,
	"test": Test, "testing": Test,
}

// partSuffixes may follow the name of a part: training_set, test-images.
var partSuffixes = []string{"set", "data", "dataset", "images", "imgs", "split"}

// partOf returns the part that a name stands for, Unassigned for any other name.
func partOf(name string) Part {
	name = strings.ToLower(name)
	for _, suffix := range partSuffixes {
		if rest, ok := strings.CutSuffix(name, suffix); ok {
			if part := partNames[strings.TrimRight(rest, " _-")]; part != Unassigned {
				return part
			}
		}
	}
	return partNames[name]
}

// isMissing reports whether a label is one of those that table programs write for an empty cell, unless the user
// named a class so.
func (l *loader) isMissing(text string) bool {
	switch strings.ToLower(text) {
	case "", "nan", "null", "na", "n/a", "#n/a", "<na>", "nat":
		return !l.isNamed(text)
	}
	return false
}

// isNamed reports whether the user, or the trained model, named a class so.
func (l *loader) isNamed(class string) bool {
	if l.o.Space != nil {
		_, ok := l.o.Space.Index(class)
		return ok
	}
	clean, err := label.CleanName(class)
	return err == nil && slices.ContainsFunc(l.o.Order, func(name string) bool {
		name, err := label.CleanName(name)
		return err == nil && name == clean
	})
}

// EscapePath writes the bytes of a path that aren't UTF-8 as %XX, and then also its percent signs, so that the path
// can be kept in text files. A table that has it is read back to the same file; see dialects.
func EscapePath(p string) string {
	if utf8.ValidString(p) {
		return p
	}
	var b strings.Builder
	for i := 0; i < len(p); {
		r, size := utf8.DecodeRuneInString(p[i:])
		if r == utf8.RuneError && size == 1 || r == '%' {
			fmt.Fprintf(&b, "%%%02X", p[i])
		} else {
			b.WriteString(p[i : i+size])
		}
		i += size
	}
	return b.String()
}

// fileOf is the file of a slash-separated path relative to base.
func fileOf(base, p string) string {
	f := filepath.FromSlash(p)
	if filepath.IsAbs(f) {
		return f
	}
	return filepath.Join(base, f)
}
