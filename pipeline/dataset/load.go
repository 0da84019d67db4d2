package dataset

import (
	"context"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"finetune/internal/remote"
	"finetune/internal/store/userfile"
	"finetune/invalid"
	"finetune/label"
	"finetune/pipeline/source"
)

// Options say what to load and how to read its labels. The zero value of every field but Path means "not given".
//
// A pattern with a slash in it is matched against an item's path, any other against its file name only.
type Options struct {
	// Path is the data: a folder, a table (.csv, .tsv, .jsonl, .ndjson, .json), a fold file of Adience, AVA.txt, an
	// archive, a Parquet file or a pattern of files as package source has them, or, without labels, also a list of files
	// (.txt) or one image.
	Path string
	// Order names the classes, lowest first. Without it the names must carry their order; see label.Infer.
	Order []string
	// Positions are the values of the classes, where other than those of their names.
	Positions []float64
	// LabelRegex finds the label of an image in a folder, in its first group.
	LabelRegex string
	// GroupRegex finds the group of an item, in its first group, whatever the layout. Items that it doesn't match are on
	// their own.
	GroupRegex string
	// Bins are the lower edges of classes, for labels that are numbers.
	Bins []float64
	// AutoBins takes the bins that label.ProposeBins returns for the labels. Order and Bins must then be empty.
	AutoBins bool
	// ImageColumn to WeightColumn name the columns of a table, in any case, where these aren't path, label, split, fold,
	// group and weight.
	ImageColumn, LabelColumn, SplitColumn, FoldColumn, GroupColumn, WeightColumn string
	// VoteColumns name the columns with the votes for the classes, where these aren't votes_<class>. The class has the
	// name of its column; "c*" stands for all columns that begin with c, and the class is the rest of the name.
	VoteColumns []string
	// By names a column of the table whose values are kept in Item.By, whatever else the column means.
	By string
	// Space is that of a trained run: every label must be of it. Order, Positions, Bins and AutoBins must then be empty.
	Space *label.Space
	// Unlabelled loads images without labels: every Label is -1 and the Space is empty. Where the data shows a
	// label all the same, it stays in Text.
	Unlabelled bool
	// Shard is the part of the images to load. Classes are then those of the part.
	Shard source.Shard
	// NoFiles is for a table whose images aren't needed, such as the index of a feature folder: files aren't looked for.
	NoFiles bool
}

// Load reads the data. Items come in a fixed order: those of a table or list as written, others sorted by path. What
// the user can correct is a *invalid.Error.
func Load(ctx context.Context, o Options) (s *Set, err error) {
	l, err := newLoader(ctx, o)
	if err == nil {
		err = o.Shard.Check()
	}
	if err != nil {
		return nil, err
	}
	defer func() {
		if err == nil && o.By != "" && !l.hasBy {
			s, err = nil, &invalid.Error{Field: "Data.By", Path: o.Path, Found: fmt.Sprintf("a %s, which has no column %q", l.layout, o.By),
				Want: "a CSV or JSONL manifest that has it"}
		}
	}()
	if remote.Is(o.Path) {
		if err := l.loadAddress(); err != nil {
			return nil, err
		}
		return l.set()
	}
	info, err := os.Stat(o.Path)
	switch folder := err == nil && info.IsDir(); {
	case !folder && isPacked(o.Path, err == nil):
		err = l.packed()
	case err != nil:
		err = userfile.Classify(o.Path, err)
	case folder:
		err = l.loadFolder()
	default:
		err = l.loadFile()
	}
	if err != nil {
		return nil, err
	}
	return l.set()
}

// loadAddress loads tables as those of this machine, and all else with package source: also folders, whose subfolders are the classes.
func (l *loader) loadAddress() error {
	switch ext := extension(l.o.Path); {
	case ext == ".csv" || ext == ".tsv" || ext == ".jsonl" || ext == ".ndjson" || ext == ".json" || ext == ".txt" && isAVA(path.Base(l.o.Path)):
		return l.loadFile()
	}
	return l.packed()
}

// extension is the ending of a file's name, also of one at an address with a query.
func extension(name string) string { return strings.ToLower(filepath.Ext(remote.Path(name))) }

func (l *loader) loadFolder() error {
	switch o := l.o; {
	case o.LabelRegex == "" && isAdience(o.Path):
		return l.adienceFolder()
	case o.LabelRegex == "" && isRoboflow(o.Path):
		return l.roboflowFolder()
	case o.LabelRegex != "" || o.Unlabelled:
		return l.folder()
	}
	return l.classFolders()
}

