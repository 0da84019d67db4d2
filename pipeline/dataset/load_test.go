package dataset

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"finetune/invalid"
	"finetune/label"
)

// folder makes files in a new folder: "name" is empty, "name=text" holds text, "name/" is a folder.
func folder(t testing.TB, files ...string) string {
	t.Helper()
	root := t.TempDir()
	for _, f := range files {
		name, text, _ := strings.Cut(f, "=")
		file := filepath.Join(root, filepath.FromSlash(name))
		if strings.HasSuffix(name, "/") {
			if err := os.MkdirAll(file, 0o777); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// brief writes the items as "path:class part" for comparison.
func brief(s *Set) []string {
	var out []string
	for _, it := range s.Items {
		line := it.Path
		if it.Label >= 0 {
			line += ":" + s.Space.Class(it.Label)
		}
		if it.Part != Unassigned {
			line += " " + it.Part.String()
		}
		if it.Group != "" {
			line += " @" + it.Group
		}
		out = append(out, line)
	}
	return out
}

func TestFolders(t *testing.T) {
	trained, err := label.New([]string{"bad", "fair", "good"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name  string
		files []string
		o     Options
		want  []string
		notes int
	}{
		{"a folder per class, by value", []string{"10/a.jpg", "2/b.PNG", "1/deep/er/c.webp"}, Options{},
			[]string{"1/deep/er/c.webp:1", "10/a.jpg:10", "2/b.PNG:2"}, 0},
		{"litter is left out without a word",
			[]string{"1/a.jpg", "2/b.jpg", "1/.DS_Store", "2/Thumbs.db", "1/._a.jpg", "__MACOSX/1/a.jpg", ".git/x.jpg"},
			Options{},
			[]string{"1/a.jpg:1", "2/b.jpg:2"}, 0},
		{"other files and images outside are noted", []string{"1/a.jpg", "2/b.jpg", "1/notes.txt", "cover.jpg"}, Options{},
			[]string{"1/a.jpg:1", "2/b.jpg:2"}, 2},
		{"parts above classes", []string{"train/1/a.jpg", "Valid/1/b.jpg", "test/2/c.jpg"}, Options{},
			[]string{"Valid/1/b.jpg:1 val", "test/2/c.jpg:2 test", "train/1/a.jpg:1 train"}, 0},
		{"a class named train", []string{"bus/a.jpg", "train/a.jpg"}, Options{Order: []string{"bus", "train"}},
			[]string{"bus/a.jpg:bus", "train/a.jpg:train"}, 0},
		{"an order, with an empty class kept by name", []string{"good/a.jpg", "bad/b.jpg", "fair/"},
			Options{Order: []string{"bad", "fair", "good"}},
			[]string{"bad/b.jpg:bad", "good/a.jpg:good"}, 1},
		{"names in both normal forms", []string{"e\u0301/a.jpg", "z/\u00fc.jpg", "z/u\u0308.jpg"},
			Options{Order: []string{"\u00e9", "z"}},
			[]string{"e\u0301/a.jpg:\u00e9", "z/u\u0308.jpg:z", "z/\u00fc.jpg:z"}, 0},
		{"the classes of a trained run", []string{"good/a.jpg"}, Options{Space: &trained}, []string{"good/a.jpg:good"}, 0},
		{"numbers in folder names into bins", []string{"4/a.jpg", "30/b.jpg", "5/c.jpg"},
			Options{Bins: []float64{0, 10, 20}},
			[]string{"30/b.jpg:20+", "4/a.jpg:0-9", "5/c.jpg:0-9"}, 1},
		{"labels and groups in names", []string{"25_ann_1.jpg", "8_bob_1.jpg", "sub/26_ann_2.jpg", "readme.jpg"},
			Options{LabelRegex: `^(\d+)_`, GroupRegex: `_([a-z]+)_`, Bins: []float64{0, 10}},
			[]string{"25_ann_1.jpg:10+ @ann", "8_bob_1.jpg:0-9 @bob", "sub/26_ann_2.jpg:10+ @ann"}, 1},
		{"a pattern over the path", []string{"p1/x/3.jpg", "p2/x/4.jpg"},
			Options{LabelRegex: `(\d)\.jpg$`, GroupRegex: `^([^/]+)/`},
			[]string{"p1/x/3.jpg:3 @p1", "p2/x/4.jpg:4 @p2"}, 0},
		{"parts above names", []string{"train/1_a.jpg", "test/2_a.jpg"}, Options{LabelRegex: `^(\d)_`},
			[]string{"test/2_a.jpg:2 test", "train/1_a.jpg:1 train"}, 0},
		{"without labels", []string{"b.jpg", "a/c.gif", "a/x.txt"}, Options{Unlabelled: true}, []string{"a/c.gif", "b.jpg"},
			1},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.o.Path = folder(t, c.files...)
			s, err := Load(context.Background(), c.o)
			if err != nil {
				t.Fatal(err)
			}
			if got := brief(s); !slices.Equal(got, c.want) {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
			if len(s.Notes) != c.notes {
				t.Errorf("notes %q, want %d", s.Notes, c.notes)
			}
			for _, it := range s.Items {
				if _, err := os.Stat(it.File); err != nil {
					t.Error(err)
				}
				if it.Weight != 1 || it.Fold != -1 || it.Target != nil {
					t.Errorf("%+v", it)
				}
			}
		})
	}
}

func TestValueAndText(t *testing.T) {
	s, err := Load(
		context.Background(),
		Options{Path: folder(t, "25_1.jpg", "08_1.jpg"), LabelRegex: `^(\d+)_`, Bins: []float64{0, 10}},
	)
	if err != nil {
		t.Fatal(err)
	}
	if it := s.Items[0]; it.Value != 8 || it.Text != "08" || it.Label != 0 {
		t.Errorf("%+v", it)
	}
	if it := s.Items[1]; it.Value != 25 || it.Text != "25" || it.Label != 1 {
		t.Errorf("%+v", it)
	}
	s, err = Load(context.Background(), Options{Path: folder(t, "1/a.jpg", "2/a.jpg"), Positions: []float64{1, 5}})
	if err != nil {
		t.Fatal(err)
	}
	if !math.IsNaN(s.Items[0].Value) || !reflect.DeepEqual(s.Space.Values(), []float64{1, 5}) {
		t.Errorf("%+v, values %v", s.Items[0], s.Space.Values())
	}
	// The run that was trained on bins takes numbers and names alike.
	bins, _ := label.Bins([]float64{0, 10})
	s, err = Load(context.Background(), Options{Path: folder(t, "10+/a.jpg", "3/a.jpg"), Space: &bins})
	if err != nil || s.Items[0].Label != 1 || s.Items[1].Label != 0 {
		t.Errorf("%v %v", s, err)
	}
	// Without labels, what the data shows is kept.
	s, err = Load(context.Background(), Options{Path: folder(t, "train/good/a.jpg", "test/bad/a.jpg"), Unlabelled: true})
	if err != nil || s.Items[0].Text != "bad" || s.Items[0].Label != -1 || s.Space.Len() != 0 {
		t.Errorf("%v %v", s, err)
	}
}

func TestMistakes(t *testing.T) {
	trained, _ := label.New([]string{"bad", "good"}, nil)
	for _, c := range []struct {
		name  string
		files []string
		o     Options // Path is inside the folder
		want  string
	}{
		{"nothing there", nil, Options{Path: "missing"}, "no such file"},
		{"an empty folder", nil, Options{}, "no images"},
		{"no images in it", []string{"a/x.txt"}, Options{}, "no images among 1 file, such as a/x.txt"},
		{"images without class folders", []string{"a.jpg"}, Options{}, "no class folders"},
		{"one class", []string{"3/a.jpg"}, Options{}, `only the class "3"`},
		{"one class, ordered", []string{"a/a.jpg"}, Options{Order: []string{"a", "b"}}, "one class only"},
		{"one bin", []string{"1/a.jpg", "2/b.jpg"}, Options{Bins: []float64{0, 5}}, "one class only"},
		{"an empty class", []string{"1/a.jpg", "2/b.jpg", "3/"}, Options{}, `no image of the class "3"`},
		{"names without an order", []string{"good/a.jpg", "bad/b.jpg"}, Options{}, "Data.Order bad,good"},
		{"a class not in the order", []string{"a/a.jpg", "b/b.jpg", "c/c.jpg"}, Options{Order: []string{"a", "b"}},
			`no place for the class "c"`},
		{"a class that the run doesn't know", []string{"good/a.jpg", "ugly/a.jpg"}, Options{Space: &trained},
			`the label "ugly"; expected one of bad, good`},
		{"parts and classes mixed", []string{"train/1/a.jpg", "test/1/a.jpg", "extra/a.jpg"}, Options{}, `"extra" beside`},
		{"a pattern that can't be read", []string{"a.jpg"}, Options{LabelRegex: `(`}, "Data.LabelRegex"},
		{"a pattern without a group", []string{"a.jpg"}, Options{LabelRegex: `\d+`}, "without a group"},
		{"a pattern that never matches", []string{"a.jpg"}, Options{LabelRegex: `^(\d+)_`},
			"Data.LabelRegex: no match in any of 1 name"},
		{"a group pattern that never matches", []string{"1/a.jpg", "2/b.jpg"}, Options{GroupRegex: `^(\d+)_`},
			"Data.GroupRegex: no match"},
		{"a number below the bins", []string{"1/a.jpg", "7/a.jpg"}, Options{Bins: []float64{5, 6}}, "the label 1"},
		{"a word for bins", []string{"x/a.jpg", "7/a.jpg"}, Options{Bins: []float64{5, 6}}, `the label "x"`},
		{"bins and an order", []string{"1/a.jpg"}, Options{Bins: []float64{5, 6}, Order: []string{"1"}}, "beside Data.Bins"},
		{"positions that don't fit", []string{"1/a.jpg", "2/a.jpg"}, Options{Positions: []float64{1}}, "Data.Positions"},
		{"an order for a trained run", []string{"1/a.jpg"}, Options{Space: &trained, Order: []string{"a"}}, "trained model"},
		{"one image to train on", []string{"a.jpg"}, Options{Path: "a.jpg"}, "one image"},
		{"a list to train on", []string{"a.txt=x.jpg"}, Options{Path: "a.txt"}, "path,label"},
		{"a spreadsheet", []string{"a.xlsx"}, Options{Path: "a.xlsx"}, "no known kind"},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.o.Path = filepath.Join(folder(t, c.files...), c.o.Path)
			s, err := Load(context.Background(), c.o)
			if err == nil {
				t.Fatalf("loaded %v", brief(s))
			}
			if !invalid.Is(err) || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%v\nwant a mistake on one line with %q", err, c.want)
			}
		})
	}
}

