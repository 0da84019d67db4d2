package dataset

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"finetune/invalid"
	"finetune/pipeline/textrows"
)

// utf16LE is the text as a spreadsheet writes "Unicode text".
func utf16LE(text string) string {
	b := []byte("\xff\xfe")
	for _, u := range utf16.Encode([]rune(text)) {
		b = append(b, byte(u), byte(u>>8))
	}
	return string(b)
}

func TestColumnsByName(t *testing.T) {
	named := Options{
		ImageColumn:  "Photo",
		LabelColumn:  "stars",
		SplitColumn:  "set",
		FoldColumn:   "k",
		GroupColumn:  "who",
		WeightColumn: "w",
	}
	header, row := "id,PHOTO,path,stars,label,set,k,who,w", "1,a.jpg,x,3,x,train,0,ann,2\n2,b.jpg,y,4,y,test,1,bob,"
	object := `{"photo": "a.jpg", "path": "x", "stars": 3, "label": "x", "set": "train", "k": 0, "who": "ann", "w": 2}` +
		"\n" +
		`{"photo": "b.jpg", "stars": 4, "set": "test", "k": 1, "who": "bob", "w": null}`
	for name, text := range map[string]string{
		"m.csv":   header + "\n" + row,
		"n.csv":   "sep=;\r\n" + strings.ReplaceAll(header+"\r\n"+row, ",", ";"),
		"o.csv":   utf16LE(strings.ReplaceAll(header+"\r\n"+row, ",", "\t")),
		"p.tsv":   textrows.Mark + strings.ReplaceAll(header+"\n"+row, ",", "\t") + "\n\t\t\t\t\t\t\t\t\n",
		"q.jsonl": object,
		"r.json":  "[" + strings.ReplaceAll(object, "\n", ",\n") + "]",
	} {
		s, err := loadText(t, name, text, named)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got, want := brief(s), []string{"a.jpg:3 train @ann", "b.jpg:4 test @bob"}; !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
		if a, b := s.Items[0], s.Items[1]; a.Weight != 2 || b.Weight != 1 || a.Fold != 0 || b.Fold != 1 {
			t.Errorf("%s: %+v", name, s.Items)
		}
	}
}

func TestVoteColumns(t *testing.T) {
	for _, c := range []struct {
		header  string
		columns []string
		want    []string
	}{
		{"path,c1,c2,c10,count", []string{"c1", "C2", "c10"}, []string{"c1", "c2", "c10"}},
		{"path,r_1,r_2,r_10,count", []string{"R_*"}, []string{"1", "2", "10"}},
		{"path,bad,fair,votes_x", []string{"bad", "fair"}, []string{"bad", "fair"}},
	} {
		o := Options{VoteColumns: c.columns}
		if c.want[0] == "bad" {
			o.Order = c.want
		}
		text := c.header + "\na.jpg" + strings.Repeat(",1", strings.Count(c.header, ",")) + "\n"
		for name, text := range map[string]string{"m.csv": text, "m.jsonl": jsonOf(text)} {
			s, err := loadText(t, name, text, o)
			if err != nil {
				t.Errorf("%s %s: %v", name, c.header, err)
				continue
			}
			sum := 0.0
			for _, p := range s.Items[0].Target {
				sum += p
			}
			if !slices.Equal(s.Space.Classes(), c.want) || math.Abs(sum-1) > 1e-12 {
				t.Errorf("%s %s: classes %q, votes %v", name, c.header, s.Space.Classes(), s.Items[0].Target)
			}
		}
	}
}

// jsonOf writes the first row of a CSV table as an object.
func jsonOf(text string) string {
	lines := strings.Split(text, "\n")
	names, values := strings.Split(lines[0], ","), strings.Split(lines[1], ",")
	var fields []string
	for i := range names {
		fields = append(fields, fmt.Sprintf("%q: %q", names[i], values[i]))
	}
	return "{" + strings.Join(fields, ", ") + "}"
}

