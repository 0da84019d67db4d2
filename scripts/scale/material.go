//go:build unix

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"

	"finetune/internal/store/atomicfile"
	"finetune/internal/store/npy"
	"finetune/pipeline/dataset"
	"finetune/pipeline/features"
	"finetune/pipeline/run"
	"finetune/pipeline/train"
)

// What the images are: in so many classes, of so many pixels a side, so many in a folder, and at least so many.
const (
	classes   = 8
	side      = 32
	perFolder = 1000
	fewImages = 1000
)

// A material is what a stage needs before it can be measured. It makes what isn't there from an earlier time.
type material func(ctx context.Context, s *scale, n int) error

func (s *scale) imageFolder(n int) string { return filepath.Join(s.work, fmt.Sprintf("images-%d", n)) }
func (s *scale) cache(n int) string       { return filepath.Join(s.work, fmt.Sprintf("cache-%d", n)) }
func (s *scale) manifest(n int) string {
	return filepath.Join(s.work, fmt.Sprintf("manifest-%d.csv", n))
}
func (s *scale) list(n int) string { return filepath.Join(s.work, fmt.Sprintf("list-%d.txt", n)) }
func (s *scale) features(n int) string {
	return filepath.Join(s.work, fmt.Sprintf("features-%d-%d", n, s.cols))
}
func (s *scale) featureParts(n int) string {
	return filepath.Join(s.work, fmt.Sprintf("feature-parts-%d-%d", s.cols, n))
}

func (s *scale) trained() string { return filepath.Join(s.work, "run") }

func (s *scale) prepare(ctx context.Context, st stage, n int) error {
	for _, m := range st.needs {
		if err := m(ctx, s, n); err != nil {
			return err
		}
	}
	return nil
}

func unexpected(got, want int) error { return fmt.Errorf("%d images came through, not %d", got, want) }

