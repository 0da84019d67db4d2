package dataset

import (
	"context"
	"encoding/csv"
	"io"
	"math"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"finetune/invalid"
	"finetune/label"
	"finetune/pipeline/textrows"
)

func loadText(t testing.TB, name, text string, o Options) (*Set, error) {
	t.Helper()
	o.Path = filepath.Join(folder(t, name+"="+text), name)
	o.NoFiles = true
	return Load(context.Background(), o)
}

func TestManifests(t *testing.T) {
	for _, c := range []struct {
		name, file, text string
		o                Options
		want             []string
	}{
		{"in the order written", "m.csv", "path,label\nb.jpg,10\na.jpg,9\n", Options{}, []string{"b.jpg:10", "a.jpg:9"}},
		{"every column, in any order and case", "m.csv",
			"Group,SPLIT,label,fold,weight,path,note\np1,train,1,0,2.5,a.jpg,x\n,Validation,2,3,,b.jpg,\n p2 ,TEST,1,1,1,c.jpg,\n", Options{},
			[]string{"a.jpg:1 train @p1", "b.jpg:2 val", "c.jpg:1 test @p2"}},
		{"as Windows writes it", "m.csv", textrows.Mark + "path;label\r\n\"a;1.jpg\";1\r\nb.jpg;2\r\n", Options{},
			[]string{"a;1.jpg:1", "b.jpg:2"}},
		{"tabs", "m.tsv", "path\tlabel\na, b.jpg\t(0, 2)\nb.jpg\t(4, 6)\n", Options{},
			[]string{"a, b.jpg:(0, 2)", "b.jpg:(4, 6)"}},
		{"quotes and line breaks in them", "m.csv", "path,label,note\n\"a \"\"x\"\".jpg\",1,\"two\nlines\"\nb.jpg,2,\n",
			Options{}, []string{`a "x".jpg:1`, "b.jpg:2"}},
		{"no line break at the end", "m.csv", "path,label\na.jpg,1\nb.jpg,2", Options{}, []string{"a.jpg:1", "b.jpg:2"}},
		{"paths are cleaned", "m.csv", "path,label\n./x/../a.jpg,1\nsub//b.jpg,2\n../c.jpg,1\n/d.jpg,2\n", Options{},
			[]string{"a.jpg:1", "sub/b.jpg:2", "../c.jpg:1", "/d.jpg:2"}},
		{"Unicode paths as they are", "m.csv", "path,label\ne\u0301.jpg,1\n\u00e9.jpg,2\n", Options{},
			[]string{"e\u0301.jpg:1", "\u00e9.jpg:2"}},
		{"numbers into bins", "m.csv", "path,label\na.jpg,4.5\nb.jpg,12\nc.jpg,0-9\n", Options{Bins: []float64{0, 10}},
			[]string{"a.jpg:0-9", "b.jpg:10+", "c.jpg:0-9"}},
		{"votes: the median class", "m.csv",
			"path,votes_1,votes_2,votes_10\na.jpg,2,1,0\nb.jpg,1,1,1\nc.jpg,,,4\nd.jpg,1,1,\n", Options{},
			[]string{"a.jpg:1", "b.jpg:2", "c.jpg:10", "d.jpg:1"}},
		{"votes with words", "m.csv", "path,votes_Good,votes_bad\na.jpg,2,1\nb.jpg,1,3\n",
			Options{Order: []string{"bad", "Good"}}, []string{"a.jpg:Good", "b.jpg:bad"}},
		{"JSON lines", "m.jsonl", `{"path": "a.jpg", "label": 10, "group": 7, "weight": 2, "split": null}` + "\n\n" +
			`{"label": "9", "path": "b.jpg", "x": {"y": []}}` + "\r\n", Options{},
			[]string{"a.jpg:10 @7", "b.jpg:9"}},
		{"JSON votes in both forms", "m.ndjson",
			textrows.Mark + `{"path": "a.jpg", "votes": {"1": 3, "2": 5, "3": 1}}` + "\n" + `{"path": "b.jpg", "votes_3": 1}`, Options{},
			[]string{"a.jpg:2", "b.jpg:3"}},
		{"groups by pattern", "m.csv", "path,label\nann_1.jpg,1\nbob_1.jpg,2\n", Options{GroupRegex: `^([a-z]+)_`},
			[]string{"ann_1.jpg:1 @ann", "bob_1.jpg:2 @bob"}},
		{"labels that aren't wanted", "m.csv", "path,label\na.jpg,old\nb.jpg,\n", Options{Unlabelled: true},
			[]string{"a.jpg", "b.jpg"}},
		{"a list", "l.txt", textrows.Mark + "a b.jpg\r\n\r\nsub/c.jpg\r\na b.jpg", Options{Unlabelled: true},
			[]string{"a b.jpg", "sub/c.jpg"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := loadText(t, c.file, c.text, c.o)
			if err != nil {
				t.Fatal(err)
			}
			if got := brief(s); !slices.Equal(got, c.want) {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
			for _, it := range s.Items {
				if want := filepath.Join(filepath.Dir(s.Source), filepath.FromSlash(it.Path)); it.Path[0] != '/' &&
					it.File != want {
					t.Errorf("file %s of %s", it.File, it.Path)
				}
			}
		})
	}
}

func TestManifestFields(t *testing.T) {
	s, err := loadText(t, "m.csv", "path,label,fold,weight,votes_1,votes_2\na.jpg,1,4,0.5,1,3\nb.jpg,2,,,,\n", Options{})
	if err != nil {
		t.Fatal(err)
	}
	a, b := s.Items[0], s.Items[1]
	if a.Label != 0 || a.Fold != 4 || a.Weight != 0.5 || !slices.Equal(a.Target, []float64{0.25, 0.75}) ||
		!math.IsNaN(a.Value) {
		t.Errorf("%+v: a label given beside votes must win, the votes stay the target", a)
	}
	if b.Label != 1 || b.Fold != -1 || b.Weight != 1 || b.Target != nil {
		t.Errorf("%+v", b)
	}
	if !s.Soft() {
		t.Error("not soft")
	}
}

func TestManifestMistakes(t *testing.T) {
	trained, _ := label.New([]string{"1", "2"}, nil)
	for _, c := range []struct {
		name, file, text string
		o                Options
		want             string
	}{
		{"empty", "m.csv", "", Options{}, "m.csv: nothing"},
		{"header only", "m.csv", "path,label\n", Options{}, "no images"},
		{"no header", "m.csv", "a.jpg,1\nb.jpg,2\n", Options{}, `line 1: the header "a.jpg,1"`},
		{"no label column", "m.csv", "path,age\na.jpg,1\n", Options{}, "a column named label"},
		{"a column twice", "m.csv", "path,label,Path\na.jpg,1,b.jpg\n", Options{}, `"Path" twice`},
		{"too few values", "m.csv", "path,label\na.jpg,1\nb.jpg\n", Options{}, "line 3: 1 column"},
		{"an open quote", "m.csv", "path,label\n\"a.jpg,1\nb.jpg,2\n", Options{}, "line 2"},
		{"no path", "m.csv", "path,label\n,1\n", Options{}, "line 2: no path"},
		{"no label", "m.csv", "path,label\na.jpg,1\nb.jpg,2\nc.jpg, \n", Options{}, "line 4: no label"},
		{"an address", "m.csv", "path,label\nftp://x.org/a.jpg,1\n", Options{}, "download"},
		{"no label but nan", "m.csv", "path,Grade\na.jpg,nan\nb.jpg,NA\n", Options{},
			`m.csv: no label in the column "Grade", only missing values such as "NA"; expected a class for each image; fill the column in, or name`},
		{"labels that are all empty", "m.csv", "path,label\na.jpg,\nb.jpg,\n", Options{}, `m.csv: no label in the column "label"; expected a class`},
		{"a split that isn't", "m.csv", "path,label,split\na.jpg,1,holdout\n", Options{}, `line 2: the split "holdout"`},
		{"a fold that isn't", "m.csv", "path,label,fold\na.jpg,1,-1\n", Options{}, `line 2: the fold "-1"`},
		{"a weight of nothing", "m.csv", "path,label,weight\na.jpg,1,0\n", Options{}, `line 2: the weight "0"`},
		{"a weight that isn't", "m.csv", "path,label,weight\na.jpg,1,NaN\n", Options{}, `the weight "NaN"`},
		{"a path twice", "m.csv", "path,label\na.jpg,1\nb.jpg,2\n./a.jpg,2\n", Options{},
			`line 4: the path "a.jpg" again, first in line 2`},
		{"no votes", "m.csv", "path,votes_1,votes_2\na.jpg,1,1\nb.jpg,0,0\n", Options{}, "line 3: no votes"},
		{"negative votes", "m.csv", "path,votes_1,votes_2\na.jpg,1,-1\n", Options{}, `the votes "-1" for "2"`},
		{"votes for a class the run doesn't know", "m.csv", "path,votes_1,votes_3\na.jpg,1,1\n", Options{Space: &trained},
			`votes for "3"`},
		{"a label that the run doesn't know", "m.csv", "path,label\na.jpg,3\n", Options{Space: &trained},
			`line 2: the label "3"; expected one of 1, 2`},
		{"UTF-16", "m.csv", "p\x00a\x00t\x00h\x00", Options{}, "no plain text"},
		{"Latin-1", "m.csv", "path,label\nb\xe4r.jpg,1\n", Options{}, "UTF-8"},
		{"not JSON", "m.jsonl", `{"path": "a.jpg", "label": 1}` + "\npath,label\n", Options{}, "line 2: path,label"},
		{"a JSON list", "m.jsonl", `["a.jpg", 1]`, Options{}, "line 1"},
		{"a JSON label that is a list", "m.jsonl", `{"path": "a.jpg", "label": [1]}`, Options{}, "line 1: the label [1]"},
		{"JSON votes that are a list", "m.jsonl", `{"path": "a.jpg", "votes": [1, 2]}`, Options{}, "the votes [1, 2]"},
		{"a JSON path that is missing", "m.jsonl", `{"label": 1}`, Options{}, "line 1: no path"},
		{"a JSON label that is missing", "m.jsonl", `{"path": "a.jpg"}`, Options{}, "line 1: no label"},
		{"a line without end", "m.jsonl", `{"path": "` + strings.Repeat("a", maxLine), Options{}, "line 1: more than"},
		{"an empty list", "l.txt", "\n\n", Options{Unlabelled: true}, "no images"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := loadText(t, c.file, c.text, c.o)
			if err == nil {
				t.Fatalf("loaded %v", brief(s))
			}
			if !invalid.Is(err) || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%v\nwant a mistake on one line with %q", err, c.want)
			}
		})
	}
}

