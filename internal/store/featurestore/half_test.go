package featurestore

import (
	"os"
	"slices"
	"testing"

	"finetune/internal/store/half"
)

// TestHalf keeps rows as float16: a row takes half the room and comes back rounded, also in another process; rows of float32 lie in
// another folder; damage is found.
func TestHalf(t *testing.T) {
	root := t.TempDir()
	in16 := recipe
	in16.Half = true
	s, err := Open(root, in16)
	if err != nil {
		t.Fatal(err)
	}
	const cols = 11
	rowOf := func(i int) []float32 {
		row := make([]float32, cols)
		for j := range row {
			row[j] = float32(i) + float32(j)/3
		}
		return row
	}
	for i := range 40 {
		if err := s.Put(keyFor(i), rowOf(i)); err != nil {
			t.Fatal(err)
		}
	}
	name := s.out.name
	s.Close()
	if info, err := os.Stat(name); err != nil || info.Size() != int64(rowsStart+40*2*cols) {
		t.Errorf("the segment has %d bytes, %v", info.Size(), err)
	}
	if damage, err := Verify(t.Context(), root); err != nil || len(damage) != 0 {
		t.Errorf("damage %+v, %v", damage, err)
	}
	list, err := List(t.Context(), root)
	if err != nil || len(list) != 1 || list[0].Recipe != in16 || list[0].Rows != 40 || list[0].RowBytes != RowBytes(cols, true) {
		t.Errorf("list %+v, %v", list, err)
	}
	if other := open(t, root); other.Len() != 0 {
		t.Errorf("%d rows of float16 are found as float32", other.Len())
	}

	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	f.WriteAt([]byte{1, 2, 3, 4}, int64(rowsStart+7*2*cols))
	f.Close()
	if s, err = Open(root, in16); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	got := make([]float32, cols)
	for i := range 40 {
		want := rowOf(i)
		half.Round(want)
		if ok := s.Get(keyFor(i), got); ok != (i != 7) || ok && !slices.Equal(got, want) {
			t.Errorf("row %d: %v, %v, want %v", i, ok, got, want)
		}
	}
}
