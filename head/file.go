package head

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"

	"finetune/internal/store/atomicfile"
	"finetune/internal/store/safetensors"
	"finetune/internal/store/userfile"
	"finetune/invalid"
)

// Names in the weight file. Metadata values are text; lists and structures are JSON inside.
const (
	fileFormat  = "finetune-head"
	fileVersion = "1"

	keyFormat, keyVersion                               = "format", "version"
	keyClasses, keyOrder, keyPositions, keyEdges        = "classes", "order", "positions", "edges"
	keyLoss, keyDecision, keyTemperature, keyActivation = "loss", "decision", "temperature", "activation"
	// of prediction sets
	keyCoverage, keyThreshold, keyUnits = "coverage", "set_threshold", "set_units"
	// for other programs
	keyOutputs, keyProbability                             = "outputs", "probability"
	keyBackbone, keyTap, keyPreprocessing, keyViews        = "backbone", "tap", "preprocessing", "views"
	keyDigest                                              = "digest" // of all else; may be missing
	orderAscending, activationReLU                         = "ascending", "relu"
	nameWeight, nameBias, nameHiddenWeight, nameHiddenBias = "weight", "bias", "hidden.weight", "hidden.bias"
)

// Save writes the head to a safetensors file: weight (outputs × inputs) and bias, before them hidden.weight and
// hidden.bias where there is a hidden layer, and the description as metadata. The same head gives the same bytes.
func (h *Head) Save(path string) error {
	return atomicfile.Write(path, h.Write)
}

// Write writes the file of Save to w.
func (h *Head) Write(w io.Writer) error {
	meta, err := h.metadata()
	if err != nil {
		return fmt.Errorf("head: %w", err)
	}
	meta[keyDigest] = h.digest(meta)
	f := &safetensors.File{Metadata: meta}
	for i, l := range h.network.Layers {
		weight, bias := layerNames(i, len(h.network.Layers))
		f.Tensors = append(f.Tensors,
			safetensors.Tensor{Name: weight, Shape: []int{l.Out, l.In}, Data: l.Weight},
			safetensors.Tensor{Name: bias, Shape: []int{l.Out}, Data: l.Bias})
	}
	return safetensors.Write(w, f)
}

// digest returns the SHA-256 of the metadata, but for the digest itself, and the parameters.
func (h *Head) digest(meta map[string]string) string {
	sum := sha256.New()
	for _, key := range slices.Sorted(maps.Keys(meta)) {
		if key != keyDigest {
			fmt.Fprintf(sum, "%q %q\n", key, meta[key])
		}
	}
	for _, l := range h.network.Layers {
		for _, values := range [][]float32{l.Weight, l.Bias} {
			binary.Write(sum, binary.LittleEndian, values) // a hash takes every write
		}
	}
	return "sha256:" + hex.EncodeToString(sum.Sum(nil))
}

// checkDigest compares the digest in a file's metadata with that of the head that was read from it.
func (h *Head) checkDigest(meta map[string]string) error {
	want, ok := meta[keyDigest]
	if !ok {
		return nil
	}
	own, err := h.metadata()
	if err != nil {
		return fmt.Errorf("head: %w", err)
	}
	for key := range own { // other programs may add keys
		own[key] = meta[key]
	}
	if got := h.digest(own); got != want {
		return fmt.Errorf("the contents have the digest %s; expected %s: the file was changed or damaged", got, want)
	}
	return nil
}

// Load reads a head from a file that Save wrote, or that another program wrote in the same form. The file may be
// untrusted. Every error names it; a file that doesn't exist, isn't a head or has another digest than it says is a
// *invalid.Error.
func Load(path string) (*Head, error) {
	f, err := userfile.Open(context.Background(), path, safetensors.MaxFile)
	if err != nil {
		return nil, fmt.Errorf("read the head: %w", err)
	}
	defer f.Close()
	h, err := Read(bufio.NewReader(f))
	var pathError *fs.PathError
	switch {
	case errors.As(err, &pathError):
		return nil, fmt.Errorf("read the head: %w", err)
	case err != nil:
		return nil, &invalid.Error{Path: path, Found: "not a trained head", Err: err, Want: "the head.safetensors of a run",
			Hint: "train again if the file is damaged"}
	}
	return h, nil
}

// Read reads a file that Write wrote, with the checks of Load.
func Read(r io.Reader) (*Head, error) {
	f, err := safetensors.Read(r)
	if err != nil {
		return nil, err
	}
	d, err := readDescription(f.Metadata)
	if err != nil {
		return nil, err
	}
	n, err := readNetwork(f)
	if err != nil {
		return nil, err
	}
	h, err := New(n, d)
	if err != nil {
		return nil, err
	}
	if err := h.checkDigest(f.Metadata); err != nil {
		return nil, err
	}
	return h, nil
}

// layerNames returns the tensor names of layer i of n.
func layerNames(i, n int) (weight, bias string) {
	if i < n-1 {
		return nameHiddenWeight, nameHiddenBias
	}
	return nameWeight, nameBias
}

func readNetwork(f *safetensors.File) (Network, error) {
	layers := 1
	if _, ok := f.Tensor(nameHiddenWeight); ok {
		layers = 2
		if a := f.Metadata[keyActivation]; a != activationReLU {
			return Network{}, fmt.Errorf("activation is %q; expected %s", a, activationReLU)
		}
	}
	if len(f.Tensors) != 2*layers {
		return Network{}, fmt.Errorf("%d tensors; expected %d", len(f.Tensors), 2*layers)
	}
	var n Network
	for i := range layers {
		weightName, biasName := layerNames(i, layers)
		weight, ok := f.Tensor(weightName)
		if !ok || len(weight.Shape) != 2 {
			return Network{}, fmt.Errorf("no matrix %q", weightName)
		}
		bias, ok := f.Tensor(biasName)
		if !ok || len(bias.Shape) != 1 {
			return Network{}, fmt.Errorf("no vector %q", biasName)
		}
		n.Layers = append(n.Layers, Layer{In: weight.Shape[1], Out: weight.Shape[0], Weight: weight.Data, Bias: bias.Data})
	}
	return n, nil
}