func there(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

// name is the path of image i in a folder per class.
func name(i int) string {
	return fmt.Sprintf("%d/%04d/image-%07d.jpg", i%classes, i/perFolder, i)
}

// images writes n small JPEG files of different bytes: a comment in each holds its number.
func images(ctx context.Context, s *scale, n int) error {
	folder := s.imageFolder(n)
	if there(folder) {
		return nil
	}
	photos, err := photos()
	if err != nil {
		return err
	}
	unfinished := folder + ".unfinished"
	if err := os.RemoveAll(unfinished); err != nil {
		return err
	}
	made := map[string]bool{}
	var file []byte
	for i := range n {
		if err := ctx.Err(); err != nil {
			return err
		}
		path := filepath.Join(unfinished, name(i))
		if dir := filepath.Dir(path); !made[dir] {
			made[dir] = true
			if err := os.MkdirAll(dir, 0o777); err != nil {
				return err
			}
		}
		photo := photos[i%len(photos)]
		file = append(file[:0], photo[:2]...)    // start of image
		file = append(file, 0xff, 0xfe, 0x00, 6) // a comment of four bytes
		file = binary.BigEndian.AppendUint32(file, uint32(i))
		file = append(file, photo[2:]...)
		if err := os.WriteFile(path, file, 0o666); err != nil {
			return err
		}
	}
	return os.Rename(unfinished, folder)
}

// cached fills the cache with the features of the images.
func cached(ctx context.Context, s *scale, n int) error {
	if there(s.cache(n)) {
		return nil
	}
	if err := images(ctx, s, n); err != nil {
		return err
	}
	return s.extract(ctx, n)
}

// few writes the smallest set of images.
func few(ctx context.Context, s *scale, _ int) error { return images(ctx, s, fewImages) }

// list writes a list of n paths of the smallest set of images.
func list(_ context.Context, s *scale, n int) error {
	if there(s.list(n)) {
		return nil
	}
	return s.writeLines(s.list(n), "", n, func(i int) string {
		return filepath.Base(s.imageFolder(fewImages)) + "/" + name(i%fewImages) + "\n"
	})
}

// photos are a few JPEG files of random squares.
func photos() ([][]byte, error) {
	r := rand.New(rand.NewPCG(1, 2))
	files := make([][]byte, 64)
	for i := range files {
		img := image.NewRGBA(image.Rect(0, 0, side, side))
		for y := 0; y < side; y += 8 {
			for x := 0; x < side; x += 8 {
				c := image.NewUniform(color.RGBA{uint8(r.Uint32()), uint8(r.Uint32()), uint8(r.Uint32()), 255})
				draw.Draw(img, image.Rect(x, y, x+8, y+8), c, image.Point{}, draw.Src)
			}
		}
		var b bytes.Buffer
		if err := jpeg.Encode(&b, img, nil); err != nil {
			return nil, err
		}
		files[i] = b.Bytes()
	}
	return files, nil
}

// manifest writes a manifest of the images, which need not be there.
func manifest(_ context.Context, s *scale, n int) error {
	if there(s.manifest(n)) {
		return nil
	}
	return s.writeLines(s.manifest(n), "path,label\n", n, func(i int) string { return name(i) + "," + strconv.Itoa(i%classes) + "\n" })
}

func (s *scale) writeLines(path, header string, n int, line func(i int) string) error {
	return atomicfile.Write(path, func(w io.Writer) error {
		b := bufio.NewWriter(w)
		b.WriteString(header)
		for i := range n {
			b.WriteString(line(i))
		}
		return b.Flush()
	})
}

// parts is how many feature folders hold the rows of featureParts.
const parts = 4

// featureFolder writes a feature folder of random rows.
func featureFolder(ctx context.Context, s *scale, n int) error {
	return s.writeFeatures(ctx, s.features(n), 0, n)
}

// featureParts writes as many random rows to several feature folders in one folder.
func featureParts(ctx context.Context, s *scale, n int) error {
	for p := range parts {
		if err := s.writeFeatures(ctx, filepath.Join(s.featureParts(n), strconv.Itoa(p)), p*n/parts, (p+1)*n/parts); err != nil {
			return err
		}
	}
	return nil
}

// writeFeatures writes a feature folder of random rows for the images from first up to end, in which one number tells a little of the
// class.
func (s *scale) writeFeatures(ctx context.Context, folder string, first, end int) error {
	if there(filepath.Join(folder, features.IndexFile)) {
		return nil
	}
	w, err := npy.Create(filepath.Join(folder, features.MatrixFile), s.cols)
	if err != nil {
		return err
	}
	defer w.Abort()
	r := rand.New(rand.NewPCG(3, uint64(end)))
	row := make([]float32, s.cols)
	for i := first; i < end; i++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		for j := range row {
			row[j] = r.Float32()
		}
		row[i%s.cols] += float32(i%classes) / classes
		if err := w.WriteRow(row); err != nil {
			return err
		}
	}
	if err := w.Commit(); err != nil {
		return err
	}
	return s.writeLines(filepath.Join(folder, features.IndexFile), "row,path,label\n", end-first, func(i int) string {
		return strconv.Itoa(i) + "," + name(first+i) + "," + strconv.Itoa((first+i)%classes) + "\n"
	})
}

// trained trains a run on the smallest set of images, for others to predict with.
func trained(ctx context.Context, s *scale, _ int) error {
	if there(filepath.Join(s.trained(), run.ConfigFile)) {
		return nil
	}
	if err := few(ctx, s, 0); err != nil {
		return err
	}
	job := train.New(s.imageFolder(fewImages))
	job.Data = dataset.Options{Path: s.imageFolder(fewImages)}
	job.Images = small(features.Images{Backbone: network, Tap: features.Last, Cache: s.cache(fewImages)})
	job.Out, job.Overwrite = s.trained(), true
	_, err := job.Run(ctx)
	return err
}
