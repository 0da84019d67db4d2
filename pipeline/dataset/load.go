package dataset

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"finetune/invalid"
	"finetune/label"
)

// Options say what to load and how to read its labels. The zero value of every field but Path means "not given".
//
// A pattern with a slash in it is matched against an item's path, any other against its file name only.
type Options struct {
	// Path is the data: a folder, a manifest (.csv, .tsv, .jsonl, .ndjson), a fold file of Adience, or, without labels,
	// also a list of files (.txt) or one image.
	Path string
	// Order names the classes, lowest first (--order). Without it the names must be numbers or ranges.
	Order []string
	// Positions are the values of the classes (--positions), where other than those of their names.
	Positions []float64
	// LabelRegex finds the label of an image in a folder, in its first group (--label-regex).
	LabelRegex string
	// GroupRegex finds the group of an item, in its first group, whatever the layout (--group-regex). Items that
	// it doesn't match stand alone.
	GroupRegex string
	// Bins are the lower edges of classes, for labels that are numbers (--bins).
	Bins []float64
	// Space is that of a trained run: every label must be of it. Order, Positions and Bins must then be empty.
	Space *label.Space
	// Unlabelled loads images without labels: every Label is -1 and the Space is empty. Where the data shows a
	// label all the same, it stays in Text.
	Unlabelled bool
	// NoFiles is for a manifest whose images aren't needed, such as the index of a feature folder: it isn't
	// checked that any is there.
	NoFiles bool
}

// Load reads the data. Items come in a fixed order: those of a manifest or list as written, others sorted by
// path. Whatever the user can mend is a *invalid.Error.
func Load(ctx context.Context, o Options) (*Set, error) {
	l, err := newLoader(ctx, o)
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(o.Path)
	if err != nil {
		return nil, unreadable(o.Path, err)
	}
	switch ext := strings.ToLower(filepath.Ext(o.Path)); {
	case info.IsDir() && o.LabelRegex == "" && isAdience(o.Path):
		err = l.adienceFolder()
	case !info.IsDir() && adienceFile.MatchString(filepath.Base(o.Path)):
		err = l.adience(filepath.Dir(o.Path), []string{o.Path})
	case info.IsDir() && (o.LabelRegex != "" || o.Unlabelled):
		err = l.folder()
	case info.IsDir():
		err = l.classFolders()
	case ext == ".csv" || ext == ".tsv":
		err = l.csv()
	case ext == ".jsonl" || ext == ".ndjson":
		err = l.jsonl()
	case o.Unlabelled && (ext == ".txt" || ext == ".lst"):
		err = l.list()
	case o.Unlabelled && isImage(o.Path):
		l.layout = SingleImage
		l.keep(newRecord(filepath.Base(o.Path), o.Path, 0))
	default:
		return nil, l.unknownKind(ext)
	}
	if err != nil {
		return nil, err
	}
	return l.set()
}

func (l *loader) unknownKind(ext string) error {
	m := &invalid.Error{Field: l.o.Path, Found: "a file that is no known kind of data", Want: "a folder, or a manifest (.csv, .tsv, .jsonl, .ndjson)"}
	switch {
	case l.o.Unlabelled:
		m.Want = "a folder, a manifest (.csv, .tsv, .jsonl, .ndjson), a list of files (.txt) or an image"
	case isImage(l.o.Path):
		m.Found, m.Hint = "one image", "give the folder that it is in"
	case ext == ".txt":
		m.Found, m.Hint = "a list without labels", "make it a CSV file with the header path,label"
	}
	return m
}

// A loader carries what is read so far, before classes are known.
type loader struct {
	ctx         context.Context
	o           Options
	labelRegex  *regexp.Regexp // nil for none
	groupRegex  *regexp.Regexp // nil for none
	layout      Layout
	items       []Item  // as far as they are known: Target holds votes by voteClasses, shorter where the rest is 0
	lines       []int32 // of the items in the manifest, from 1; 0 where there is none
	views       []int32 // of the items, where this is the index of a feature folder with views; else nil
	size        int64   // of the manifest in bytes; 0 where it isn't known
	words       map[string]string
	classes     []string // of folders, in the order met; some may be empty
	voteClasses []string // of a manifest with votes: what each place of record.votes is for
	voteIndex   map[string]int
	notes       []string
}

func newLoader(ctx context.Context, o Options) (*loader, error) {
	l := &loader{ctx: ctx, o: o, voteIndex: make(map[string]int), words: make(map[string]string)}
	switch {
	case o.Path == "":
		return nil, &invalid.Error{Field: "--data", Found: "nothing", Want: "a folder of images or a manifest"}
	case o.Space != nil && (o.Order != nil || o.Positions != nil || o.Bins != nil):
		return nil, &invalid.Error{Field: "--order, --positions, --bins", Found: "given for a trained model",
			Hint: "leave them out: the model has its own classes"}
	case o.Order != nil && o.Bins != nil:
		return nil, &invalid.Error{Field: "--order", Found: "given beside --bins", Hint: "leave out one: bins have their order from their edges"}
	}
	var err error
	if l.labelRegex, err = compile("--label-regex", o.LabelRegex, `^(\d+)_`); err != nil {
		return nil, err
	}
	l.groupRegex, err = compile("--group-regex", o.GroupRegex, `^([^_]+)_`)
	return l, err
}

func compile(flag, pattern, example string) (*regexp.Regexp, error) {
	if pattern == "" {
		return nil, nil
	}
	re, err := regexp.Compile(pattern)
	if err != nil {
		return nil, &invalid.Error{Field: flag, Found: "a pattern that can't be read", Err: err, Hint: "see the syntax of RE2; an example is '" + example + "'"}
	}
	if re.NumSubexp() < 1 {
		return nil, &invalid.Error{Field: flag, Found: "a pattern without a group, " + pattern, Want: "brackets around what is meant, as in '" + example + "'"}
	}
	return re, nil
}

// capture returns what the first group of re matches for the item at path, and whether it matches at all.
func capture(re *regexp.Regexp, path string) (string, bool) {
	if !strings.Contains(re.String(), "/") {
		path = path[strings.LastIndexByte(path, '/')+1:]
	}
	m := re.FindStringSubmatch(path)
	if m == nil || m[1] == "" {
		return "", false
	}
	return m[1], true
}

// unreadable turns a failure to open what the user named into a mistake where the user can mend it.
func unreadable(path string, err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &invalid.Error{Field: path, Found: "no such file or folder", Hint: "check the spelling and the current folder"}
	case errors.Is(err, fs.ErrPermission):
		return &invalid.Error{Field: path, Found: "no permission to read it", Hint: "change its permissions or run as its owner"}
	}
	return err
}