func TestDecimalCommas(t *testing.T) {
	s, err := loadText(
		t,
		"m.csv",
		"path;label;weight;votes_0;votes_1,5\na.jpg;0,0;0,5;1;2,5\nb.jpg;1,5;1;;\n",
		Options{},
	)
	if err == nil {
		t.Fatalf("%v: the class 1,5 of a column has no order", brief(s))
	}
	s, err = loadText(t, "m.csv", "path;label;weight\na.jpg;0,0;0,5\nb.jpg;1,5;1\nc.jpg;0;2\n", Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := brief(s); !slices.Equal(got, []string{"a.jpg:0", "b.jpg:1.5", "c.jpg:0"}) || s.Items[0].Weight != 0.5 {
		t.Errorf("%q, weight %v", got, s.Items[0].Weight)
	}
}

func TestColumnMistakes(t *testing.T) {
	for _, c := range []struct {
		name, text string
		o          Options
		want       []string
	}{
		{"m.csv", "pic,level of damage,site\na.jpg,1,x\n", Options{},
			[]string{`line 1: the header "pic,level of damage,site"; expected a column named path`,
				`give Data.ImageColumn pic, Data.LabelColumn 'level of damage', or other columns`}},
		{"m.csv", "site,url,age\nx,a.jpg,1\n", Options{}, []string{"give Data.ImageColumn url, Data.LabelColumn age,"}},
		{"m.csv", "sep=;\npath;age\na.jpg;1\n", Options{},
			[]string{"line 2: the header", "a column named label", "give Data.LabelColumn age,"}},
		{"m.csv", "a.jpg,1\nb.jpg,2\n", Options{}, []string{"begin the file with a header"}},
		{"m.csv", "path,label\na.jpg,1\n", Options{ImageColumn: "image"},
			[]string{`Data.ImageColumn`, `no column "image"; expected one of path, label`}},
		{"m.csv", "path,label\na.jpg,1\n", Options{ImageColumn: "path", LabelColumn: "path"},
			[]string{`Data.LabelColumn`, "chosen for the image as well"}},
		{"m.csv", "path,a1\na.jpg,1\n", Options{VoteColumns: []string{"c*"}},
			[]string{`Data.VoteColumns`, `no column "c*"; expected some of path, a1`}},
		{"m.csv", "path,label\na.jpg,nan\nb.jpg,1\nc.jpg,2\n", Options{}, []string{"line 2: no label"}},
		{"m.csv", "path,label,weight\na.jpg,1,inf\n", Options{}, []string{`line 2: the weight "inf"`}},
		{"m.csv", "path,label,weight\na.jpg,1,1e-30\nb.jpg,1,1e300\n", Options{}, []string{`line 3: the weight "1e300"`, "a number from 1e-30 to 1e+30"}},
		{"m.jsonl", `{"path": "a.jpg", "label": 3, "weight": 1e-300}`, Options{}, []string{`line 1: the weight "1e-300"`}},
		{"m.csv", "path,votes_1,votes_2\na.jpg,NaN,1\n", Options{}, []string{`line 2: the votes "NaN"`}},
		{"m.csv", "path,votes_1,votes_2\na.jpg,1,1\nb.jpg,Inf,1\n", Options{}, []string{`line 3: the votes "Inf"`}},
		{"m.jsonl", `{"path": "a.jpg", "votes": {"1": 1e999}}`, Options{}, []string{"line 1: the votes"}},
		{"m.jsonl", `{"picture": "a.jpg", "age": 3}`, Options{},
			[]string{"line 1: no path", "give Data.ImageColumn picture, Data.LabelColumn age"}},
		{"m.json", `{"path": "a.jpg", "label": 3}`, Options{}, []string{"JSON that isn't a list", ".jsonl"}},
		{"m.json", `[{"path": "a.jpg", "label": 3}, 7]`, Options{}, []string{"item 2: 7"}},
		{"m.json", `[{"path": "a.jpg", "label": 3}`, Options{}, []string{"item 1: no end of the list"}},
		{"m.json", ``, Options{}, []string{"JSON that isn't a list"}},
		{"m.csv", "PK\x03\x04xl/worksheets", Options{}, []string{"no plain text"}},
	} {
		s, err := loadText(t, c.name, c.text, c.o)
		if err == nil {
			t.Errorf("%q: loaded %q", c.text, brief(s))
			continue
		}
		for _, want := range c.want {
			if !invalid.Is(err) || !strings.Contains(err.Error(), want) {
				t.Errorf("%q: %v; want %q", c.text, err, want)
			}
		}
	}
}

func TestNamesThatAreNoClasses(t *testing.T) {
	images := func(folders ...string) (files []string) {
		for _, f := range folders {
			files = append(files, f+"/a.jpg")
		}
		return files
	}
	for _, c := range []struct {
		folders []string
		o       Options
		want    []string // nil for an error
		in      string   // the error or the notes
	}{
		{[]string{"1", "2", "#recycle", "$RECYCLE.BIN", ".thumbnails", "__MACOSX", "@eaDir", "System Volume Information"},
			Options{}, []string{"1", "2"}, ""},
		{[]string{"1", "2", "nan"}, Options{}, []string{"1", "2"}, "1 image, such as nan/a.jpg"},
		{[]string{"mild", "nan"}, Options{Order: []string{"nan", "mild"}}, []string{"nan", "mild"}, ""},
		{[]string{"training_set/1", "training_set/2", "test_set/1", "validation-set/2"}, Options{}, []string{"1", "2"}, ""},
		{[]string{"test/1", "test/2"}, Options{}, []string{"1", "2"}, ""},
		{[]string{"good", "bad", "test_set"}, Options{}, nil, `the folder "bad" beside test_set`},
		{[]string{"train", "bus"}, Options{}, nil, "Data.Order"},
		{[]string{"0", "1", "0.0"}, Options{}, []string{"0", "1"}, ""},
		{[]string{"Grade 0", "Grade 10", "Grade 2"}, Options{}, []string{"Grade 0", "Grade 2", "Grade 10"},
			"Grade 0 lowest, Grade 10 highest"},
	} {
		c.o.Path = folder(t, images(c.folders...)...)
		s, err := Load(t.Context(), c.o)
		if c.want == nil {
			if !invalid.Is(err) || !strings.Contains(err.Error(), c.in) ||
				strings.Contains(err.Error(), "put these in order") {
				t.Errorf("%q: %v; want %q", c.folders, err, c.in)
			}
			continue
		}
		if err != nil {
			t.Errorf("%q: %v", c.folders, err)
			continue
		}
		if got := s.Space.Classes(); !slices.Equal(got, c.want) || !strings.Contains(strings.Join(s.Notes, "\n"), c.in) {
			t.Errorf("%q: classes %q and notes %q, want %q and %q", c.folders, got, s.Notes, c.want, c.in)
		}
	}
}

func TestNumbersInEvaluation(t *testing.T) {
	trained, err := loadText(t, "m.csv", "path,label\na.jpg,0\nb.jpg,1\n", Options{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := loadText(t, "m.csv", "path,label\na.jpg,0.0\nb.jpg,1.0\nc.jpg,01\n", Options{Space: &trained.Space})
	if err != nil || !slices.Equal(brief(s), []string{"a.jpg:0", "b.jpg:1", "c.jpg:1"}) {
		t.Errorf("%v, %v", s, err)
	}
}

func TestByColumn(t *testing.T) {
	for name, text := range map[string]string{
		"m.csv":   "path,label,Site,group\na.jpg,1,north,p\nb.jpg,2, south ,q\nc.jpg,2,,q\n",
		"m.jsonl": `{"path":"a.jpg","label":1,"Site":"north","group":"p"}` + "\n" + `{"path":"b.jpg","label":2,"Site":"south","group":"q"}` + "\n" + `{"path":"c.jpg","label":2,"group":"q"}` + "\n",
	} {
		for by, want := range map[string]string{"site": "north south ", "group": "p q q", "label": "1 2 2"} {
			s, err := loadText(t, name, text, Options{By: by})
			if err != nil {
				t.Fatalf("%s by %s: %v", name, by, err)
			}
			var got []string
			for _, it := range s.Items {
				got = append(got, it.By)
			}
			if strings.Join(got, " ") != want || s.Items[1].Group != "q" {
				t.Errorf("%s by %s: %q, group %q", name, by, got, s.Items[1].Group)
			}
		}
		if _, err := loadText(t, name, text, Options{By: "camera"}); err == nil || !strings.Contains(err.Error(), `no column "camera"`) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Load(t.Context(), Options{Path: folder(t, "1/a.jpg", "2/b.jpg"), By: "site"}); err == nil || !strings.Contains(err.Error(), "Data.By") {
		t.Errorf("a folder: %v", err)
	}
}
