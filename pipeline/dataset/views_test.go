package dataset

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"finetune/invalid"
)

func loadIndex(t *testing.T, text string, noFiles bool) (*Set, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "index.csv")
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	return Load(t.Context(), Options{Path: path, NoFiles: noFiles})
}

func TestViewsOfAnIndexAreOneItem(t *testing.T) {
	for text, want := range map[string]struct{ items, views int }{
		"row,path,label\n0,a,1\n1,b,2\n":                                            {2, 1},
		"row,view,path,label\n0,0,a,1\n1,0,b,2\n":                                   {2, 1},
		"row,view,path,label\n0,0,a,1\n1,1,a,1\n2,0,b,2\n3,1,b,2\n":                 {2, 2},
		"row,view,path,label\n0,0,a,1\n1,1,a,1\n2,2,a,1\n3,0,b,2\n4,1,b,2\n5,2,b,2": {2, 3},
	} {
		s, err := loadIndex(t, text, true)
		if err != nil || len(s.Items) != want.items || s.Views != want.views {
			t.Errorf("%q: %+v, %v; want %+v", text, s, err, want)
			continue
		}
		if s.Items[0].Path != "a" || s.Items[1].Path != "b" {
			t.Errorf("%q: items %v", text, s.Items)
		}
	}
}

func TestViewsMustBeWhole(t *testing.T) {
	for text, part := range map[string]string{
		"view,path,label\n0,a,1\n1,a,1\n0,b,2\n":        "line 4: 1 view of the last image; expected 2",
		"view,path,label\n0,a,1\n1,b,2\n":               `line 3: the path "b"`,
		"view,path,label\n0,a,1\n0,b,2\n1,b,2\n":        "line 4: the view 1; expected 0",
		"view,path,label\n1,a,1\n0,b,2\n":               "line 2: the view 1; expected 0",
		"view,path,label\n0,a,1\n1,a,1\n0,b,2\n2,b,2\n": "line 5: the view 2; expected 1",
		"view,path,label\n0,a,1\nx,a,1\n":               `line 3: the view "x"`,
		"view,path,label\n0,a,1\n-1,a,1\n":              `line 3: the view "-1"`,
		"view,path,label\n0,a,1\n1,a,1\n0,a,1\n1,a,1\n": `line 4: the path "a" again`,
	} {
		s, err := loadIndex(t, text, true)
		if !invalid.Is(err) || !strings.Contains(err.Error(), part) {
			t.Errorf("%q: %v, %v; want %q", text, s, err, part)
		}
	}
}

// A manifest of images may have a column of that name for something else, such as how an X-ray was taken.
func TestViewsOfAManifestAreLeftAlone(t *testing.T) {
	_, err := loadIndex(t, "view,path,label\nfrontal,a,1\nlateral,a,2\n", false)
	if err == nil || !strings.Contains(err.Error(), "again") {
		t.Errorf("%v; want the path twice", err)
	}
}
