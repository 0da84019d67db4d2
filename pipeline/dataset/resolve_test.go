package dataset

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"finetune/invalid"
)

func TestPathsWrittenDifferently(t *testing.T) {
	files := []string{
		"IMG_1.JPG",
		"photos/b c.png",
		"photos/caf\u00e9.jpg",
		"photos/x/1.jpg",
		"y/1.jpg",
		"two.jpg",
		"two.png",
		"direct.jpg",
		"10_left.jpeg",
		"up/0a1b2c3d-e.jpg",
		"up/plain.jpg",
		".hidden/h.jpg",
	}
	for _, c := range []struct {
		path, want string // "" where no file fits
		in         string // the note
	}{
		{`photos\b c.png`, "photos/b c.png", "backslashes"},
		{`C:\Users\ann\photos\b c.png`, "photos/b c.png", "backslashes"},
		{"img_1.jpg", "IMG_1.JPG", "letter case"},
		{"PHOTOS/B C.png", "photos/b c.png", "letter case"},
		{"10_left", "10_left.jpeg", "no extension"},
		{"photos/x/1", "photos/x/1.jpg", "no extension"},
		{"IMG_1.png", "IMG_1.JPG", "another extension"},
		{"photos/cafe\u0301.jpg", "photos/caf\u00e9.jpg", "Unicode normalisation"},
		{"photos/b%20c.png", "photos/b c.png", "percent-encoding"},
		{"/home/ann/study/photos/x/1.jpg", "photos/x/1.jpg", "another folder"},
		{"/home/ann/IMG_1.JPG", "IMG_1.JPG", "another folder"},
		{"file:///home/ann/photos/b%20c.png", "photos/b c.png", "another folder"},
		{"../photos/b c.png", "photos/b c.png", "another folder"},
		{"99999999-plain.jpg", "up/plain.jpg", "Label Studio"},
		{"other/1.jpg", "", "where the folders differ from other/1.jpg"},
		{"/home/ann/1.jpg", "", "/home/ann/1.jpg fits photos/x/1.jpg and y/1.jpg"},
		{"two", "", "two fits two.jpg and two.png"},
		{"direct.png", "", ""}, // direct.jpg has a line of its own
		{"nothing.jpg", "", ""},
		{"h.jpg", "", ""},
		{"photos", "", ""}, // a folder
		{"photos/" + strings.Repeat("n", 300) + ".jpg", "", ""},
	} {
		text := "path,label\ndirect.jpg,1\n\"" + c.path + "\",2\n"
		root := folder(t, append(slices.Clone(files), "m.csv="+text)...)
		s, err := Load(t.Context(), Options{Path: filepath.Join(root, "m.csv")})
		if err != nil {
			t.Errorf("%s: %v", c.path, err)
			continue
		}
		notes := strings.Join(s.Notes, "\n")
		if !strings.Contains(notes, c.in) || c.in == "" && notes != "" {
			t.Errorf("%s: notes %q, want %q", c.path, notes, c.in)
		}
		if it := s.Items[1]; c.want != "" && (it.Path != c.want || it.File != filepath.Join(root, c.want)) {
			t.Errorf("%s: %s in %s, want %s", c.path, it.Path, it.File, c.want)
		}
	}
}

func TestPathsThatAllMiss(t *testing.T) {
	root := folder(t, "in/a.jpg", "m.csv=path,label\nout/a.jpg,1\nout/b.jpg,2\n")
	_, err := Load(t.Context(), Options{Path: filepath.Join(root, "m.csv")})
	for _, want := range []string{"relative to the folder of the manifest",
		"there is in/a.jpg, where the folders differ from out/a.jpg"} {
		if !invalid.Is(err) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want %q", err, want)
		}
	}
}

func TestOneImageTwice(t *testing.T) {
	root := folder(t, "a.jpg", "b.jpg")
	for _, c := range []struct{ list, labelled string }{
		{"a.jpg\nb.jpg\n./a.jpg\n", `line 4: the path "a.jpg" again, first in line 2`},
		{"a.jpg\nb.jpg\n" + root + "/a.jpg\n", `the path "a.jpg" again, first in line 2`},
		{"b.jpg\nA.JPG\na\n", `the path "a.jpg" again, first in line 3`},
	} {
		list, table := filepath.Join(root, "l.txt"), filepath.Join(root, "m.csv")
		text := "path,label\n"
		for i, p := range strings.Fields(c.list) {
			text += p + "," + string(rune('1'+i)) + "\n"
		}
		for file, text := range map[string]string{list: c.list, table: text} {
			if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
				t.Fatal(err)
			}
		}
		s, err := Load(t.Context(), Options{Path: list, Unlabelled: true})
		if err != nil || len(s.Items) != 2 ||
			!strings.Contains(strings.Join(s.Notes, "\n"), "left out 1 line, such as a.jpg") {
			t.Errorf("%q: %v, %v", c.list, s, err)
		}
		if _, err := Load(t.Context(), Options{Path: table}); !invalid.Is(err) ||
			!strings.Contains(err.Error(), c.labelled) {
			t.Errorf("%q: %v; want %q", c.list, err, c.labelled)
		}
	}
}

