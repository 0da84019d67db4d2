package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"finetune/backbone"
	"finetune/pipeline/run"
)

// printNetwork describes a network: its input, its outputs, the feature that would be used and the other tensors that could be.
func printNetwork(w io.Writer, n *run.NetworkDescription) {
	size := fmt.Sprintf("%.1f million", float64(n.Parameters)/1e6)
	if n.Parameters < 1e5 {
		size = fmt.Sprint(n.Parameters)
	}
	fmt.Fprintf(w, "%s: a network with %s parameters (ONNX opset %d, %d nodes", n.File, size, n.Opset, n.Nodes)
	if n.Producer != "" {
		fmt.Fprintf(w, ", from %s", n.Producer)
	}
	fmt.Fprintf(w, ")\nSHA-256  %s\n", n.Digest)
	for _, f := range n.External {
		fmt.Fprintf(w, "weights  in %s, which must be in the same folder\n", f)
	}
	fmt.Fprintln(w, "\ninput")
	printImage(w, n)
	fmt.Fprintf(w, "\noutputs%s\n", cutOff(n.Feature))
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
		fmt.Fprintln(w, "\nother tensors for --tap, from the end of the network (shapes: batch × features, or batch × channels × height × width):")
		t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		for _, c := range n.Candidates {
			fmt.Fprintf(t, "  %s\t%s\t%s\n", c.Name, c.Shape, c.What)
		}
		t.Flush()
	}
}

// printImage describes the image input, or lists all inputs if none of them is known to be an image.
func printImage(w io.Writer, n *run.NetworkDescription) {
	in := n.Image
	if in == nil {
		for _, v := range n.Inputs {
			fmt.Fprintf(w, "  %v\n", v)
		}
		return
	}
	size, batch, order := fmt.Sprintf("%d × %d pixels", in.Width, in.Height), "any batch size", "channels first"
	if in.Width == 0 || in.Height == 0 {
		size = "any size"
	}
	if in.Batch > 0 {
		batch = fmt.Sprintf("batch size %d (smaller batches are padded)", in.Batch)
	}
	if in.Layout == "NHWC" {
		order = "channels last"
	}
	fmt.Fprintf(w, "  colour images, %s, %s, %s, %s (%s)\n", size, batch, in.Type, order, in.Layout)
	fmt.Fprintf(w, "  preprocessing: %s\n  (from %s)\n", n.Preprocessing, n.From)
}

// cutOff describes the layer that is not used.
func cutOff(f *backbone.Feature) string {
	if f == nil || len(f.Taps) == 0 {
		return ""
	}
	last := f.Taps[len(f.Taps)-1]
	if last.Classifier == "" || last.Classes == 0 {
		return ""
	}
	return fmt.Sprintf("; the last layer, a classifier with %d classes, is removed: finetune trains its own head", last.Classes)
}

// printFeature lists the tensors of the feature vector.
func printFeature(w io.Writer, n *run.NetworkDescription) {
	f := n.Feature
	fmt.Fprintf(w, "\nfeature vector, the input of the head\n  %s\n", f.Why)
	if f.Width > 0 {
		fmt.Fprintf(w, "  %d dimensions:\n", f.Width)
	} else {
		fmt.Fprintln(w, "  the dimension is known only after running the network:")
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

// places counts the cells over which a tensor is pooled.
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

// averaged describes the pooling of a tensor.
func averaged(t backbone.Tap) string {
	if len(t.Space) == 0 {
		return "no pooling"
	}
	var grids []string
	places, before := "all positions", ""
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
