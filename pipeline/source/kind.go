package source

import (
	"path"
	"slices"
	"strings"
)

// A kind is how an input is read.
type kind int

const (
	unknown kind = iota
	image
	list
	csvTable
	jsonlTable
	parquetTable
	tarArchive
	zipArchive
)

// kinds are the endings of names, longer ones before their ends.
var kinds = []struct {
	ending string
	kind   kind
}{
	{".csv", csvTable}, {".tsv", csvTable}, {".csv.gz", csvTable}, {".tsv.gz", csvTable},
	{".jsonl", jsonlTable}, {".ndjson", jsonlTable}, {".jsonl.gz", jsonlTable}, {".ndjson.gz", jsonlTable},
	{".txt", list}, {".parquet", parquetTable}, {".pq", parquetTable}, {".zip", zipArchive},
	{".tar", tarArchive}, {".tar.gz", tarArchive}, {".tgz", tarArchive},
}

// imageEndings are those of the formats that preprocessing decodes.
var imageEndings = []string{".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff"}

// IsImage reports whether a name is that of an image. Nothing is opened.
func IsImage(name string) bool {
	return slices.Contains(imageEndings, strings.ToLower(path.Ext(name)))
}

// IsLitter reports whether a name, without its folder, is one that systems leave in folders and archives: hidden
// files, among them macOS's "._" twins of images, and the files of thumbnails.
func IsLitter(name string) bool {
	switch strings.ToLower(name) {
	case "thumbs.db", "desktop.ini", "__macosx", "@eadir":
		return true
	}
	return strings.HasPrefix(name, ".")
}

func kindOf(name string) kind {
	if IsImage(name) {
		return image
	}
	name = strings.ToLower(name)
	for _, k := range kinds {
		if strings.HasSuffix(name, k.ending) {
			return k.kind
		}
	}
	return unknown
}

func compressed(name string) bool {
	name = strings.ToLower(name)
	return strings.HasSuffix(name, ".gz") || strings.HasSuffix(name, ".tgz")
}
