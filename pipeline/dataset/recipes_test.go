package dataset

import (
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"finetune/invalid"
)

// Each table is made after the form in which the data set or tool is distributed, with two images.
func TestRecipes(t *testing.T) {
	ava := "1 953619 0 1 5 17 38 36 15 6 5 1 1 22 1396\n2 953958 10 7 15 26 26 21 10 8 1 2 15 21 1396\n"
	tasks := `[{"id": 1, "data": {"image": "/data/upload/3/0a1b2c3d-a.jpg"}, "annotations": [
		{"was_cancelled": false, "result": [{"type": "choices", "value": {"choices": ["2"]}}]},
		{"was_cancelled": true, "result": [{"type": "choices", "value": {"choices": ["3"]}}]}]},
		{"id": 2, "data": {"image": "/data/local-files/?d=x/b%20c.jpg"}, "annotations": [{"result": [{"type": "rating", "value": {"rating": 1}}]},
		{"result": [{"type": "rating", "value": {"rating": 2}}]}]},
		{"id": 3, "data": {"image": "/data/upload/3/none.jpg"}, "annotations": []}]`
	for _, c := range []struct {
		name  string
		files []string // the table first
		want  []string
		notes []string
	}{
		{"Kaggle's diabetic retinopathy",
			[]string{"trainLabels.csv=image,level\n10_left,0\n10_right,4\n", "train/10_left.jpeg", "train/10_right.jpeg"},
			[]string{"train/10_left.jpeg:0", "train/10_right.jpeg:4"},
			[]string{"Kaggle's diabetic retinopathy", "2 images under another path", "no extension"}},
		{"APTOS 2019", []string{"train.csv=id_code,diagnosis\n00a,2\n00b,4\n", "train_images/00a.png",
			"train_images/00b.png", "test_images/00c.png"},
			[]string{"train_images/00a.png:2", "train_images/00b.png:4"}, []string{"APTOS"}},
		{"PANDA", []string{"train.csv=image_id,data_provider,isup_grade,gleason_score\n0a,karolinska,0,0+0\n0b,radboud,5,4+5\n", "train/0a.tiff", "train/0b.tiff"},
			[]string{"train/0a.tiff:0", "train/0b.tiff:5"}, []string{"PANDA"}},
		{"Pawpularity", []string{"train.csv=Id,Subject Focus,Eyes,Pawpularity\n0a,0,1,63\n0b,0,1,42\n", "train/0a.jpg",
			"train/0b.jpg"},
			[]string{"train/0a.jpg:63", "train/0b.jpg:42"}, []string{"Pawpularity"}},
		{"adoption speed", []string{"train.csv=Type,Name,RescuerID,PetID,AdoptionSpeed\n2,Nibble,r1,p1,2\n1,,r1,p2,0\n",
			"train_images/p1-1.jpg", "train_images/p1-2.jpg",
			"train_images/p2-1.jpg"}, []string{"train_images/p1-1.jpg:2 @r1", "train_images/p2-1.jpg:0 @r1"},
			[]string{"first photo"}},
		{"FairFace", []string{"fairface_label_train.csv=file,age,gender,race,service_test\ntrain/1.jpg,more than 70,Male,White,True\ntrain/2.jpg,3-9,Female,Black,False\n",
			"train/1.jpg", "train/2.jpg"}, []string{"train/1.jpg:more than 70", "train/2.jpg:3-9"}, []string{"FairFace"}},
		{"KonIQ-10k", []string{"koniq10k_scores_and_distributions.csv=\"image_name\",\"c1\",\"c2\",\"c3\",\"c4\",\"c5\",\"c_total\",\"MOS\",\"SD\"\n1.jpg,0,0,25,73,7,105,3.8,.5\n2.jpg,90,10,0,0,0,100,1.1,.4\n",
			"1024x768/1.jpg", "1024x768/2.jpg"}, []string{"1024x768/1.jpg:4", "1024x768/2.jpg:1"},
			[]string{"KonIQ-10k", "votes", "MOS"}},
		{"AVA", []string{"AVA.txt=" + ava, "images/953619.jpg", "images/953958.jpg"},
			[]string{"images/953619.jpg:6", "images/953958.jpg:5"}, []string{"no extension"}},
		{"Label Studio CSV", []string{"p.csv=image,id,choice,annotator,annotation_id,created_at\n/data/upload/3/0a1b2c3d-a.jpg,1,2,1,11,x\n/data/upload/3/1a1b2c3d-b.jpg,2,1,1,12,x\n/data/upload/3/1a1b2c3d-b.jpg,2,3,2,13,x\n",
			"a.jpg", "1a1b2c3d-b.jpg"}, []string{"a.jpg:2", "1a1b2c3d-b.jpg:1"},
			[]string{"Label Studio", "1 image with several labels"}},
		{"Label Studio JSON", []string{"p.json=" + tasks, "a.jpg", "x/b c.jpg"}, []string{"a.jpg:2", "x/b c.jpg:1"},
			[]string{"1 image with several labels", "left out 1 task, such as 3", "percent-encoding"}},
		{"Label Studio JSON-MIN", []string{`p.json=[{"image": "/data/upload/1/a.jpg", "id": 1, "choice": "2", "annotator": 1, "annotation_id": 1},` +
			`{"image": "/data/upload/1/b.jpg", "id": 2, "rating": 1, "choice": "1", "annotator": 1, "annotation_id": 2}]`,
			"a.jpg", "b.jpg"},
			[]string{"a.jpg:2", "b.jpg:1"}, []string{"Label Studio"}},
		{"Roboflow's table", []string{"_classes.csv=filename, grade 1, grade 2\na.jpg, 0, 1\nb.jpg, 1, 0\n", "a.jpg",
			"b.jpg"},
			[]string{"a.jpg:grade 2", "b.jpg:grade 1"}, []string{"Roboflow"}},
		{"likely names", []string{"m.csv=filename,site,severity,group\na.jpg,x,1,p\nb.jpg,y,2,\n", "a.jpg", "b.jpg"},
			[]string{"a.jpg:1 @p", "b.jpg:2"},
			[]string{`the column "filename" is read as the image`, `the column "severity" is read as the label`}},
		{"another option", []string{"m.csv=image,level,quality\na.jpg,1,7\nb.jpg,2,8\n", "a.jpg", "b.jpg"},
			[]string{"a.jpg:1", "b.jpg:2"}, []string{"Kaggle"}},
	} {
		table, _, _ := strings.Cut(c.files[0], "=")
		path := filepath.Join(folder(t, c.files...), table)
		s, err := Load(t.Context(), Options{Path: path})
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if got := brief(s); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
		for _, note := range c.notes {
			if !strings.Contains(strings.Join(s.Notes, "\n"), note) {
				t.Errorf("%s: notes %q, want %q", c.name, s.Notes, note)
			}
		}
		if u, err := Load(t.Context(), Options{Path: path, Unlabelled: true}); err != nil || len(u.Items) < 2 {
			t.Errorf("%s without labels: %v", c.name, err)
		}
	}
}

