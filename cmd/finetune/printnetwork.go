package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"finetune/backbone"
	"finetune/pipeline/run"
)

// printNetwork describes a network to somebody who has never seen the inside of one: what goes in, what it answers,
// what is taken from it instead, and what else could be.
func printNetwork(w io.Writer, n *run.NetworkDescription) {
	size := fmt.Sprintf("%.1f million", float64(n.Parameters)/1e6)
	if n.Parameters < 1e5 {
		size = fmt.Sprint(n.Parameters)
	}
	fmt.Fprintf(w, "%s: a network of %s numbers (ONNX opset %d, %d nodes", n.File, size, n.Opset, n.Nodes)
	if n.Producer != "" {
		fmt.Fprintf(w, ", from %s", n.Producer)
	}
	fmt.Fprintf(w, ")\nSHA-256  %s\n", n.Digest)
	for _, f := range n.External {
		fmt.Fprintf(w, "weights  in %s, which must stay beside it\n", f)
	}
	fmt.Fprintln(w, "\nin:  what the network is shown")
	printImage(w, n)
	fmt.Fprintf(w, "\nout: what it answers%s\n", cutOff(n.Feature))
	for _, v := range n.Outputs {
		fmt.Fprintf(w, "  %v\n", v)
	}
	if n.Feature != nil {
		printFeature(w, n)
	}
	if n.Problem != "" {
		fmt.Fprintf(w, "\nproblem: %s\n", n.Problem)
	}
	if len(n.Candidates) > 0 {
		fmt.Fprintln(w, "\n--tap could also name, the nearest to the end first (beside them the sizes: batch or N pictures × numbers, or × channels × height × width):")
		t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		for _, c := range n.Candidates {
			fmt.Fprintf(t, "  %s\t%s\t%s\n", c.Name, c.Shape, c.What)
		}
		t.Flush()
	}
}

// printImage says what the network takes, or lists its inputs where none of them is known to be the image.
func printImage(w io.Writer, n *run.NetworkDescription) {
	in := n.Image
	if in == nil {
		for _, v := range n.Inputs {
			fmt.Fprintf(w, "  %v\n", v)
		}
		return
	}
	size, batch, order := fmt.Sprintf("of %d × %d pixels", in.Width, in.Height), "any number at a time", "one plane after the other"
	if in.Width == 0 || in.Height == 0 {
		size = "of any size"
	}
	if in.Batch > 0 {
		batch = fmt.Sprintf("%d at a time (missing ones are filled up)", in.Batch)
	}
	if in.Layout == "NHWC" {
		order = "side by side in each pixel"
	}
	fmt.Fprintf(w, "  colour pictures %s, %s, as %s; the three colours %s (%s)\n", size, batch, in.Type, order, in.Layout)
	fmt.Fprintf(w, "  prepared by %s\n  (%s)\n", n.Preprocessing, n.From)
}

// cutOff says which layer isn't used.
func cutOff(f *backbone.Feature) string {
	if f == nil || len(f.Taps) == 0 {
		return ""
	}
	last := f.Taps[len(f.Taps)-1]
	if last.Classifier == "" || last.Classes == 0 {
		return ""
	}
	return fmt.Sprintf("; the last layer, which chooses between %d answers, is cut off: finetune trains its own", last.Classes)
}

// printFeature lists the tensors that make up a row of features.
func printFeature(w io.Writer, n *run.NetworkDescription) {
	f := n.Feature
	fmt.Fprintf(w, "\nfeature: the numbers that describe a picture to the head that finetune trains\n  %s\n", f.Why)
	if f.Width > 0 {
		fmt.Fprintf(w, "  %d numbers a picture:\n", f.Width)
	} else {
		fmt.Fprintln(w, "  how many numbers, only running it will tell:")
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, tap := range f.Taps {
		numbers := ""
		if cells := places(tap); tap.Width > 0 && cells > 0 {
			numbers = fmt.Sprint(cells * tap.Width)
		}
		fmt.Fprintf(t, "  %s\t%s\t%s\t%s\n", tap.Tensor.Name, tap.Tensor.Shape, averaged(tap), numbers)
	}
	t.Flush()
}

// places counts the cells over which a tap is averaged.
func places(t backbone.Tap) int {
	cells := 0
	for _, g := range t.Grids {
		cells += g * g
		if g == 1 && t.ClassToken {
			cells++
		}
	}
	return cells
}

// averaged says in words how a tap becomes numbers.
func averaged(t backbone.Tap) string {
	if len(t.Space) == 0 {
		return "as it is"
	}
	var grids []string
	places, before := "all places", ""
	if t.Prefix > 0 {
		places = fmt.Sprintf("all patches (all tokens but the first %d)", t.Prefix)
	}
	for _, g := range t.Grids {
		if g == 1 {
			grids = append(grids, places)
			if t.ClassToken {
				before = "class token, and "
			}
		} else {
			grids = append(grids, fmt.Sprintf("each of %d × %d cells", g, g))
		}
	}
	return before + "mean over " + strings.Join(grids, " and ")
}
