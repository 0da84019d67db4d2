package dataset

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"finetune/invalid"
)

const adienceHeader = "user_id\toriginal_image\tface_id\tage\tgender\tx\ty\tdx\tdy\ttilt_ang\tfiducial_yaw_angle\tfiducial_score\n"

// adienceData is a folder as Adience is distributed, with two faces of each of two users a fold.
func adienceData(t testing.TB, pictures, prefix string, last ...string) string {
	t.Helper()
	var files []string
	ages := []string{"(0, 2)", "(25, 32)", "35", "(60, 100)"}
	for fold := range adienceFolds {
		text := adienceHeader
		for i, age := range ages {
			user, image := fmt.Sprintf("%d@N0%d", 100*fold+i/2, fold), fmt.Sprintf("%d_o.jpg", i)
			text += fmt.Sprintf("%s\t%s\t%d\t%s\tf\t0\t414\t1086\t1383\t-115\t30\t17\n", user, image, 10+i, age)
			files = append(files, fmt.Sprintf("%s/%s/%s.%d.%s=", pictures, user, prefix, 10+i, image))
		}
		if fold == 3 {
			text += strings.Join(last, "")
		}
		files = append(files, fmt.Sprintf("fold_%d_data.txt=%s", fold, text))
	}
	return folder(t, files...)
}

func TestAdience(t *testing.T) {
	for pictures, prefix := range map[string]string{"faces": "coarse_tilt_aligned_face",
		"aligned": "landmark_aligned_face"} {
		dir := adienceData(
			t,
			pictures,
			prefix,
			"9@N0\ta.jpg\t1\tNone\tu\t0\t0\t0\t0\t0\t0\t0\r\n",
			"9@N0\tb.jpg\t1\t\tu\t0\t0\t0\t0\t0\t0\t0\n",
			"\n",
		)
		s, err := Load(context.Background(), Options{Path: dir})
		if err != nil {
			t.Fatal(err)
		}
		if s.Layout != Adience || len(s.Items) != 20 {
			t.Fatalf("%s, %d items", s.Layout, len(s.Items))
		}
		if got, want := s.Space.Classes(), []string{"0-2", "25-32", "38-43", "60-100"}; !slices.Equal(got, want) {
			t.Errorf("classes %q, want %q", got, want)
		}
		last := s.Items[19]
		if want := pictures + "/401@N04/" + prefix + ".13.3_o.jpg"; last.Path != want ||
			last.File != filepath.Join(dir, want) ||
			last.Group != "401@N04" ||
			last.Fold != 4 ||
			last.Label != 3 ||
			last.Text != "60-100" {
			t.Errorf("last item %+v, want %s", last, want)
		}
		if notes := strings.Join(s.Notes, "\n"); !strings.Contains(notes, "left out 2 images") ||
			!strings.Contains(notes, "no age") {
			t.Errorf("notes %q", notes)
		}
		folds, err := Folds(s, 0, 1)
		if err != nil || folds[0] != 0 || folds[19] != 4 {
			t.Errorf("folds %v, %v", folds, err)
		}
		one, err := Load(context.Background(), Options{Path: filepath.Join(dir, "fold_2_data.txt")})
		if err != nil || len(one.Items) != 4 || one.Items[0].Fold != 2 || one.Items[0].Path != s.Items[8].Path {
			t.Errorf("one file: %v, %v", one, err)
		}
		unlabelled, err := Load(context.Background(), Options{Path: dir, Unlabelled: true})
		if err != nil || len(unlabelled.Items) != 20 || unlabelled.Items[0].Text != "0-2" {
			t.Errorf("without labels: %v", err)
		}
		// A pattern asks for something else than the fold files.
		if s, err := Load(context.Background(), Options{Path: dir, LabelRegex: `face\.(\d+)\.`}); err != nil ||
			s.Layout != FlatFolder {
			t.Errorf("with LabelRegex: %v", err)
		}
	}
}