// Names of files may be any bytes. They are listed as UTF-8, and what is written finds the files again.
func TestNamesThatAreNotUTF8(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("other systems have no such names")
	}
	root := folder(t, "1/b\xe4r.jpg", "1/100%.jpg", "2/\xff%41.png", "2/b\u00e4r.jpg")
	s, err := Load(t.Context(), Options{Path: root})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"1/100%.jpg:1", "1/b%E4r.jpg:1", "2/%FF%2541.png:2", "2/b\u00e4r.jpg:2"}
	if got := brief(s); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	table, list := filepath.Join(root, "m.csv"), filepath.Join(root, "l.txt")
	if err := os.WriteFile(table, []byte(write(t, s)), 0o666); err != nil {
		t.Fatal(err)
	}
	back, err := Load(t.Context(), Options{Path: table})
	if err != nil {
		t.Fatal(err)
	}
	for i, it := range back.Items {
		if it.File != s.Items[i].File || it.Path != s.Items[i].Path {
			t.Errorf("%+v came back as %+v", s.Items[i], it)
		}
	}
	if err := os.WriteFile(list, []byte("1/b\xe4r.jpg\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	if listed, err := Load(t.Context(), Options{Path: list, Unlabelled: true}); err != nil ||
		listed.Items[0].File != s.Items[1].File {
		t.Errorf("a list: %v, %v", listed, err)
	}
	if err := os.WriteFile(filepath.Join(root, "1", "b%E4r.jpg"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(t.Context(), Options{Path: root}); !invalid.Is(err) ||
		!strings.Contains(err.Error(), "rename one of the two") {
		t.Errorf("two files that are written alike: %v", err)
	}
}

// Names that come in every folder are told apart by their folders, in time that grows with the number of paths.
func TestManyFilesOfOneName(t *testing.T) {
	const n = 20_000
	s := &search{root: []string{"data"}}
	for i := range n {
		s.files = append(s.files, found{path: fmt.Sprintf("p%d/image.jpg", i)})
	}
	s.byName = chainsOf(n, func(int) string { return "image" })
	s.byFolder = chainsOf(n, func(i int) string { return folderKey(segments(s.files[i].path)) })
	for i := range n {
		if m := s.find(fmt.Sprintf("/home/ann/P%d/image.png", i)); !m.ok || m.file != s.files[i] {
			t.Fatalf("%d: %+v", i, m)
		}
	}
	if m := s.find("/home/ann/q/image.jpg"); m.ok || !strings.Contains(m.hint, "more than 1000 files fit") {
		t.Errorf("%+v", m)
	}
}

// FuzzDialects: any path is read without a panic, and a file is found by its own path however slashes are written.
func FuzzDialects(f *testing.F) {
	f.Add("photos/b c.png")
	f.Add(`C:\..\x%2e`)
	f.Add("%ff/%00")
	f.Fuzz(func(t *testing.T, p string) {
		s := &search{files: []found{{path: "in/a.jpg"}}}
		s.byName = chainsOf(1, func(int) string { return "a" })
		if m := s.find(p); m.ok && !strings.Contains(strings.ToLower(p), "a") && !strings.Contains(p, "%") {
			t.Errorf("%q stands for in/a.jpg", p)
		}
		if m := s.find(`in\` + "a"); !m.ok {
			t.Error(`in\a doesn't stand for in/a.jpg`)
		}
	})
}

// Absolute paths as other commands write them, of files whose names aren't UTF-8, are read wherever the table lies.
func TestEscapedPathsInFull(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("other systems have no such names")
	}
	root, elsewhere := folder(t, "b\xe4r.jpg", "c.jpg"), t.TempDir()
	table := filepath.Join(elsewhere, "m.csv")
	text := "path,label\n" + EscapePath(root+"/b\xe4r.jpg") + ",1\n" + root + "/c.jpg,2\n"
	if err := os.WriteFile(table, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	s, err := Load(t.Context(), Options{Path: table})
	if err != nil || s.Items[0].File != root+"/b\xe4r.jpg" || s.Items[0].Path != root+"/b%E4r.jpg" || len(s.Notes) > 0 {
		t.Errorf("%+v, %v", s, err)
	}
}
