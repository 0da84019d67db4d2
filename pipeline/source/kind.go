package source

import (
	"path"
	"slices"
	"strings"

	"finetune/internal/remote"
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
var imageEndings = []string{".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff",
	".heic", ".heif", ".hif", ".avif"}

// ImageEndings returns the endings of names of images.
func ImageEndings() []string { return slices.Clone(imageEndings) }

// IsImage reports whether a name is that of an image. Nothing is opened.
func IsImage(name string) bool {
	return slices.Contains(imageEndings, strings.ToLower(path.Ext(remote.Path(name))))
}

// IsPacked reports whether a name is that of an archive, a Parquet file or a compressed table. Nothing is opened.
func IsPacked(name string) bool {
	switch k := kindOf(name); k {
	case tarArchive, zipArchive, parquetTable:
		return true
	default:
		return k != unknown && compressed(name)
	}
}

// litter are names, in lower case, that operating systems, storage devices and tools leave in folders: thumbnails,
// recycle bins, snapshots.
var litter = []string{
	"thumbs.db", "desktop.ini", "__macosx", "@eadir", "#recycle", "@recycle", "$recycle.bin", "recycler", "#snapshot",
	"@recently-snapshot", "system volume information", "lost+found", "__pycache__",
}

// IsLitter reports whether a name, without its folder, is one that systems leave in folders and archives, or hidden, as
// macOS's "._" twins of images are.
func IsLitter(name string) bool {
	return strings.HasPrefix(name, ".") || slices.Contains(litter, strings.ToLower(name))
}

func kindOf(name string) kind {
	if IsImage(name) {
		return image
	}
	name = strings.ToLower(remote.Path(name))
	for _, k := range kinds {
		if strings.HasSuffix(name, k.ending) {
			return k.kind
		}
	}
	return unknown
}

func compressed(name string) bool {
	name = strings.ToLower(remote.Path(name))
	return strings.HasSuffix(name, ".gz") || strings.HasSuffix(name, ".tgz")
}