func TestMissingFiles(t *testing.T) {
	root := folder(t, "m.csv=path,label\nb.jpg,1\na.jpg,2\n", "a.jpg", "n.csv=path,label\nx.jpg,1\ny.jpg,2\n")
	if _, err := Load(context.Background(), Options{Path: filepath.Join(root, "m.csv")}); err != nil {
		t.Errorf("one file is there: %v", err)
	}
	_, err := Load(context.Background(), Options{Path: filepath.Join(root, "n.csv")})
	if !invalid.Is(err) || !strings.Contains(err.Error(), "relative to the folder of the manifest") {
		t.Error(err)
	}
	s, err := Load(context.Background(), Options{Path: filepath.Join(root, "a.jpg"), Unlabelled: true})
	if err != nil || !slices.Equal(brief(s), []string{"a.jpg"}) || s.Layout != SingleImage {
		t.Errorf("%v %v", s, err)
	}
}

// TestRecords checks that what Header and Records write is read back to the same items.
func TestRecords(t *testing.T) {
	for _, text := range []string{
		"path,label\na.jpg,1\nb.jpg,2\n",
		"path,label,split,fold,group,weight\na.jpg,1,train,0,p,2\n\"b, c.jpg\",2,test,1,,\n",
		"path,votes_1,votes_2,weight\na.jpg,1,2,0.1\nb.jpg,5,2,1\n",
	} {
		s, err := loadText(t, "m.csv", text, Options{})
		if err != nil {
			t.Fatal(err)
		}
		unlabelled, err := loadText(t, "m.csv", text, Options{Unlabelled: true})
		if err != nil {
			t.Fatal(err)
		}
		written := write(t, s)
		if again := write(t, unlabelled); again != written {
			t.Errorf("without labels it was written as\n%s, not\n%s", again, written)
		}
		back, err := loadText(t, "m.csv", written, Options{})
		if err != nil {
			t.Fatalf("%v in\n%s", err, written)
		}
		for i, it := range s.Items {
			got := back.Items[i]
			it.File, got.File, it.Value, got.Value = "", "", 0, 0
			if !reflect.DeepEqual(it, got) {
				t.Errorf("%+v came back as %+v", it, got)
			}
		}
	}
}