func TestRecipesKeepVotes(t *testing.T) {
	header := "image_name,c1,c2,c3,c4,c5,c_total,MOS\n"
	path := filepath.Join(
		folder(t, "k.csv="+header+"1.jpg,0,0,25,75,0,100,3.75\n2.jpg,1,1,0,0,0,2,1.5\n", "1.jpg", "2.jpg"),
		"k.csv",
	)
	s, err := Load(t.Context(), Options{Path: path})
	if err != nil || !slices.Equal(s.Items[0].Target, []float64{0, 0, 0.25, 0.75, 0}) ||
		!slices.Equal(s.Space.Values(), []float64{1, 2, 3, 4, 5}) {
		t.Fatalf("%+v, %v", s, err)
	}
	// Options come before recipes: the score as a label.
	s, err = Load(t.Context(), Options{Path: path, LabelColumn: "MOS", Bins: []float64{1, 3}})
	if err != nil || s.Soft() || s.Items[0].Value != 3.75 || s.Items[1].Label != 0 {
		t.Errorf("%+v, %v", s, err)
	}
}

func TestRoboflowFolder(t *testing.T) {
	table := "filename, 1, 2\n%s.jpg, 0, 1\n%[1]s2.jpg, 1, 0\n"
	files := []string{"README.roboflow.txt"}
	for _, part := range []string{"train", "valid", "test"} {
		files = append(
			files,
			part+"/_classes.csv="+fmt.Sprintf(table, part[:1]),
			part+"/"+part[:1]+".jpg",
			part+"/"+part[:1]+"2.jpg",
		)
	}
	s, err := Load(t.Context(), Options{Path: folder(t, files...)})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"train/t.jpg:2 train",
		"train/t2.jpg:1 train",
		"valid/v.jpg:2 val",
		"valid/v2.jpg:1 val",
		"test/t.jpg:2 test",
		"test/t2.jpg:1 test",
	}
	if got := brief(s); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	for text, in := range map[string]string{"a.jpg, 1, 1": `the classes "1" and "2"`,
		"a.jpg, 0.5, 0": `"0.5" for the class "1"`, "a.jpg, 0, 0": "no label"} {
		_, err := Load(
			t.Context(),
			Options{
				Path: folder(t, "train/_classes.csv=filename, 1, 2\nb.jpg, 0, 1\n"+text+"\n", "train/a.jpg", "train/b.jpg"),
			},
		)
		if !invalid.Is(err) || !strings.Contains(err.Error(), in) {
			t.Errorf("%q: %v; want %q", text, err, in)
		}
	}
}

