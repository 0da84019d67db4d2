package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/csv"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"finetune/internal/ort/library"
	"finetune/internal/store/seal"
)

// Names in a box, the folder that a case works in.
const (
	dataName  = "data"
	netName   = "net.onnx"
	cacheName = "cache"
)

func findLibrary() (string, error) {
	lib, err := library.Find("", "")
	if err != nil {
		return "", err
	}
	return lib.Path, nil
}

// makeMaterial makes the box that all others are copies of: images, a tiny network, and results for the jobs that read some.
func (t *torture) makeMaterial() error {
	box := t.template()
	for class := range 3 {
		for i := range 8 {
			if err := writePicture(filepath.Join(box, dataName, fmt.Sprint(class+1), fmt.Sprintf("%02d.png", i)), class, i); err != nil {
				return err
			}
		}
	}
	network, err := os.ReadFile("backbone/testdata/squeezenet_size_9.onnx")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(box, netName), network, 0o666); err != nil {
		return err
	}
	for _, args := range []string{
		"train --data data --backbone net.onnx --epochs 4 --out trained",
		"train --data data --backbone net.onnx --epochs 4 --seed 9 --out other",
		"extract --data data --backbone net.onnx --out features",
	} {
		if end := t.run(box, strings.Fields(args)); end.status != 0 {
			return fmt.Errorf("%s: exit status %d: %s", args, end.status, end.errors)
		}
	}
	return os.RemoveAll(filepath.Join(box, cacheName))
}

func (t *torture) template() string { return filepath.Join(t.work, "template") }

func (t *torture) boxOf(name string) string { return filepath.Join(t.work, "box", name) }

// box makes a copy of the template for a case. links are folders to copy under other names, from and to.
func (t *torture) box(name string, copies [][2]string) (string, error) {
	box := t.boxOf(name)
	if err := os.RemoveAll(box); err != nil {
		return "", err
	}
	if err := os.CopyFS(box, os.DirFS(t.template())); err != nil {
		return "", err
	}
	for _, c := range copies {
		if err := os.CopyFS(filepath.Join(box, c[1]), os.DirFS(filepath.Join(t.template(), c[0]))); err != nil {
			return "", err
		}
	}
	return box, nil
}

// writePicture writes a noisy picture, the brighter the higher its class.
func writePicture(path string, class, number int) error {
	const side = 24
	rng := rand.New(rand.NewPCG(uint64(class), uint64(number)))
	img := image.NewNRGBA(image.Rect(0, 0, side, side))
	for i := range side * side {
		v := uint8(40*class + rng.IntN(80))
		img.SetNRGBA(i%side, i/side, color.NRGBA{v, v / 2, v, 255})
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return png.Encode(f, img)
}

// A snapshot is the digest of each file below a folder, by its path; folders have none.
type snapshot map[string]string

// snap reads a box, without the cache, whose bytes may differ.
func snap(box string) (snapshot, error) {
	s := snapshot{}
	err := filepath.WalkDir(box, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(box, path)
		if err != nil {
			return err
		}
		switch {
		case name == cacheName:
			return fs.SkipDir
		case e.IsDir():
			s[filepath.ToSlash(name)+"/"] = ""
			return nil
		case !e.Type().IsRegular():
			s[filepath.ToSlash(name)] = e.Type().String()
			return nil
		}
		s[filepath.ToSlash(name)], err = contents(path)
		return err
	})
	return s, err
}

// timed are files with a column of seconds, by name; it may differ from run to run.
var timed = []string{"history.csv", "search.csv"}

// settingsDigest is what the state of a table says of its settings: they include the times at which the inputs changed.
var settingsDigest = regexp.MustCompile(`"settings": ?"[0-9a-f]*"`)

// contents returns the digest of a file, without the seconds that training took. Of a list of digests it says whether the folder is
// as listed: the list has those of the seconds too.
func contents(path string) (string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	switch {
	case filepath.Base(path) == seal.Name:
		status, err := seal.Verify(context.Background(), filepath.Dir(path))
		if err != nil {
			return "", err
		}
		return fmt.Sprint("complete: ", status.Complete()), nil
	case slices.Contains(timed, filepath.Base(path)):
		text = withoutSeconds(text)
	case strings.HasSuffix(path, ".state"):
		text = settingsDigest.ReplaceAll(text, nil)
	}
	return fmt.Sprintf("%x", sha256.Sum256(text)), nil
}

// withoutSeconds empties the column of seconds of a table.
func withoutSeconds(text []byte) []byte {
	rows, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil || len(rows) == 0 {
		return text
	}
	column := slices.Index(rows[0], "seconds")
	var out bytes.Buffer
	w := csv.NewWriter(&out)
	for _, row := range rows {
		if column >= 0 {
			row[column] = ""
		}
		w.Write(row)
	}
	w.Flush()
	return out.Bytes()
}

// differences tells how found differs from wanted, "" where it doesn't.
func (wanted snapshot) differences(found snapshot) string {
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(wanted)) {
		switch digest, ok := found[name]; {
		case !ok:
			lines = append(lines, "missing "+name)
		case digest != wanted[name]:
			lines = append(lines, "other bytes in "+name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(found)) {
		if _, ok := wanted[name]; !ok {
			lines = append(lines, "left "+name)
		}
	}
	return strings.Join(lines, ", ")
}

// below returns the part of a snapshot that is a path or below it.
func (s snapshot) below(path string) snapshot {
	part := snapshot{}
	for name, digest := range s {
		if name == path || strings.HasPrefix(name, path+"/") {
			part[name] = digest
		}
	}
	return part
}

// cacheLeftovers lists files of a box's cache that are neither rows nor their description.
func cacheLeftovers(box string) string {
	var left []string
	filepath.WalkDir(filepath.Join(box, cacheName), func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() && filepath.Ext(path) != ".segment" && filepath.Base(path) != "recipe.json" {
			left = append(left, path)
		}
		return nil
	})
	return strings.Join(left, ", ")
}
