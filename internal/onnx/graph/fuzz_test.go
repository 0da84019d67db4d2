package graph

import (
	"os"
	"path/filepath"
	"testing"
)

// FuzzModel feeds any bytes through all that reads a file: nothing may panic, the buffers that shapes ask for must be
// within the limits, and what is cut must be readable.
func FuzzModel(f *testing.F) {
	data, err := os.ReadFile(filepath.Join("..", "..", "..", "backbone", "testdata", "two_heads_13.onnx"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data, "")
	f.Add(encode(f, 13, body+"s = Shape r\ni = Constant {name: 'value_int' i: 0}\ng = Gather s i\n"+
		"u = Unsqueeze g {name: 'axes' ints: [0]}\n"+
		"m = Constant {name: 'value_ints' ints: [-1]}\nk = Concat u m {name: 'axis' i: 0}\nf = Reshape r k\n"+
		"y = Gemm f w b\nout y"), "f")
	f.Add(encode(f, 11, body+"a = Slice r s s\nv = Split a\nq = Squeeze v\n"+
		"z = ReduceMean q {name: 'axes' ints: [1]}\nt = Transpose z {name: 'perm' ints: [1,0]}\nout t"), "v")
	for _, shape := range []string{"1,3,2147483648,2147483648", "2147483648,3,32,32", "4096,3,16,16"} {
		f.Add(encode(f, 13, "in x 1 "+shape+"\nweight k 64,3,1,1\nc = Conv x k\np = GlobalAveragePool c\nout p"),
			"c pool=1,16")
	}
	f.Fuzz(func(t *testing.T, data []byte, name string) {
		if len(data) > 1<<16 {
			t.Skip()
		}
		m, err := Parse("fuzz.onnx", data)
		if err != nil {
			return
		}
		m.Facts()
		m.Candidates()
		m.ExternalFiles()
		for _, name := range []string{"", name, Multi, name + " pool=1,3", name + " pool=1,2 stat=mean,std,cov:4"} {
			feature, err := m.FindFeature(name, nil)
			if err != nil {
				continue
			}
			m.Expose(feature.Taps[0].Tensor.Name)
			if feature.Width == 0 {
				continue
			}
			cut, in, err := m.Cut(feature)
			if err != nil {
				continue
			}
			if elements := 3 * max(in.Batch, 1) * max(in.Height, 1) * max(in.Width, 1); elements < 3 ||
				elements > maxInput {
				t.Fatalf("an input buffer of %d elements: %+v", elements, in)
			}
			if feature.Width > maxRow || max(in.Batch, 1)*feature.Width > maxInput {
				t.Fatalf("%d rows of %d features", in.Batch, feature.Width)
			}
			out, err := cut.Bytes()
			if err != nil {
				t.Fatalf("a cut network can't be written: %v", err)
			}
			if _, err := Parse("cut.onnx", out); err != nil {
				t.Fatalf("a cut network can't be read: %v", err)
			}
		}
	})
}