func TestAdienceClasses(t *testing.T) {
	for text, want := range map[string]string{
		"(0, 2)": "0-2", "(4, 6)": "4-6", "(8, 12)": "8-12", "(15, 20)": "15-20", "(25, 32)": "25-32", "(38, 43)": "38-43",
		"(48, 53)": "48-53", "(60, 100)": "60-100",
		"(8, 13)": "8-12", "(27, 32)": "25-32", "(38, 42)": "38-43", "(38, 48)": "38-43", "(8, 23)": "15-20",
		"2": "0-2", "3": "0-2", "13": "8-12", "22": "15-20", "23": "25-32", "29": "25-32", "34": "25-32", "35": "38-43",
		"36": "38-43", "42": "38-43",
		"45": "38-43", "46": "48-53", "55": "48-53", "56": "48-53", "57": "60-100", "58": "60-100", "0": "0-2",
		"120":  "60-100",
		"None": "", "": "", "(": "", "(25": "", "25, 32": "", "(32, 25)": "", "-3": "", "1000": "", "old": "", "(1, 2) ": "",
	} {
		got, ok := adienceClass(text)
		if got != want || ok != (want != "") {
			t.Errorf("%q: %q, %v; want %q", text, got, ok, want)
		}
	}
}

func TestAdienceMistakes(t *testing.T) {
	row := "9@N0\ta.jpg\t1\t35\tm\t0\t0\t0\t0\t0\t0\t0\n"
	for name, c := range map[string]struct {
		dir  string
		o    Options
		want string
	}{
		"no pictures": {folder(t, "fold_0_data.txt="+adienceHeader+row), Options{}, "fold files without pictures"},
		"a fold short": {folder(t, "fold_0_data.txt="+adienceHeader+row, "faces/x/y.jpg="), Options{},
			"no fold_1_data.txt; expected fold_0_data.txt to fold_4_data.txt"},
		"no header": {folder(t, "fold_0_data.txt="+row, "faces/x/y.jpg="), Options{},
			"fold_0_data.txt line 1: no column user_id"},
		"nothing": {folder(t, "fold_0_data.txt=", "faces/x/y.jpg="), Options{}, "fold_0_data.txt line 1: nothing"},
		"a short line": {adienceData(t, "faces", "x", "9@N0\ta.jpg\n"), Options{},
			"fold_3_data.txt line 6: 2 columns; expected at least 4"},
		"a way out": {adienceData(t, "faces", "x", "..\ta.jpg\t1\t35\n"), Options{},
			`fold_3_data.txt line 6: ".." as part of a file's name`},
		"a path": {adienceData(t, "faces", "x", "u\t../a.jpg\t1\t35\n"), Options{},
			`"../a.jpg" as part of a file's name`},
		"bins": {adienceData(t, "faces", "x"), Options{Bins: []float64{0, 30}},
			"Data.Bins: given for Adience's fold files"},
	} {
		c.o.Path = c.dir
		if _, err := Load(context.Background(), c.o); !invalid.Is(err) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v; want %q", name, err, c.want)
		}
	}
}

// FuzzAdience: any text gives rows whose names stay in their folder, or a mistake.
func FuzzAdience(f *testing.F) {
	f.Add(adienceHeader + "9@N0\ta.jpg\t1\t(25, 32)\tm\n")
	f.Add("age\tface_id\toriginal_image\tuser_id\r\n35\t1\ta.jpg\tu\r\n")
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		err := readAdience(strings.NewReader(text), "fold_0_data.txt", func(row adienceRow) {
			for _, part := range []string{row.user, row.image, row.face} {
				if !filepath.IsLocal(part) || strings.Contains(part, "/") {
					t.Errorf("name %q", part)
				}
			}
			if class, ok := adienceClass(row.age); ok == (class == "") {
				t.Errorf("age %q: %q, %v", row.age, class, ok)
			}
		})
		if err != nil && !invalid.Is(err) {
			t.Errorf("not a mistake: %v", err)
		}
	})
}
