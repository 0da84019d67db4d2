package dataset

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"finetune/invalid"
)

// Adience is the layout of the faces of Eidinger, Enbar and Hassner 2014 as they are distributed: fold_0_data.txt to
// fold_4_data.txt beside a folder faces (coarse_tilt_aligned_face.…) or aligned (landmark_aligned_face.…), with a
// folder for each user in it. The folds are those of the files; the users are the groups.
const Adience Layout = "Adience's fold files"

const adienceFolds = 5

// adienceFile is the name of a fold file: of all faces, or of the frontal ones.
var adienceFile = regexp.MustCompile(`^fold_(?:frontal_)?([0-4])_data\.txt$`)

// adienceGroups are the age groups of the published results, in years.
var adienceGroups = [...]struct{ from, to float64 }{
	{0, 2},
	{4, 6},
	{8, 12},
	{15, 20},
	{25, 32},
	{38, 43},
	{48, 53},
	{60, 100},
}

// adienceAge reads an age of the fold files: a group such as "(25, 32)" or a single age such as "35".
var adienceAge = regexp.MustCompile(`^\(?\s*(\d{1,3})\s*(?:,\s*(\d{1,3})\s*\))?$`)

// adienceClass returns the group of an age as the files write it. Some rows have other ranges, (27, 32) or (38, 48),
// or one age. Such a row counts by its middle age and goes to the nearest group; of two as near, to the one whose
// middle is nearer, and then to the lower: 3 to 0-2, 35 to 38-43, 57 to 60-100. That is what most published
// evaluations do, which differ in a few single ages.
func adienceClass(text string) (string, bool) {
	m := adienceAge.FindStringSubmatch(text)
	if m == nil || strings.HasPrefix(text, "(") != (m[2] != "") {
		return "", false
	}
	from, _ := strconv.ParseFloat(m[1], 64) // digits only
	to := from
	if m[2] != "" {
		to, _ = strconv.ParseFloat(m[2], 64)
	}
	if to < from {
		return "", false
	}
	age := (from + to) / 2
	best, edge, middle := -1, 0.0, 0.0
	for i, g := range adienceGroups {
		toEdge := max(g.from-age, age-g.to, 0)
		toMiddle := max((g.from+g.to)/2-age, age-(g.from+g.to)/2)
		if best < 0 || toEdge < edge || toEdge == edge && toMiddle < middle {
			best, edge, middle = i, toEdge, toMiddle
		}
	}
	return fmt.Sprintf("%v-%v", adienceGroups[best].from, adienceGroups[best].to), true
}

// isAdience reports whether a folder holds Adience's fold files.
func isAdience(folder string) bool {
	_, err := os.Stat(filepath.Join(folder, "fold_0_data.txt"))
	return err == nil
}

// adienceFolder reads all five folds.
func (l *loader) adienceFolder() error {
	var files []string
	for fold := range adienceFolds {
		files = append(files, filepath.Join(l.o.Path, fmt.Sprintf("fold_%d_data.txt", fold)))
	}
	return l.adience(l.o.Path, files)
}

// adience reads fold files whose pictures lie below root. Rows without an age are left out.
func (l *loader) adience(root string, files []string) error {
	l.layout = Adience
	if l.o.Bins != nil || l.o.AutoBins {
		return &invalid.Error{
			Field: "Data.Bins",
			Found: "given for " + string(Adience),
			Hint:  "leave it out: the ages there are groups already",
		}
	}
	pictures, prefix := "", ""
	for _, kind := range [][2]string{{"faces", "coarse_tilt_aligned_face"}, {"aligned", "landmark_aligned_face"}} {
		if info, err := os.Stat(filepath.Join(root, kind[0])); err == nil && info.IsDir() {
			pictures, prefix = kind[0], kind[1]
			break
		}
	}
	if pictures == "" && !l.o.NoFiles {
		return &invalid.Error{
			Path:  root,
			Found: "fold files without pictures",
			Want:  "the folder faces or aligned beside them",
			Hint:  "unpack faces.tar.gz or aligned.tar.gz there",
		}
	}
	var ageless []string
	for _, name := range files {
		fold, _ := strconv.Atoi(adienceFile.FindStringSubmatch(filepath.Base(name))[1]) // one digit
		if _, err := os.Stat(name); errors.Is(err, fs.ErrNotExist) {
			return &invalid.Error{Path: root, Found: "no " + filepath.Base(name),
				Want: fmt.Sprintf("fold_0_data.txt to fold_%d_data.txt", adienceFolds-1)}
		}
		take := func(row adienceRow) {
			picture := path.Join(pictures, row.user, prefix+"."+row.face+"."+row.image)
			class, ok := adienceClass(row.age)
			if !ok {
				ageless = append(ageless, picture)
				return
			}
			r := newRecord(picture, fileOf(root, picture), 0)
			r.label, r.group, r.fold = class, row.user, fold
			l.keep(r)
		}
		err := l.readFile(name, maxManifest, func(r io.Reader) error { return readAdience(r, name, take) })
		if err == nil {
			err = l.ctx.Err()
		}
		if err != nil {
			return err
		}
	}
	l.noteLeftOut(ageless, "image", "no age")
	return nil
}

// An adienceRow is what is read of a line.
type adienceRow struct{ user, image, face, age string }

// adienceColumns must be in the header; the others are left alone.
var adienceColumns = [...]string{"user_id", "original_image", "face_id", "age"}

// readAdience reads a fold file, tabs between columns. An age that is empty, None or no age at all is left to emit.
func readAdience(r io.Reader, name string, emit func(adienceRow)) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine)
	wrong := func(line int, found, expected string) error {
		return &invalid.Error{
			Path:  fmt.Sprintf("%s line %d", name, line),
			Found: found,
			Want:  expected,
			Hint:  "take the file as it is distributed",
		}
	}
	var at [len(adienceColumns)]int
	line := 0
	for lines.Scan() {
		line++
		fields := strings.Split(strings.TrimRight(lines.Text(), "\r"), "\t")
		if line == 1 {
			for i, column := range adienceColumns {
				if at[i] = slices.Index(fields, column); at[i] < 0 {
					return wrong(line, "no column "+column, "a header with "+strings.Join(adienceColumns[:], ", "))
				}
			}
			continue
		}
		if len(fields) == 1 && strings.TrimSpace(fields[0]) == "" {
			continue
		}
		if need := slices.Max(at[:]); len(fields) <= need {
			return wrong(line, count(len(fields), "column"), fmt.Sprintf("at least %d", need+1))
		}
		row := adienceRow{fields[at[0]], fields[at[1]], fields[at[2]], strings.TrimSpace(fields[at[3]])}
		for _, part := range []string{row.user, row.image, row.face} {
			if part == "" || part == "." || part == ".." || strings.ContainsAny(part, "/\\\x00") {
				return wrong(
					line,
					fmt.Sprintf("%q as part of a file's name", short(part)),
					"a user, an image and a face without slashes",
				)
			}
		}
		emit(row)
	}
	if err := lines.Err(); errors.Is(err, bufio.ErrTooLong) {
		return wrong(line+1, "a line that doesn't end", fmt.Sprintf("at most %d bytes", maxLine))
	} else if err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	if line == 0 {
		return wrong(1, "nothing", "a header with "+strings.Join(adienceColumns[:], ", "))
	}
	return nil
}
