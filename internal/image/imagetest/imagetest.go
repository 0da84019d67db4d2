// Package imagetest gives tests the pictures of preprocess/testdata and what Pillow and torchvision read from
// them. Nothing but tests imports it.
package imagetest

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// Golden is the content of golden.json, which preprocess/testdata/make_golden.py makes.
type Golden struct {
	dir string

	CropOfImages string `json:"crop_of_images"` // the spec of every Image's Crop
	Images       []Image
	Cases        []Case

	BlobRanges [][2]int `json:"blobs"`
	blobs      []byte
}

// An Image is one file: the size of the upright picture, and the blobs of its pixels and of a crop.
type Image struct {
	File          string
	Width, Height int
	Pixels, Crop  int
}

// A Case is one file preprocessed according to a spec: the crop's levels, before colours change their order, and mean
// and standard deviation of each channel of the tensor.
type Case struct {
	Spec, File   string
	Crop         int
	ChannelMeans [3]float64 `json:"channel_means"`
	ChannelStds  [3]float64 `json:"channel_stds"`
}

// Files returns the files of preprocess/testdata and of package decode whose names have an ending such as ".png", by
// name. Fewer than least in either fail the test, whose package is one of internal/image.
func Files(t testing.TB, ending string, least int) map[string][]byte {
	t.Helper()
	contents := map[string][]byte{}
	for _, folder := range []string{"../../../preprocess/testdata/images", "../decode/testdata/kinds"} {
		paths, err := filepath.Glob(filepath.Join(folder, "*"+ending))
		if err != nil || len(paths) < least {
			t.Fatalf("%d files %s in %s, %v", len(paths), ending, folder, err)
		}
		for _, path := range paths {
			if contents[filepath.Base(path)], err = os.ReadFile(path); err != nil {
				t.Fatal(err)
			}
		}
	}
	return contents
}

// Load reads the golden values of a folder, the path of preprocess/testdata from the test's own.
func Load(t testing.TB, dir string) *Golden {
	t.Helper()
	g := &Golden{dir: dir}
	text, err := os.ReadFile(filepath.Join(dir, "golden.json"))
	if err == nil {
		err = json.Unmarshal(text, g)
	}
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(filepath.Join(dir, "golden.bin.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	z, err := gzip.NewReader(file)
	if err == nil {
		g.blobs, err = io.ReadAll(z)
	}
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// Blob returns 8-bit RGB, row by row.
func (g *Golden) Blob(i int) []byte {
	r := g.BlobRanges[i]
	return g.blobs[r[0] : r[0]+r[1]]
}

// Read returns the bytes of an image file.
func (g *Golden) Read(t testing.TB, file string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(g.dir, "images", file))
	if err != nil {
		t.Fatal(err)
	}
	return data
}
