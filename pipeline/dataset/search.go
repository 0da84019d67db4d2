package dataset

import (
	"fmt"
	"net/url"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"

	"finetune/invalid"
	"finetune/pipeline/source"
)

// maxNamesakes is the number of files of one name and folder name among which a path is looked for. Beyond it the
// search would take too long, and the path hardly tells the files apart.
const maxNamesakes = 1000

// A search finds files by the end of their paths.
type search struct {
	files    []found
	root     []string        // the segments of the folder that is searched, from the top of the file system
	byName   chains          // by the key of the name
	byFolder chains          // by the names of the folder and the file
	claimed  map[string]bool // paths that items name as they are
}

// chains are lists of files with equal keys.
type chains struct {
	first map[string]int32 // the first file of each key
	next  []int32          // the next file of the same key, or -1
}

// of returns the files of a key, and whether these are all.
func (c chains) of(key string) (files []int32, all bool) {
	i, ok := c.first[key]
	for ok && i >= 0 {
		if len(files) == maxNamesakes {
			return files, false
		}
		files = append(files, i)
		i = c.next[i]
	}
	return files, true
}

// chainsOf lists n files by key, each list in the order of the files.
func chainsOf(n int, key func(i int) string) chains {
	c := chains{first: make(map[string]int32), next: make([]int32, n)}
	for i := n - 1; i >= 0; i-- {
		k := key(i)
		c.next[i] = -1
		if next, ok := c.first[k]; ok {
			c.next[i] = next
		}
		c.first[k] = int32(i)
	}
	return c
}

// newSearch prepares a search among the files below the folder of the table.
func (l *loader) newSearch(missing []int) (*search, error) {
	t, err := l.scan(l.base, maxSearched)
	if invalid.Is(err) { // a folder of too many files, or one that can't be read
		l.notes = append(l.notes, "files weren't looked for under other paths: "+err.Error())
		t, err = &tree{}, nil
	}
	if err != nil {
		return nil, err
	}
	s := &search{files: t.images, claimed: make(map[string]bool)}
	if root, err := filepath.Abs(l.base); err == nil {
		s.root = segments(filepath.ToSlash(root))
	}
	s.byName = chainsOf(len(s.files), func(i int) string { return key(path.Base(s.files[i].path)) })
	s.byFolder = chainsOf(len(s.files),
		func(i int) string { return folderKey(slices.Concat(s.root, segments(s.files[i].path))) })
	for i := range l.items {
		if len(missing) > 0 && missing[0] == i {
			missing = missing[1:]
		} else {
			s.claimed[l.relative(l.items[i].Path)] = true
		}
	}
	return s, nil
}

// folderKey is the key of the last two segments of a path.
func folderKey(segments []string) string {
	n := len(segments)
	if n < 2 {
		return ""
	}
	return fold(segments[n-2]) + "/" + key(segments[n-1])
}

// key is equal for names that differ in case, normalisation and the extension of an image only.
func key(name string) string {
	if ext := path.Ext(name); source.IsImage(name) || isUndecoded(name) {
		name = name[:len(name)-len(ext)]
	}
	return fold(name)
}

func fold(name string) string { return strings.ToLower(norm.NFC.String(name)) }

func segments(p string) []string {
	return strings.FieldsFunc(p, func(r rune) bool { return r == '/' })
}

// A match is the file that a path stands for, with what differs, or a hint at why there is none.
type match struct {
	ok     bool
	file   found
	causes []string
	hint   string
}

// find returns the only file that fits a path.
func (s *search) find(p string) match {
	best := match{hint: ""}
	for _, d := range dialects(p) {
		m := s.findDialect(d)
		if m.ok {
			return m
		}
		if best.hint == "" {
			best = m
		}
	}
	return best
}

func (s *search) findDialect(d dialect) match {
	wanted := segments(d.path)
	for len(wanted) > 0 && wanted[0] == ".." {
		wanted = wanted[1:]
	}
	if len(wanted) == 0 {
		return match{}
	}
	candidates, all := s.byFolder.of(folderKey(wanted))
	if len(candidates) == 0 {
		candidates, all = s.byName.of(key(wanted[len(wanted)-1]))
	}
	fits, elsewhere := s.fitting(candidates, wanted, d.foreign)
	switch {
	case !all:
		return match{hint: fmt.Sprintf("more than %d files fit %s", maxNamesakes, short(d.path))}
	case len(fits) == 1:
		causes := slices.Concat(d.causes, differences(wanted, segments(fits[0].path)))
		return match{ok: true, file: fits[0], causes: causes}
	case len(fits) > 1:
		return match{hint: fmt.Sprintf("%s fits %s and %s", short(d.path), short(fits[0].path), short(fits[1].path))}
	case elsewhere != "":
		return match{hint: fmt.Sprintf("there is %s, where the folders differ from %s", short(elsewhere), short(d.path))}
	}
	return match{}
}