func TestManyLabelsNeedBins(t *testing.T) {
	files := make([]string, 1100)
	for i := range files {
		files[i] = strings.Repeat("1", i/100+1) + string(rune('0'+i%10)) + string(rune('0'+i/10%10)) + "_a.jpg"
	}
	_, err := Load(context.Background(), Options{Path: folder(t, files...), LabelRegex: `^(\d+)_`})
	if !invalid.Is(err) || !strings.Contains(err.Error(), "Data.Bins") {
		t.Error(err)
	}
}

func TestLinks(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("links need a privilege there")
	}
	elsewhere := folder(t, "x/a.jpg")
	root := folder(t, "1/a.jpg", "3/c.jpg")
	for link, target := range map[string]string{
		"2":          filepath.Join(elsewhere, "x"),
		"1/b.jpg":    filepath.Join(elsewhere, "x", "a.jpg"),
		"1/loop":     root,
		"3/self":     filepath.Join(root, "3"),
		"3/gone.jpg": filepath.Join(root, "nowhere"),
	} {
		if err := os.Symlink(target, filepath.Join(root, link)); err != nil {
			t.Fatal(err)
		}
	}
	s, err := Load(context.Background(), Options{Path: root})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := brief(s), []string{"1/a.jpg:1", "1/b.jpg:1", "2/a.jpg:2", "3/c.jpg:3"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if len(s.Notes) != 2 || !strings.Contains(s.Notes[0], "1 link, such as 3/gone.jpg") ||
		!strings.Contains(s.Notes[1], "2 links") {
		t.Errorf("notes %q", s.Notes)
	}
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	root := folder(t, "1/a.jpg", "2/a.jpg", "m.csv=path,label\n1/a.jpg,1\n2/a.jpg,2\n")
	for _, p := range []string{root, filepath.Join(root, "m.csv")} {
		if _, err := Load(ctx, Options{Path: p}); err != context.Canceled {
			t.Errorf("%s: %v", p, err)
		}
	}
}

func TestSummary(t *testing.T) {
	s, err := Load(
		context.Background(),
		Options{Path: folder(t, "0-2/a_1.jpg", "0-2/a_2.jpg", "0-2/b_1.jpg", "10+/c_1.jpg"), GroupRegex: `^(.)_`},
	)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		s.Source + ": folder per class, 4 images in 3 groups",
		"2 classes, lowest first:",
		"  0-2  3 (75.0 %)",
		"  10+  1 (25.0 %)",
	}
	if got := s.Summary(); !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	if !slices.Equal(s.Counts(), []int{3, 1}) || !s.Grouped() || s.Soft() {
		t.Errorf("%v %v %v", s.Counts(), s.Grouped(), s.Soft())
	}
}
