package explain

import (
	"finetune/pipeline/dataset"
	"slices"
	"strings"
	"testing"
)

func TestFileNames(t *testing.T) {
	var items []dataset.Item
	for _, path := range []string{"a/b.jpg", "a_b.png", "/tmp/x/c.jpg", "../up/c.gif", ".jpg", `d:\e.jpg`,
		strings.Repeat("é", 200) + ".jpg"} {
		items = append(items, dataset.Item{Path: path})
	}
	want := []string{"a_b.png", "a_b-2.png", "c.png", "c-2.png", "image.png", "d__e.png", strings.Repeat("é", 75) +
		".png"}
	if got := fileNames(items); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