// fitting returns those of the candidates that fit best: with the most segments in common and, of these, the extension.
// All segments of a path that isn't foreign must be; elsewhere is a candidate of which they aren't.
func (s *search) fitting(candidates []int32, wanted []string, foreign bool) (fits []found, elsewhere string) {
	best := -1
	for _, i := range candidates {
		f := s.files[i]
		if s.claimed[f.path] {
			continue
		}
		tail := s.tail(f.path, wanted)
		if tail < len(wanted) && !foreign {
			elsewhere = f.path
			continue
		}
		rank := 2 * tail
		if strings.EqualFold(path.Ext(f.path), path.Ext(wanted[len(wanted)-1])) {
			rank++
		}
		if rank > best {
			fits, best = fits[:0], rank
		}
		if rank == best {
			fits = append(fits, f)
		}
	}
	return fits, elsewhere
}

// tail returns how many segments, from the last, the full path of a file has in common with the wanted ones. The
// names of the files themselves are equal by their keys.
func (s *search) tail(file string, wanted []string) int {
	full := slices.Concat(s.root, segments(file))
	n := 1
	for n < len(wanted) && n < len(full) && fold(wanted[len(wanted)-1-n]) == fold(full[len(full)-1-n]) {
		n++
	}
	return n
}

// differences names what differs between the ends of two paths.
func differences(wanted, got []string) []string {
	var causes []string
	add := func(differs bool, cause string) {
		if differs && !slices.Contains(causes, cause) {
			causes = append(causes, cause)
		}
	}
	for n := 1; n <= min(len(wanted), len(got)); n++ {
		w, g := wanted[len(wanted)-n], got[len(got)-n]
		if n == 1 {
			we, ge := path.Ext(w), path.Ext(g)
			switch {
			case key(w) == fold(w):
				add(true, "no extension")
				g = g[:len(g)-len(ge)]
			case !strings.EqualFold(we, ge):
				add(true, "another extension")
				w, g = w[:len(w)-len(we)], g[:len(g)-len(ge)]
			}
		}
		if fold(w) != fold(g) {
			break
		}
		add(norm.NFC.String(w) != norm.NFC.String(g), "letter case")
		add(w != g && norm.NFC.String(w) == norm.NFC.String(g), "Unicode normalisation")
	}
	add(len(wanted) > len(got) || len(wanted) < len(got) || causes == nil, "another folder")
	return causes
}

// A dialect is a way to read a path.
type dialect struct {
	path    string // slash-separated
	foreign bool   // from the top of another file system, or without folders: only its end need fit
	causes  []string
}

var (
	drive  = regexp.MustCompile(`^[A-Za-z]:[/\\]`)
	upload = regexp.MustCompile(`^[0-9a-f]{8}-.`)
)

// dialects returns the ways to read a path, the likeliest first.
func dialects(p string) []dialect {
	d := dialect{path: p}
	if strings.Contains(p, `\`) {
		d.path = strings.ReplaceAll(p, `\`, "/")
		d.causes = append(d.causes, "backslashes")
	}
	if drive.MatchString(d.path) {
		d.path = d.path[2:]
	}
	all := []dialect{d}
	if strings.Contains(d.path, "%") {
		if plain, err := url.PathUnescape(d.path); err == nil && !strings.ContainsRune(plain, 0) {
			all = append(all, dialect{path: plain, causes: append(slices.Clone(d.causes), "percent-encoding")})
		}
	}
	for i := range all {
		d := &all[i]
		d.foreign = strings.HasPrefix(d.path, "/") || !strings.Contains(d.path, "/")
		if folder, base := path.Split(d.path); upload.MatchString(base) {
			all = append(
				all,
				dialect{
					path:    folder + base[9:],
					foreign: d.foreign,
					causes:  append(slices.Clone(d.causes), "a prefix of Label Studio"),
				},
			)
		}
	}
	return all
}
