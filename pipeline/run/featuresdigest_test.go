package run

import (
	"testing"

	"finetune/head"
)

func TestFeaturesDigest(t *testing.T) {
	f := head.Features{Rows: 2*digestRows + 1, Cols: 3}
	f.Data = make([]float32, f.Rows*f.Cols)
	for i := range f.Data {
		f.Data[i] = float32(i)
	}
	before := featuresDigest(f)
	if again := featuresDigest(f); again != before {
		t.Errorf("%s, then %s", before, again)
	}
	for _, i := range []int{0, digestRows * 3, len(f.Data) - 1} {
		f.Data[i]++
		if featuresDigest(f) == before {
			t.Errorf("number %d changed, the digest didn't", i)
		}
		f.Data[i]--
	}
	f.Rows, f.Data = f.Rows-1, f.Data[:len(f.Data)-3]
	if featuresDigest(f) == before {
		t.Error("a row less has the same digest")
	}
}
