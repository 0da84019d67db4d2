package check

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"slices"

	"finetune/internal/cores"
	"finetune/internal/image/decode"
	"finetune/pipeline/dataset"
	"finetune/pipeline/features"
)

// tinyShare defines tiny images: the shorter side is less than this share of the network's input, so that resizing
// enlarges the image more than four times.
const tinyShare = 0.25

// A TinyImage is an image that is enlarged more than four times.
type TinyImage struct {
	Path   string `json:"path"`
	Width  int    `json:"width"`
	Height int    `json:"height"`
}

// A SplitGroup is a group with images in more than one part.
type SplitGroup struct {
	Group string         `json:"group"`
	Parts map[string]int `json:"parts"` // number of images in each
}

// A fileInfo describes a file without decoding its pixels. It is zero except for path if the file can't be read.
type fileInfo struct {
	path          string
	digest        [sha256.Size]byte
	width, height int
}

// readFiles returns the info of every item's file, by path.
func (c Job) readFiles(ctx context.Context, items []dataset.Item) (map[string]fileInfo, error) {
	infos := make(map[string]fileInfo, len(items))
	stage := c.Progress.Start("files", len(items), "image")
	defer stage.Done()
	err := features.InOrder(ctx, len(items), features.BlockSize, cores.Of(c.Threads),
		func() *features.ImageReader { return &features.ImageReader{} },
		func(ctx context.Context, files *features.ImageReader, first, end int) ([]fileInfo, error) {
			out := make([]fileInfo, 0, end-first)
			for _, item := range items[first:end] {
				if err := ctx.Err(); err != nil {
					return nil, err
				}
				info, err := readInfo(ctx, files, item)
				if err != nil {
					return nil, fmt.Errorf("%s: %w", item.Path, err)
				}
				out = append(out, info)
			}
			return out, nil
		},
		func(_ int, block []fileInfo) error {
			for _, f := range block {
				infos[f.path] = f
			}
			stage.Add(len(block))
			return nil
		})
	return infos, err
}

// readInfo reads one file. A fault of the file leaves the facts zero: decoding it for its features reports the fault. Any other error
// is a failure of the machine.
func readInfo(ctx context.Context, files *features.ImageReader, item dataset.Item) (fileInfo, error) {
	f := fileInfo{path: item.Path}
	data, err := files.Read(ctx, item)
	if err != nil {
		if _, fault := features.Fault(err); fault {
			err = nil
		}
		return f, err
	}
	f.digest = sha256.Sum256(data)
	f.width, f.height, _ = decode.Size(data, decode.Limits{})
	return f, nil
}

func tiny(files map[string]fileInfo, side int) []TinyImage {
	var list []TinyImage
	for _, f := range files {
		if shorter := min(f.width, f.height); shorter > 0 && float64(shorter) < tinyShare*float64(side) {
			list = append(list, TinyImage{f.path, f.width, f.height})
		}
	}
	slices.SortFunc(list, func(a, b TinyImage) int { return cmp.Compare(a.Path, b.Path) })
	return list
}

// splitGroups returns the groups that the data assigns to more than one part.
func splitGroups(set *dataset.Set) []SplitGroup {
	parts := map[string]map[string]int{}
	for _, item := range set.Items {
		if item.Group == "" || item.Part == dataset.Unassigned {
			continue
		}
		if parts[item.Group] == nil {
			parts[item.Group] = map[string]int{}
		}
		parts[item.Group][item.Part.String()]++
	}
	var list []SplitGroup
	for group, in := range parts {
		if len(in) > 1 {
			list = append(list, SplitGroup{group, in})
		}
	}
	slices.SortFunc(list, func(a, b SplitGroup) int { return cmp.Compare(a.Group, b.Group) })
	return list
}
