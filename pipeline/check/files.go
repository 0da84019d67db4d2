package check

import (
	"cmp"
	"context"
	"crypto/sha256"
	"slices"

	"finetune/internal/cores"
	"finetune/internal/image/decode"
	"finetune/pipeline/dataset"
	"finetune/pipeline/features"
)

// tinyShare is the share of the network's input below which a picture's shorter side makes it tiny: what is enlarged more than
// four times shows the network blur.
const tinyShare = 0.25

// A TinyImage is a picture that the network would see much enlarged.
type TinyImage struct {
	Path   string `json:"path"`
	Width  int    `json:"width"`
	Height int    `json:"height"`
}

// A StraddlingGroup is a group with items in more than one part.
type StraddlingGroup struct {
	Group string         `json:"group"`
	Parts map[string]int `json:"parts"` // items in each
}

// fileFacts are what the bytes of a file say without its pixels; zero where it can't be read.
type fileFacts struct {
	path          string
	digest        [sha256.Size]byte
	width, height int
}

// lookAtFiles reads the facts of every item's file, by path.
func (c Job) lookAtFiles(ctx context.Context, items []dataset.Item) (map[string]fileFacts, error) {
	facts := make(map[string]fileFacts, len(items))
	stage := c.Progress.Start("files", len(items), "image")
	defer stage.Done()
	err := features.InOrder(ctx, len(items), features.BlockSize, cores.Of(c.Threads),
		func() *features.ImageReader { return &features.ImageReader{} },
		func(ctx context.Context, files *features.ImageReader, first, end int) ([]fileFacts, error) {
			out := make([]fileFacts, 0, end-first)
			for _, item := range items[first:end] {
				if err := ctx.Err(); err != nil {
					return nil, err
				}
				out = append(out, factsOf(ctx, files, item))
			}
			return out, nil
		},
		func(_ int, block []fileFacts) error {
			for _, f := range block {
				facts[f.path] = f
			}
			stage.Add(len(block))
			return nil
		})
	return facts, err
}

// factsOf reads one file. What is wrong with it, decoding it for its features will tell.
func factsOf(ctx context.Context, files *features.ImageReader, item dataset.Item) fileFacts {
	f := fileFacts{path: item.Path}
	data, err := files.Read(ctx, item)
	if err != nil {
		return f
	}
	f.digest = sha256.Sum256(data)
	f.width, f.height, _ = decode.Size(data, decode.Limits{})
	return f
}

func tiny(files map[string]fileFacts, side int) []TinyImage {
	var list []TinyImage
	for _, f := range files {
		if shorter := min(f.width, f.height); shorter > 0 && float64(shorter) < tinyShare*float64(side) {
			list = append(list, TinyImage{f.path, f.width, f.height})
		}
	}
	slices.SortFunc(list, func(a, b TinyImage) int { return cmp.Compare(a.Path, b.Path) })
	return list
}

// straddling returns the groups that the data itself puts into several parts.
func straddling(set *dataset.Set) []StraddlingGroup {
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
	var list []StraddlingGroup
	for group, in := range parts {
		if len(in) > 1 {
			list = append(list, StraddlingGroup{group, in})
		}
	}
	slices.SortFunc(list, func(a, b StraddlingGroup) int { return cmp.Compare(a.Group, b.Group) })
	return list
}
