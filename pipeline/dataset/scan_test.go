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

func TestNestedLinks(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("links need a privilege there")
	}
	// Each of 48 folders has two links to the next: 2^48 paths.
	root, pool := folder(t, "1/a.jpg", "2/b.jpg"), folder(t, "47/deep.jpg")
	for i := range 48 {
		here := filepath.Join(pool, fmt.Sprint(i))
		if err := os.MkdirAll(here, 0o777); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"x", "y"} {
			if err := os.Symlink(filepath.Join(pool, fmt.Sprint((i+1)%48)), filepath.Join(here, name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := os.Symlink(filepath.Join(pool, "0"), filepath.Join(root, "1", "link")); err != nil {
		t.Fatal(err)
	}
	s, err := Load(t.Context(), Options{Path: root})
	if err != nil {
		t.Fatal(err)
	}
	deep := "1/link/" + strings.Repeat("x/", 47) + "deep.jpg:1"
	if got := brief(s); !slices.Equal(got, []string{"1/a.jpg:1", deep, "2/b.jpg:2"}) {
		t.Errorf("%q", got)
	}
	if notes := strings.Join(s.Notes, "\n"); !strings.Contains(notes, "left out 49 links") {
		t.Errorf("notes %q", notes)
	}
}

// A folder that hides from the listing is read through a link to it.
func TestLinkToAHiddenFolder(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("links need a privilege there")
	}
	root := folder(t, ".store/x/a.jpg", "1/b.jpg")
	if err := os.Symlink(".store/x", filepath.Join(root, "2")); err != nil {
		t.Fatal(err)
	}
	s, err := Load(t.Context(), Options{Path: root})
	if err != nil || !slices.Equal(brief(s), []string{"1/b.jpg:1", "2/a.jpg:2"}) {
		t.Errorf("%v, %v", s, err)
	}
}

func TestImagesThatAreNotDecoded(t *testing.T) {
	root := folder(t, "1/a.jpg", "1/b.JXL", "2/c.jp2", "2/d.png", "2/notes.txt")
	for _, o := range []Options{{}, {Unlabelled: true}, {LabelRegex: `^(\d)/`}} {
		o.Path = root
		s, err := Load(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(s.Undecoded, []string{"1/b.JXL", "2/c.jp2"}) || len(s.Items) != 2 {
			t.Errorf("%q and %q left out", brief(s), s.Undecoded)
		}
		if notes := strings.Join(s.Notes, "\n"); !strings.Contains(notes, "left out 2 images, such as 1/b.JXL") ||
			!strings.Contains(notes, "left out 1 file") {
			t.Errorf("notes %q", notes)
		}
	}
	for _, path := range []string{folder(t, "1/a.jxl"), filepath.Join(root, "1", "b.JXL")} {
		for _, unlabelled := range []bool{false, true} {
			_, err := Load(t.Context(), Options{Path: path, Unlabelled: unlabelled})
			if !invalid.Is(err) || !strings.Contains(err.Error(), "decoded") ||
				!strings.Contains(err.Error(), "convert it to JPEG") {
				t.Errorf("%s: %v", path, err)
			}
		}
	}
}

func TestWhatIsNoData(t *testing.T) {
	root := folder(
		t,
		"labels.csv/x",
		"list.txt/x",
		"photo.jpg/x",
		"m.csv=path,label\na,1\n",
		"kaggle/train_images/a.png",
		"kaggle/train.csv=",
	)
	for path, want := range map[string]string{
		"labels.csv":                  "no images",
		"photo.jpg":                   "no images",
		"m.csv/below":                 "not a file",
		strings.Repeat("n", 300):      "not a file",
		"missing.csv":                 "no such file",
		"zero\x00byte":                "not a file",
		"kaggle":                      "kaggle/train.csv",
		"missing\nline":               "no such file",
		"labels.csv/x/y/z/missing.gz": "not a file",
	} {
		_, err := Load(t.Context(), Options{Path: filepath.Join(root, path)})
		if !invalid.Is(err) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %v; want %q", path, err, want)
		}
	}
}

// BenchmarkFolder lists 100,000 files.
func BenchmarkFolder(b *testing.B) {
	root := b.TempDir()
	for i := range 100_000 {
		dir := filepath.Join(root, fmt.Sprint(i%10))
		if i < 10 {
			if err := os.Mkdir(dir, 0o777); err != nil {
				b.Fatal(err)
			}
		}
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("image-%06d.jpg", i)), nil, 0o666); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		s, err := Load(b.Context(), Options{Path: root})
		if err != nil || len(s.Items) != 100_000 {
			b.Fatal(err)
		}
	}
}

// BenchmarkTable reads a table of a million rows, without looking for the files.
func BenchmarkTable(b *testing.B) {
	file := filepath.Join(b.TempDir(), "m.csv")
	var text strings.Builder
	text.WriteString("image,grade,site\n")
	for i := range 1_000_000 {
		fmt.Fprintf(&text, "images/%04d/image-%07d.jpg,%d.0,site %d\n", i/1000, i, i%5, i%7)
	}
	if err := os.WriteFile(file, []byte(text.String()), 0o666); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if s, err := Load(b.Context(), Options{Path: file, NoFiles: true}); err != nil || len(s.Items) != 1_000_000 {
			b.Fatal(err)
		}
	}
}

// BenchmarkResolve looks for 100,000 files that are written without their extension.
func BenchmarkResolve(b *testing.B) {
	root := b.TempDir()
	var text strings.Builder
	text.WriteString("image,level\n")
	if err := os.Mkdir(filepath.Join(root, "train"), 0o777); err != nil {
		b.Fatal(err)
	}
	for i := range 100_000 {
		if err := os.WriteFile(filepath.Join(root, "train", fmt.Sprintf("%d_left.jpeg", i)), nil, 0o666); err != nil {
			b.Fatal(err)
		}
		fmt.Fprintf(&text, "%d_left,%d\n", i, i%5)
	}
	file := filepath.Join(root, "m.csv")
	if err := os.WriteFile(file, []byte(text.String()), 0o666); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if s, err := Load(b.Context(), Options{Path: file}); err != nil || s.Items[0].Path != "train/0_left.jpeg" {
			b.Fatal(err)
		}
	}
}
