package preprocess

import (
	"context"
	"errors"
	"os"
	"testing"

	"finetune/internal/image/imagetest"
)

const kinds = "../internal/image/decode/testdata/kinds/"

func TestWhiteLevel(t *testing.T) {
	data, err := os.ReadFile(kinds + "12-bits-in-16.png")
	if err != nil {
		t.Fatal(err)
	}
	plain := Default().Sized(8, 8)
	plain.normalise(1, 0, 1) // levels of 0 to 255
	brightest := map[int]float32{}
	for _, white := range []int{0, 4095} {
		spec := plain
		spec.White = white
		tr := transformer(t, spec, NCHW)
		tensor := make([]float32, tr.Len())
		if err := tr.Tensor(tensor, data); err != nil {
			t.Fatal(err)
		}
		for _, v := range tensor {
			brightest[white] = max(brightest[white], v)
		}
		largest, err := tr.LargestSample(data)
		if err != nil || White(largest) != 4095 {
			t.Errorf("the largest sample is %d, %v", largest, err)
		}
	}
	if brightest[0] > 16 || brightest[4095] < 100 {
		t.Errorf("the brightest level is %v without a white level, %v with it", brightest[0], brightest[4095])
	}
}

func TestWhite(t *testing.T) {
	for largest, want := range map[int]int{0: 255, 255: 255, 256: 1023, 1023: 1023, 4000: 4095, 16383: 16383, 16384: 0, 65535: 0} {
		if got := White(largest); got != want {
			t.Errorf("White(%d) = %d, want %d", largest, got, want)
		}
	}
}

func TestUnreadable(t *testing.T) {
	golden := imagetest.Load(t, "testdata")
	tr := transformer(t, Default().Sized(8, 8), NCHW)
	dst := make([]float32, tr.Len())
	data := golden.Read(t, "png-rgb.png")
	if err := tr.Tensor(dst, data[:100]); !Unreadable(err) {
		t.Errorf("half a file: %v", err)
	}
	if Unreadable(os.ErrPermission) || Unreadable(nil) {
		t.Error("an error of the machine is none of the file")
	}
	calls := 0
	tr.Stop = func() error {
		if calls++; calls > 80 { // rows are decoded, and read for the tensor
			return context.Canceled
		}
		return nil
	}
	if err := tr.Tensor(dst, data); !errors.Is(err, context.Canceled) || Unreadable(err) {
		t.Errorf("stopped: %v after %d calls", err, calls)
	}
	if _, err := tr.Decode(data); !errors.Is(err, context.Canceled) {
		t.Errorf("stopped: %v", err)
	}
	tr.Stop = nil
	if err := tr.Tensor(dst, data); err != nil {
		t.Error(err)
	}
}
