package decode

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A kind is a file of testdata/kinds and what Pillow reads from it.
type kind struct {
	File          string
	Error         string // part of the expected error
	Width, Height int
	White         int
	Mean          float64
	SHA256        string
}

func kinds(t testing.TB) []kind {
	t.Helper()
	text, err := os.ReadFile("testdata/kinds.json")
	if err != nil {
		t.Fatal(err)
	}
	var list struct{ Files []kind }
	if err := json.Unmarshal(text, &list); err != nil {
		t.Fatal(err)
	}
	if len(list.Files) < 50 {
		t.Fatalf("only %d files", len(list.Files))
	}
	return list.Files
}

func (k kind) read(t testing.TB) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata/kinds", k.File))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestKindsAsPillow(t *testing.T) {
	var d Decoder
	for _, k := range kinds(t) {
		t.Run(k.File, func(t *testing.T) {
			d.Limits.White = k.White
			img, err := d.Decode(k.read(t))
			if k.Error != "" {
				var fault *Error
				if !errors.As(err, &fault) || !strings.Contains(err.Error(), k.Error) {
					t.Fatalf("error %v, want one with %q", err, k.Error)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if img.Rect.Dx() != k.Width || img.Rect.Dy() != k.Height {
				t.Fatalf("%v, want %d × %d", img.Rect, k.Width, k.Height)
			}
			pixels := make([]byte, 0, 3*k.Width*k.Height)
			sum := 0
			for i := 0; i < len(img.Pix); i += 4 {
				pixels = append(pixels, img.Pix[i:i+3]...)
				sum += int(img.Pix[i]) + int(img.Pix[i+1]) + int(img.Pix[i+2])
			}
			if digest := sha256.Sum256(pixels); hex.EncodeToString(digest[:]) != k.SHA256 {
				t.Errorf("other pixels: their mean is %.3f, want %.3f", float64(sum)/float64(len(pixels)), k.Mean)
			}
		})
	}
}

func TestLargestSample(t *testing.T) {
	var d Decoder
	for _, k := range kinds(t) {
		if k.Error != "" {
			continue
		}
		largest, err := d.LargestSample(k.read(t))
		if err != nil {
			t.Fatalf("%s: %v", k.File, err)
		}
		switch deep := strings.Contains(k.File, "16"); {
		case k.White > 0 && (largest <= k.White/2 || largest > k.White):
			t.Errorf("%s: the largest sample is %d, white is %d", k.File, largest, k.White)
		case !deep && largest != 0:
			t.Errorf("%s: the largest sample is %d", k.File, largest)
		case deep && k.White == 0 && largest < 1<<15:
			t.Errorf("%s: the largest sample is %d of 16 bits", k.File, largest)
		}
	}
	var fault *Error
	if _, err := d.LargestSample([]byte("\x89PNG\r\n\x1a\n")); !errors.As(err, &fault) {
		t.Errorf("a PNG without header: %v", err)
	}
}
