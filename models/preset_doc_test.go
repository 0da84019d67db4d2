package models

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"finetune/preprocess"
)

var update = flag.Bool("update", false, "write docs/presets.md anew")

// TestPresetDoc keeps docs/presets.md what the tables say:
//
//	go test finetune/models -run TestPresetDoc -update
func TestPresetDoc(t *testing.T) {
	const file = "../docs/presets.md"
	want := presetDoc()
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if strings.ReplaceAll(string(got), "\r\n", "\n") != want {
		t.Errorf("%s doesn't say what the tables say; write it anew with -update", file)
	}
}

func presetDoc() string {
	var b strings.Builder
	b.WriteString(`# Presets

A preset is the preprocessing of a network: how an image becomes the network's input. ` + "`--preset NAME`" + ` selects it. A
family leaves the input size to the network. The name of a network also selects its published size, crop and
interpolation. Flags such as ` + "`--image-size`" + ` override values of a preset.

Without ` + "`--preset`" + ` the preprocessing is taken from the metadata of the network's file or guessed from the file's name.
Otherwise it is ImageNet's. In all these cases the whole image is resized to the input size (` + "`squash`" + `) unless
` + "`--resize`" + ` is given. The output of a run has the preprocessing and where it comes from.

An image is resized and cropped (*crop* is the share of the resized image that the central crop keeps). Its values are
divided by *scale*, *mean* is subtracted, and the result is divided by *std*. *Resize* is ` + "`shorter`" + ` (resize the shorter
side, then crop) or ` + "`squash`" + ` (resize the whole image to the input size).

This page is generated: ` + "`go test finetune/models -run TestPresetDoc -update`" + `.

## Families

| preset | crop | resize | filter | channels | scale | mean | std |
|---|---|---|---|---|---|---|---|
`)
	for _, name := range preprocess.PresetNames() {
		s, err := preprocess.Preset(name)
		if err != nil {
			panic(err) // a name that PresetNames gave
		}
		fmt.Fprintf(&b, "| `%s` | %.3g | %s | %s | %s | %v | %v | %v |\n", name, s.CropPct, s.Resize, s.Interpolation,
			s.ChannelOrder,
			s.Scale, compact(s.Mean), compact(s.Std))
	}
	b.WriteString(`
## Networks

Where two libraries use the same name, the name alone is torchvision's (Google's for EfficientNet-Lite); other weights
have a suffix after a dot. "224 of 256" means that the shorter side becomes 256 and the central 224 × 224 are cropped;
"squashed" means that the whole image is resized. Case is ignored, and ` + "`-`, `_` and `.`" + ` are equivalent.
`)
	library := func(p preset) string {
		name, _, _ := strings.Cut(p.source, " ")
		if name == "torchvision" || name == "timm" {
			return name
		}
		return "others"
	}
	for _, from := range []string{"torchvision", "timm", "others"} {
		groups := map[preset][]string{} // by everything but the name and the exact source
		for _, p := range presetTable {
			if library(p) != from {
				continue
			}
			key := p
			key.name = ""
			key.source = ""
			if from == "others" {
				key.source = p.source
			}
			groups[key] = append(groups[key], "`"+p.name+"`")
		}
		keys := make([]preset, 0, len(groups))
		for k := range groups {
			keys = append(keys, k)
		}
		slices.SortFunc(keys, func(a, b preset) int {
			return cmp.Or(cmp.Compare(a.source, b.source), cmp.Compare(a.family, b.family),
				cmp.Compare(a.size, b.size), cmp.Compare(a.resized, b.resized),
				cmp.Compare(a.interpolation, b.interpolation), cmp.Compare(a.resize, b.resize))
		})
		fmt.Fprintf(&b, "\n### %s\n\n| family | size | filter | networks |\n|---|---|---|---|\n", from)
		for _, k := range keys {
			size := fmt.Sprintf("%d of %d", k.size, k.resized)
			if k.resize == preprocess.Squash {
				size = fmt.Sprintf("%d, squashed", k.size)
			}
			names := strings.Join(groups[k], " ")
			if k.source != "" {
				names += " (" + k.source + ")"
			}
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", k.family, size, k.interpolation, names)
		}
	}
	return b.String()
}

// compact writes three equal numbers as one.
func compact(v [3]float64) string {
	if v[0] == v[1] && v[1] == v[2] {
		return fmt.Sprint(v[0])
	}
	return strings.Trim(strings.ReplaceAll(fmt.Sprint(v), " ", ", "), "[]")
}
