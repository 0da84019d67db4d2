package tfevents

import (
	"bytes"
	"encoding/hex"
	"errors"
	"testing"
	"time"
)

// golden was written by tensorboard 2.21's RecordWriter from the same events.
const golden = "1800000000000000a37f4b220900001040fc54d9411a0d627261696e2e4576656e743a32338d2fe92100000000000000017becf60900006040fc54" +
	"d94110ac022a130a110a0a6c6f73732f747261696e150000003e88aab1de"

func TestWriter(t *testing.T) {
	var b bytes.Buffer
	w, err := NewWriter(&b, time.UnixMilli(1_700_000_000_250))
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Scalar(time.UnixMilli(1_700_000_001_500), 300, "loss/train", 0.125); err != nil {
		t.Fatal(err)
	}
	if got := hex.EncodeToString(b.Bytes()); got != golden {
		t.Errorf("got  %s\nwant %s", got, golden)
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errFull }

var errFull = errors.New("full")

func TestWriterKeepsItsError(t *testing.T) {
	w, err := NewWriter(failing{}, time.Time{})
	if !errors.Is(err, errFull) {
		t.Fatalf("%v, want %v", err, errFull)
	}
	if err := w.Scalar(time.Time{}, 1, "a", 1); !errors.Is(err, errFull) {
		t.Errorf("%v, want %v", err, errFull)
	}
}
