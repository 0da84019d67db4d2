package main

import (
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"

	"github.com/disintegration/imaging"

	"finetune/internal/store/atomicfile"
)

// demoPhotos are the photos of the demo, from which all pictures are made.
func demoPhotos() ([]image.Image, error) {
	files, err := filepath.Glob("testdata/demo/images/*/*")
	if err != nil || len(files) == 0 {
		return nil, fmt.Errorf("no photo under testdata/demo; run bench at the root of the repository")
	}
	photos := make([]image.Image, 0, len(files))
	for _, f := range files {
		photo, err := imaging.Open(f)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f, err)
		}
		photos = append(photos, photo)
	}
	return photos, nil
}

// pictures writes count different JPEG files of that size: parts of photos, enlarged, with the grain of a camera. They
// are kept for other rows that want the same.
func (b *bench) pictures(count, width, height int) ([]string, error) {
	folder := filepath.Join(b.work, fmt.Sprintf("%dx%d", width, height))
	paths := make([]string, count)
	var photos []image.Image
	r := rand.New(rand.NewPCG(uint64(width), uint64(height)))
	for i := range paths {
		paths[i] = filepath.Join(folder, fmt.Sprintf("%05d.jpg", i))
		if _, err := os.Stat(paths[i]); err == nil {
			continue
		}
		if photos == nil {
			if err := os.MkdirAll(folder, 0o777); err != nil {
				return nil, err
			}
			var err error
			if photos, err = demoPhotos(); err != nil {
				return nil, err
			}
		}
		picture := grainy(partOf(photos[i%len(photos)], width, height, r), r)
		err := atomicfile.Write(paths[i], func(w io.Writer) error { return jpeg.Encode(w, picture, &jpeg.Options{Quality: 90}) })
		if err != nil {
			return nil, err
		}
	}
	return paths, nil
}

// partOf cuts out of a photo a part of random place and size with the wanted shape, and enlarges it.
func partOf(photo image.Image, width, height int, r *rand.Rand) *image.NRGBA {
	size := photo.Bounds().Size()
	w := min(size.X, size.Y*width/height)
	w -= r.IntN(w/3 + 1)
	h := max(1, w*height/width)
	x, y := r.IntN(size.X-w+1), r.IntN(size.Y-min(h, size.Y)+1)
	part := imaging.Crop(photo, image.Rect(x, y, x+w, y+h).Add(photo.Bounds().Min))
	return imaging.Resize(part, width, height, imaging.CatmullRom)
}

// grainy adds noise, without which enlarged pictures would be easier to decode than a camera's.
func grainy(picture *image.NRGBA, r *rand.Rand) image.Image {
	bounds := picture.Bounds()
	out := image.NewRGBA(bounds)
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			c := picture.NRGBAAt(x, y)
			grain := int(r.NormFloat64() * 4)
			add := func(v uint8) uint8 { return uint8(max(0, min(255, int(v)+grain))) }
			out.SetRGBA(x, y, color.RGBA{add(c.R), add(c.G), add(c.B), 255})
		}
	}
	return out
}

// resnet50 writes torchvision's ResNet-50 with random weights.
func (b *bench) resnet50() (string, error) {
	path := filepath.Join(b.work, "resnet50.onnx")
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	_, _, err := b.peer.ask("resnet50", map[string]any{"out": path})
	return path, err
}
