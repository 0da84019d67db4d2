package main

import (
	"strings"
	"testing"
)

const traces = `File: profile
Type: cpu
-----------+-------------------------------------------------------
     800ms   runtime.cgocall
             github.com/yalue/onnxruntime_go._Cfunc_RunOrtSession
             github.com/yalue/onnxruntime_go.(*Session).Run
             finetune/backbone.runSession
             finetune/pipeline/features.(*Worker).block
-----------+-------------------------------------------------------
     100ms   runtime.asyncPreempt
             finetune/loss.softmax[go.shape.float64]
             finetune/head/closedform.fitLink.func1
-----------+-------------------------------------------------------
      60ms   runtime.scanobject
             runtime.gcBgMarkWorker.func2
             runtime.systemstack
-----------+-------------------------------------------------------
      40ms   internal/runtime/syscall.Syscall6
             os.(*File).ReadAt (inline)
             finetune/internal/store/featurestore.(*segment).read
             finetune/scripts/profile.main
`

// TestTraces counts each stack for the innermost package of finetune, or for what ran without one.
func TestTraces(t *testing.T) {
	c, err := readTraces(strings.NewReader(traces))
	if err != nil {
		t.Fatal(err)
	}
	if c.total != 1000 {
		t.Errorf("%g ms in all, want 1000", c.total)
	}
	for _, want := range []cost{
		{owner: "backbone", calls: ort, ms: 800}, {owner: "loss", ms: 100}, {calls: collection, ms: 60},
		{owner: "internal/store/featurestore", calls: "system calls", ms: 40},
	} {
		got := c.by[[2]string{want.owner, want.calls}]
		if got == nil || got.ms != want.ms {
			t.Errorf("%s > %s: %+v, want %g ms", want.owner, want.calls, got, want.ms)
		}
	}
	text := c.table(10)
	for _, want := range []string{"1.0 s of a processor, 10 images: 100.00 ms each", " 80.0 %    80.000  backbone > ONNX Runtime ", "softmax[go.shape.float64]",
		"1. backbone > ONNX Runtime, 80.0 %: FLOPs"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if _, err := readTraces(strings.NewReader("")); err == nil {
		t.Error("a profile without samples must be an error")
	}
}
