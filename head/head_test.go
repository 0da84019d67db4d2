package head

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"finetune/internal/store/safetensors"
	"finetune/invalid"
	"finetune/label"
	"finetune/loss"
)

// trained returns a small trained head and examples.
func trained(t testing.TB, hidden int) (*Head, Examples) {
	t.Helper()
	space, err := label.Bins([]float64{0, 3, 7})
	if err != nil {
		t.Fatal(err)
	}
	c := loss.Config{Name: loss.EMD2, Classes: 3, Ground: loss.Positions([]float64{1, 4.5, 9})}
	e := synthetic(2*predictRows+100, 6, 3, 4)
	r := train(t, e.Subset([]int{1, 2, 3, 4, 5, 6, 7, 8, 9}), Examples{},
		Config{Loss: c, Hidden: hidden, Epochs: 5, LR: 0.1})
	h, err := New(r.Network, Description{Space: space, Loss: r.Loss, Decision: Median, Temperature: 1.5,
		Sets:   Sets{Coverage: 0.9, Threshold: 0.75, Units: 120},
		Origin: Origin{Backbone: "sha256:00", Tap: "features", Preprocessing: `{"size":224}`}})
	if err != nil {
		t.Fatal(err)
	}
	return h, e
}

func logits(t testing.TB, h *Head, f Features, rows []int, threads int) []float32 {
	t.Helper()
	out := make([]float32, len(rows)*h.Outputs())
	if err := h.Logits(f, rows, threads, out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestSaveLoad(t *testing.T) {
	for _, hidden := range []int{0, 4} {
		h, e := trained(t, hidden)
		path := filepath.Join(t.TempDir(), "head.safetensors")
		if err := h.Save(path); err != nil {
			t.Fatal(err)
		}
		got, err := Load(path)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got.Network(), h.Network()) || !reflect.DeepEqual(got.Description(), h.Description()) {
			t.Errorf("hidden %d: loaded %+v, saved %+v", hidden, got.Description(), h.Description())
		}
		if !slices.Equal(logits(t, got, e.Features, e.Features.All(), 1), logits(t, h, e.Features, e.Features.All(), 1)) {
			t.Errorf("hidden %d: other logits after loading", hidden)
		}
		var first, second bytes.Buffer
		if err := errors.Join(h.Write(&first), got.Write(&second)); err != nil ||
			!bytes.Equal(first.Bytes(), second.Bytes()) {
			t.Errorf("hidden %d: other bytes when saved again (%v)", hidden, err)
		}
	}
}

func TestPredict(t *testing.T) {
	for _, hidden := range []int{0, 4} {
		h, e := trained(t, hidden)
		all := logits(t, h, e.Features, e.Features.All(), 1)
		for i := range 50 {
			for k, want := range reference(h.network, e.Row(i)) {
				if got := float64(all[3*i+k]); math.Abs(got-want) > 1e-4*max(1, math.Abs(want)) {
					t.Errorf("row %d: logit %g, want %g", i, got, want)
				}
			}
		}
		if !slices.Equal(all, logits(t, h, e.Features, e.Features.All(), 3)) {
			t.Error("other logits on three threads")
		}
		index := []int{predictRows + 7, 0, 0, 5}
		picked := logits(t, h, e.Features, index, 2)
		probs := make([]float32, 3*len(index))
		if err := h.Probabilities(e.Features, index, 2, probs); err != nil {
			t.Fatal(err)
		}
		for i, row := range index {
			if !slices.Equal(picked[3*i:3*i+3], all[3*row:3*row+3]) {
				t.Errorf("row %d has other logits through an index", row)
			}
			var sum float64
			for _, z := range picked[3*i : 3*i+3] {
				sum += math.Exp(float64(z) / 1.5)
			}
			for k, z := range picked[3*i : 3*i+3] {
				if want := math.Exp(float64(z)/1.5) / sum; math.Abs(float64(probs[3*i+k])-want) > 1e-5 {
					t.Errorf("row %d: P(%d) is %g, want %g", row, k, probs[3*i+k], want)
				}
			}
		}
		if k := h.Decide([]float32{0.45, 0.1, 0.45}); k != 1 {
			t.Errorf("decided for class %d, the median is 1", k)
		}
	}
}

func TestPredictRefuses(t *testing.T) {
	h, e := trained(t, 0)
	other := Features{Rows: 2, Cols: 5, Data: make([]float32, 10)}
	if err := h.Logits(other, other.All(), 1, make([]float32, 6)); !invalid.Is(err) ||
		!strings.Contains(err.Error(), "5 columns; expected 6") {
		t.Errorf("features of another width: %v", err)
	}
	for name, err := range map[string]error{
		"short out":      h.Logits(e.Features, e.Features.All(), 1, make([]float32, 3)),
		"row":            h.Logits(e.Features, []int{-1}, 1, make([]float32, 3)),
		"short features": h.Logits(Features{Rows: 2, Cols: 6, Data: make([]float32, 6)}, []int{0, 1}, 1, make([]float32, 6)),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	for _, rows := range [][]int{nil, {}} {
		if err := h.Logits(e.Features, rows, 1, nil); err != nil {
			t.Errorf("no rows: %v", err)
		}
	}
	for _, hidden := range []int{0, 4} {
		h, e := trained(t, hidden)
		for _, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
			e.Features.Data[6*7+2] = float32(v)
			err := h.Logits(e.Features, []int{3, 7}, 2, make([]float32, 6))
			if !invalid.Is(err) || !strings.Contains(err.Error(), "row 7, column 2") {
				t.Errorf("hidden %d, feature %g: %v", hidden, v, err)
			}
			if err := h.Logits(e.Features, []int{3, 8}, 2, make([]float32, 6)); err != nil {
				t.Errorf("hidden %d, another row: %v", hidden, err)
			}
		}
	}
}

func TestNewRefuses(t *testing.T) {
	h, _ := trained(t, 2)
	for name, f := range map[string]func(n *Network, d *Description){
		"layers":      func(n *Network, d *Description) { n.Layers = nil },
		"sizes":       func(n *Network, d *Description) { n.Layers[0].Bias = n.Layers[0].Bias[1:] },
		"chain":       func(n *Network, d *Description) { n.Layers[0], n.Layers[1] = n.Layers[1], n.Layers[0] },
		"NaN":         func(n *Network, d *Description) { n.Layers[1].Weight[0] = float32(math.NaN()) },
		"decision":    func(n *Network, d *Description) { d.Decision = "mode" },
		"temperature": func(n *Network, d *Description) { d.Temperature = -1 },
		"coverage":    func(n *Network, d *Description) { d.Sets.Coverage = 1 },
		"threshold":   func(n *Network, d *Description) { d.Sets.Threshold = math.NaN() },
		"units":       func(n *Network, d *Description) { d.Sets.Units = -1 },
		"loss":        func(n *Network, d *Description) { d.Loss.Name = "hinge" },
		"space":       func(n *Network, d *Description) { d.Space = label.Space{} },
		"outputs":     func(n *Network, d *Description) { d.Loss = loss.Config{Name: loss.CORN, Classes: 3} },
	} {
		n, d := h.Network(), h.Description()
		f(&n, &d)
		if _, err := New(n, d); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// damaged are changes of a valid file that Load must reject, with a part of the message.
var damaged = map[string]struct {
	change func(f *safetensors.File)
	want   string
}{
	"format":      {func(f *safetensors.File) { f.Metadata["format"] = "pt" }, "finetune-head"},
	"version":     {func(f *safetensors.File) { f.Metadata["version"] = "2" }, "reads 1"},
	"order":       {func(f *safetensors.File) { delete(f.Metadata, "order") }, "ascending"},
	"classes":     {func(f *safetensors.File) { f.Metadata["classes"] = `["a","a","b"]` }, "twice"},
	"no JSON":     {func(f *safetensors.File) { f.Metadata["classes"] = `a,b` }, "classes"},
	"loss":        {func(f *safetensors.File) { f.Metadata["loss"] = `{"name":"emd2","classes":9}` }, "9"},
	"temperature": {func(f *safetensors.File) { f.Metadata["temperature"] = "0" }, "temperature"},
	"decision":    {func(f *safetensors.File) { f.Metadata["decision"] = "mode" }, "mode"},
	"coverage":    {func(f *safetensors.File) { f.Metadata["coverage"] = "most" }, "coverage"},
	"threshold":   {func(f *safetensors.File) { delete(f.Metadata, "set_threshold") }, "set_threshold"},
	"units":       {func(f *safetensors.File) { f.Metadata["set_units"] = "1.5" }, "set_units"},
	"no sets": {func(f *safetensors.File) {
		f.Metadata["coverage"], f.Metadata["set_threshold"], f.Metadata["set_units"] = "0", "0", "0"
	}, "above 0"},
	"activation": {func(f *safetensors.File) { f.Metadata["activation"] = "tanh" }, "relu"},
	"name":       {func(f *safetensors.File) { f.Tensors[2].Name = "w" }, "weight"},
	"extra": {func(f *safetensors.File) {
		f.Tensors = append(f.Tensors, safetensors.Tensor{Name: "x", Shape: []int{0}})
	}, "5 tensors"},
	"shape": {func(f *safetensors.File) { f.Tensors[2].Shape = []int{4, 3} }, "layer 2"},
	"rank":  {func(f *safetensors.File) { f.Tensors[1].Shape = []int{4, 1} }, "hidden.bias"},
	"NaN":   {func(f *safetensors.File) { f.Tensors[3].Data[0] = float32(math.NaN()) }, "finite"},
}

func TestLoadRefuses(t *testing.T) {
	h, _ := trained(t, 4)
	var good bytes.Buffer
	if err := h.Write(&good); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "head.safetensors")
	refused := func(t *testing.T, want string) {
		t.Helper()
		if _, err := Load(path); !invalid.Is(err) || !strings.Contains(err.Error(), want) ||
			!strings.Contains(err.Error(), path) {
			t.Errorf("got %v, want an invalid.Error with %q and the file", err, want)
		}
	}
	refused(t, "no such file")
	if _, err := Load(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	for name, c := range damaged {
		t.Run(name, func(t *testing.T) {
			f, err := safetensors.Read(bytes.NewReader(good.Bytes()))
			if err != nil {
				t.Fatal(err)
			}
			c.change(f)
			var b bytes.Buffer
			if err := safetensors.Write(&b, f); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
				t.Fatal(err)
			}
			refused(t, c.want)
		})
	}
	if err := os.WriteFile(path, good.Bytes()[:good.Len()-1], 0o600); err != nil {
		t.Fatal(err)
	}
	refused(t, "EOF")
}

// TestDigest flips every bit of a file in turn: no change is read as another head.
func TestDigest(t *testing.T) {
	h, e := trained(t, 4)
	var good bytes.Buffer
	if err := h.Write(&good); err != nil {
		t.Fatal(err)
	}
	want := logits(t, h, e.Features, []int{0, 1}, 1)
	header := 8 + int(binary.LittleEndian.Uint64(good.Bytes()))
	for i := range good.Len() {
		for bit := range 8 {
			file := slices.Clone(good.Bytes())
			file[i] ^= 1 << bit
			got, err := Read(bytes.NewReader(file))
			if err != nil {
				continue
			}
			// The letters of JSON keys have no case, and a digest under another name is missing.
			if i >= header || !reflect.DeepEqual(got.Description(), h.Description()) ||
				!slices.Equal(logits(t, got, e.Features, []int{0, 1}, 1), want) {
				t.Fatalf("bit %d of byte %d is read as another head", bit, i)
			}
		}
	}
	// A file without a digest, as of older versions, is read.
	f, err := safetensors.Read(&good)
	if err != nil {
		t.Fatal(err)
	}
	delete(f.Metadata, keyDigest)
	var old bytes.Buffer
	if err := safetensors.Write(&old, f); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(&old); err != nil {
		t.Error(err)
	}
}

func FuzzRead(f *testing.F) {
	for _, hidden := range []int{0, 4} {
		h, _ := trained(f, hidden)
		var b bytes.Buffer
		if err := h.Write(&b); err != nil {
			f.Fatal(err)
		}
		f.Add(b.Bytes())
		f.Add(b.Bytes()[:b.Len()/2])
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		h, err := Read(bytes.NewReader(file))
		if err != nil {
			return
		}
		// A head that was read predicts a distribution and is the same after writing and reading.
		features := Features{Rows: 1, Cols: h.Inputs(), Data: make([]float32, h.Inputs())}
		probs := make([]float32, h.Space().Len())
		if err := h.Probabilities(features, features.All(), 1, probs); err != nil {
			t.Fatal(err)
		}
		if k := h.Decide(probs); k < 0 || k >= len(probs) {
			t.Fatalf("decided for class %d of %d", k, len(probs))
		}
		var first, second bytes.Buffer
		if err := h.Write(&first); err != nil {
			t.Fatal(err)
		}
		again, err := Read(bytes.NewReader(first.Bytes()))
		if err != nil {
			t.Fatal(err)
		}
		if err := again.Write(&second); err != nil || !bytes.Equal(first.Bytes(), second.Bytes()) {
			t.Fatalf("writing it again gives other bytes (%v)", err)
		}
	})
}
