// Package source enumerates images, one by one and in a fixed order, from what a user has: a folder, a glob, a list
// of paths, a CSV, TSV, JSONL or Parquet table, tar shards as WebDataset writes them, a zip archive, or lines on
// standard input.
//
// Memory doesn't grow with the number of images, except for a zip archive's directory and the names in a single folder.
// Archives are read where they lie: nothing is unpacked, so names inside of them are never paths of this machine.
//
// What belongs to one image, such as a missing file or a line that isn't JSON, is an error of its [Item], and the
// enumeration goes on. A failure of the machine, such as an I/O error, ends it.
//
// The package reads names, labels and bytes. It doesn't decode images or interpret labels, and must not import
// networks or other packages of pipeline.
package source
