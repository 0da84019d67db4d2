package heif

import (
	"errors"
	"os"
	"testing"
)

// open opens a test file; the test ends where the system has no libheif.
func open(t *testing.T, name string) *Source {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	s, err := Open(data)
	if errors.Is(err, ErrNoLibrary) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return s
}

// TestRamp compares with what testdata/make_files.py drew, whatever the compression changed.
func TestRamp(t *testing.T) {
	for _, name := range []string{"ramp.heic", "ramp.avif", "rotated.avif"} {
		s := open(t, name)
		img, err := s.Decode()
		s.Close()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if s.Width != 40 || s.Height != 24 || img.Rect.Dx() != 40 || img.Rect.Dy() != 24 || !img.Opaque() {
			t.Fatalf("%s: %d × %d, a picture of %v", name, s.Width, s.Height, img.Rect)
		}
		for y := range 24 {
			for x := range 40 {
				got := img.NRGBAAt(x, y)
				for c, want := range []int{6 * x, 10 * y, 60} {
					if d := int([]uint8{got.R, got.G, got.B}[c]) - want; d < -12 || d > 12 {
						t.Fatalf("%s: pixel (%d, %d) is %v, channel %d should be %d", name, x, y, got, c, want)
					}
				}
			}
		}
	}
}

func TestDamaged(t *testing.T) {
	open(t, "ramp.heic").Close()
	data, err := os.ReadFile("testdata/ramp.heic")
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{0, 8, 30, len(data) / 2} {
		s, err := Open(data[:n])
		if err == nil {
			_, err = s.Decode()
			s.Close()
		}
		if err == nil || errors.Is(err, ErrNoLibrary) {
			t.Errorf("%d of %d bytes: %v", n, len(data), err)
		}
	}
}
