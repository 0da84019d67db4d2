package env

import (
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"finetune/internal/ort/library"
	"finetune/invalid"
)

// TestProcess needs the library; `make test` installs it first. The parts share the process's one library, so
// they are one test in a fixed order.
func TestProcess(t *testing.T) {
	absent := filepath.Join(t.TempDir(), "absent.so")
	if _, err := Open(absent, ""); !invalid.Is(err) || !strings.Contains(err.Error(), absent) {
		t.Fatalf("a missing file must be the user's mistake, got %v", err)
	}

	var wg sync.WaitGroup
	libs := make([]library.Library, 4)
	for i := range libs {
		wg.Go(func() {
			lib, err := Open("", "")
			if err != nil {
				t.Error(err)
			}
			libs[i] = lib
		})
	}
	wg.Wait()
	if t.Failed() {
		t.Fatal("run `finetune setup`")
	}
	for _, lib := range libs {
		if lib != libs[0] || lib.Path == "" || !strings.HasPrefix(lib.Version, "1.") {
			t.Errorf("got %+v and %+v", lib, libs[0])
		}
	}
	if again, err := Open(libs[0].Path, ""); err != nil || again.Path != libs[0].Path {
		t.Errorf("the loaded library by name: %+v, %v", again, err)
	}
	if _, err := Open(absent, ""); err == nil {
		t.Error("a missing file must fail after a success too")
	}
	if err := Check(); err != nil {
		t.Error(err)
	}
	if usable, err := Providers(); err != nil || !slices.Contains(usable, "cpu") {
		t.Errorf("providers %v, %v", usable, err)
	}
}

func TestCandidates(t *testing.T) {
	for device, want := range map[string][]string{"": {CPU}, CPU: {CPU}, "cuda": {"cuda"}, "xnnpack": {"xnnpack"}, Auto: {"cuda", "directml", "coreml", CPU}} {
		if got, err := Candidates(device); err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: %v, %v; want %v", device, got, err, want)
		}
	}
	if _, err := Candidates("gpu"); !invalid.Is(err) || !strings.Contains(err.Error(), `Images.Device: unknown device "gpu"; expected auto, cpu, cuda`) {
		t.Errorf("an unknown device: %v", err)
	}
}