// UTKFace has the age in the names of its files.
func TestUTKFace(t *testing.T) {
	dir := folder(
		t,
		"1_0_2_20161219140623097.jpg.chip.jpg",
		"100_1_0_20170112213500903.jpg.chip.jpg",
		"61_1_20170109142408075.jpg.chip.jpg",
	)
	s, err := Load(t.Context(), Options{Path: dir, LabelRegex: `^(\d+)_`, Bins: []float64{0, 30, 60}})
	if err != nil || s.Items[0].Value != 100 || s.Items[1].Value != 1 || s.Items[2].Label != 2 {
		t.Errorf("%+v, %v", s, err)
	}
}

func TestAVAMistakes(t *testing.T) {
	for text, in := range map[string]string{"1 2 3\n": "line 1: 3 numbers; expected 15", "": "nothing",
		"1 a 0 0 0 0 0 0 0 0 0 x 1 2 3\n": `the votes "x" for "10"`} {
		if _, err := loadText(t, "AVA.txt", text, Options{}); !invalid.Is(err) || !strings.Contains(err.Error(), in) {
			t.Errorf("%q: %v; want %q", text, err, in)
		}
	}
}

// ages makes a table with many different numbers as labels.
func ages(n int) string {
	var b strings.Builder
	b.WriteString("path,label\n")
	for i := range n {
		fmt.Fprintf(&b, "%d.jpg,%d\n", i, int(math.Sqrt(float64(i*10))))
	}
	return b.String()
}

func TestProposal(t *testing.T) {
	s, err := loadText(t, "m.csv", ages(300), Options{})
	if err != nil {
		t.Fatal(err)
	}
	p := s.Proposal
	if p == nil || p.Rare == 0 || p.Of != s.Space.Len() || slices.Min(p.Counts) < 5 ||
		!strings.Contains(p.Text("--bins"), "; --bins 0,") {
		t.Fatalf("proposal %+v", p)
	}
	binned, err := loadText(t, "m.csv", ages(300), Options{AutoBins: true})
	if err != nil || !slices.Equal(binned.Space.Edges(), p.Edges) || !slices.Equal(binned.Counts(), p.Counts) ||
		binned.Proposal != nil {
		t.Errorf("automatic bins: %v, %v", binned, err)
	}
	if notes := strings.Join(binned.Notes, "\n"); !strings.Contains(notes, "the lower edges of the bins are 0,") {
		t.Errorf("notes %q", notes)
	}
	for _, text := range []string{"path,label\na,1\nb,2\n", "path,label\na,0-2\nb,3+\n",
		"path,votes_1,votes_2\na,1,1\n"} {
		if s, err := loadText(t, "m.csv", text, Options{}); err != nil || s.Proposal != nil {
			t.Errorf("%q: %v, %v", text, s, err)
		}
		if _, err := loadText(t, "m.csv", text, Options{AutoBins: true}); !invalid.Is(err) ||
			!strings.Contains(err.Error(), "Data.Bins") {
			t.Errorf("automatic bins of %q: %v", text, err)
		}
	}
	_, err = loadText(t, "m.csv", ages(300_000), Options{})
	if !invalid.Is(err) || !strings.Contains(err.Error(), "as with Data.Bins 0,") ||
		strings.Contains(err.Error(), "0,3,7,14") {
		t.Errorf("more than a thousand ages: %v", err)
	}
}