// write makes a manifest of the set.
func write(t *testing.T, s *Set) string {
	t.Helper()
	rows, record := [][]string{s.Header()}, s.Records()
	for i := range s.Items {
		rows = append(rows, record(i))
	}
	var b strings.Builder
	if err := csv.NewWriter(&b).WriteAll(rows); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func FuzzManifest(f *testing.F) {
	const csv, jsonl, json, ava = 0, 1, 2, 3
	f.Add("path,label\na.jpg,1\nb.jpg,2\n", csv)
	f.Add(textrows.Mark+"path;label;split;fold;group;weight\r\n\"a\";1;train;0;p;2\r\nb;2;;;;\r\n", csv)
	f.Add("path,votes_1,votes_2\na,1,2\nb,0,1\n", csv)
	f.Add("path\tlabel\n\"a\"\"\n", csv)
	f.Add("sep=;\nimage;level\na;0,0\nb;0.00\nc;Grade 1\n", csv)
	f.Add("image_name,c1,c2,c3,c4,c5\na,1,2,3,4,5\n", csv)
	f.Add("image,choice,annotation_id\na,2,1\na,1,2\nb,1,3\n", csv)
	f.Add(utf16LE("path\tlabel\na\t1\nb\t2\n"), csv)
	f.Add(`{"path": "a", "label": 1}`+"\n"+`{"path": "b", "votes": {"1": 2, "3": 4}, "votes_2": 1}`, jsonl)
	f.Add(`{"path": null, "label": {}}`, jsonl)
	f.Add(`[{"data": {"image": "a"}, "annotations": [{"result": [{"value": {"rating": 1}}]}]}, {"file": "b", "grade": 2}]`, json)
	f.Add("1 953619 0 1 5 17 38 36 15 6 5 1 1 22 1396\n", ava)
	f.Fuzz(func(t *testing.T, text string, kind int) {
		l, err := newLoader(context.Background(), Options{Path: "fuzz", NoFiles: true})
		if err != nil {
			t.Fatal(err)
		}
		read := []func(io.Reader) error{l.readCSV, l.readJSONL, l.readJSON, l.readAVA}[kind&3]
		err = read(strings.NewReader(text))
		var s *Set
		if err == nil {
			s, err = l.set()
		}
		if err != nil {
			if !invalid.Is(err) || strings.ContainsAny(err.Error(), "\r\n") {
				t.Fatalf("not a mistake on one line: %v", err)
			}
			return
		}
		for _, it := range s.Items {
			var sum float64
			for _, p := range it.Target {
				sum += p
			}
			if it.Path == "" || it.Label < 0 || it.Label >= s.Space.Len() || !(it.Weight > 0) ||
				it.Target != nil && (len(it.Target) != s.Space.Len() || math.Abs(sum-1) > 1e-9) {
				t.Fatalf("%+v of %d classes", it, s.Space.Len())
			}
		}
	})
}
