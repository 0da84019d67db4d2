package dataset

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"unsafe"
)

// A list of a million images must leave room for the work on them: an item costs its fields and the text of its file,
// once.
func TestItemsAreSmall(t *testing.T) {
	const n = 50_000
	manifest := filepath.Join(t.TempDir(), "manifest.csv")
	var text strings.Builder
	text.WriteString("path,label,group\n")
	for i := range n {
		fmt.Fprintf(&text, "images/%04d/image-%07d.jpg,%d,person-%d\n", i/1000, i, i%8, i%1000)
	}
	if err := os.WriteFile(manifest, []byte(text.String()), 0o666); err != nil {
		t.Fatal(err)
	}
	before := heap()
	set, err := Load(t.Context(), Options{Path: manifest, NoFiles: true})
	if err != nil {
		t.Fatal(err)
	}
	each := int(heap()-before) / n
	most := int(
		unsafe.Sizeof(Item{}),
	) + len(
		set.Items[0].File,
	) + 32 // for what allocation rounds up, and the room to grow
	if each > most {
		t.Errorf("%d bytes an item, want at most %d", each, most)
	}
	for _, i := range []int{0, 1023, 1024, n - 1} {
		it := set.Items[i]
		want := fmt.Sprintf("images/%04d/image-%07d.jpg", i/1000, i)
		if it.Path != want || it.File != filepath.Join(filepath.Dir(manifest), want) || it.Label != i%8 ||
			it.Group != fmt.Sprintf("person-%d", i%1000) {
			t.Errorf("item %d is %+v", i, it)
		}
	}
	runtime.KeepAlive(set)
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
