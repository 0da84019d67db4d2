// Command decoders decodes every file below a folder as finetune does and writes the pixels for compare.py, which holds them
// against Pillow's:
//
//	go run ./scripts/decoders FOLDER PIXELS > ours.tsv
//	python scripts/decoders/compare.py ours.tsv
//
// PIXELS is a new folder for the pixels, four bytes each, red, green, blue and opacity. A line of standard output has the
// file, width, height and the file of its pixels, or the file and why it can't be decoded.
package main

import (
	"bufio"
	"fmt"
	"io/fs"
	"log"
	"os"
	"path/filepath"
	"strings"

	"finetune/internal/image/decode"
)

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: decoders FOLDER PIXELS")
	}
	if err := os.Mkdir(os.Args[2], 0o777); err != nil {
		log.Fatal(err)
	}
	out := bufio.NewWriter(os.Stdout)
	n := 0
	err := filepath.WalkDir(os.Args[1], func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		img, err := decode.Decode(data, decode.Limits{})
		if err != nil {
			fmt.Fprintf(out, "%s\t%s\n", path, strings.ReplaceAll(err.Error(), "\n", " "))
			return nil
		}
		width, height := img.Bounds().Dx(), img.Bounds().Dy()
		var pixels []byte
		for y := range height {
			pixels = append(pixels, img.Pix[y*img.Stride:y*img.Stride+4*width]...)
		}
		n++
		file := filepath.Join(os.Args[2], fmt.Sprintf("%d.rgba", n))
		fmt.Fprintf(out, "%s\t%d\t%d\t%s\n", path, width, height, file)
		return os.WriteFile(file, pixels, 0o666)
	})
	if err == nil {
		err = out.Flush()
	}
	if err != nil {
		log.Fatal(err)
	}
}