func (l *loader) loadFile() error {
	o := l.o
	switch ext := extension(o.Path); {
	case !remote.Is(o.Path) && adienceFile.MatchString(filepath.Base(o.Path)):
		return l.adience(filepath.Dir(o.Path), []string{o.Path})
	case ext == ".csv" || ext == ".tsv":
		return l.read(maxManifest, l.readCSV)
	case ext == ".jsonl" || ext == ".ndjson":
		return l.read(maxManifest, l.readJSONL)
	case ext == ".json":
		return l.read(maxJSON, l.readJSON)
	case ext == ".txt" && isAVA(filepath.Base(o.Path)):
		return l.read(maxManifest, l.readAVA)
	case o.Unlabelled && (ext == ".txt" || ext == ".lst"):
		return l.read(maxManifest, l.readList)
	case o.Unlabelled && source.IsImage(o.Path):
		l.layout = SingleImage
		f, err := userfile.Open(l.ctx, o.Path, maxManifest) // refuses what isn't a regular file
		if err != nil {
			return err
		}
		l.keep(newRecord(EscapePath(filepath.Base(o.Path)), o.Path, 0))
		return f.Close()
	default:
		return l.unknownKind(ext)
	}
}

func (l *loader) unknownKind(ext string) error {
	e := &invalid.Error{Field: "Data.Path", Path: l.o.Path, Found: "a file that is no known kind of data",
		Want: "a folder, or a table (.csv, .tsv, .jsonl, .ndjson, .json)"}
	if l.o.Unlabelled {
		e.Want = "a folder, a table (.csv, .tsv, .jsonl, .ndjson, .json), a list of files (.txt) or an image"
	}
	switch {
	case isUndecoded(l.o.Path):
		e.Found, e.Hint = "an image in a format that isn't decoded", convertHint
	case l.o.Unlabelled:
	case source.IsImage(l.o.Path):
		e.Found, e.Hint = "one image", "give the folder that it is in"
	case ext == ".txt":
		e.Found, e.Hint = "a list without labels", "make it a CSV file with the header path,label"
	case ext == ".xlsx" || ext == ".xls" || ext == ".ods":
		e.Hint = "save the sheet as CSV UTF-8"
	}
	return e
}

func newLoader(ctx context.Context, o Options) (*loader, error) {
	l := &loader{ctx: ctx, o: o, table: remote.Redacted(o.Path), base: remote.Dir(o.Path), unit: "line", header: 1,
		voteIndex: make(map[string]int), words: make(map[string]string)}
	switch {
	case o.Path == "":
		return nil, &invalid.Error{Field: "Data.Path", Found: "nothing", Want: "a folder of images or a table"}
	case o.Space != nil && (o.Order != nil || o.Positions != nil || o.Bins != nil || o.AutoBins):
		return nil, &invalid.Error{Field: o.firstOfClasses(), Found: "given for a trained model",
			Hint: "leave it out: the model has its own classes"}
	case o.Order != nil && (o.Bins != nil || o.AutoBins):
		return nil, &invalid.Error{Field: "Data.Order", Found: "given beside {Data.Bins}",
			Hint: "leave out one: bins have their order from their edges"}
	case o.Bins != nil && o.AutoBins:
		return nil, &invalid.Error{Field: "Data.Bins", Found: "edges beside automatic bins", Hint: "leave out one"}
	}
	var err error
	if l.labelRegex, err = compile("Data.LabelRegex", o.LabelRegex, `^(\d+)_`); err != nil {
		return nil, err
	}
	l.groupRegex, err = compile("Data.GroupRegex", o.GroupRegex, `^([^_]+)_`)
	return l, err
}

// firstOfClasses names the first option of classes that is given.
func (o Options) firstOfClasses() string {
	switch {
	case o.Order != nil:
		return "Data.Order"
	case o.Positions != nil:
		return "Data.Positions"
	}
	return "Data.Bins"
}

func compile(field, pattern, example string) (*regexp.Regexp, error) {
	if pattern == "" {
		return nil, nil
	}
	re, err := regexp.Compile(pattern)
	if err != nil {
		return nil, &invalid.Error{Field: field, Found: "a pattern that can't be read", Err: err,
			Hint: "see the syntax of RE2; an example is '" + example + "'"}
	}
	if re.NumSubexp() < 1 {
		return nil, &invalid.Error{Field: field, Found: "a pattern without a group, " + pattern,
			Want: "parentheses around what is meant, as in '" + example + "'"}
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
