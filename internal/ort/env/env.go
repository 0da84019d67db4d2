// Package env loads the native ONNX Runtime into the process, once, and sets execution providers up.
//
// The library and its environment belong to the process: they stay loaded until it ends, because a session that
// outlives them would crash. Whoever makes a session, a tensor or options destroys them.
// [finetune/internal/ort/library] decides which file is loaded. The package must not import anything that runs
// networks.
package env

import (
	"fmt"
	"strings"
	"sync"

	ort "github.com/yalue/onnxruntime_go"

	"finetune/internal/ort/library"
	"finetune/invalid"
)

var (
	mu     sync.Mutex
	loaded library.Library // Path is empty before the first success
)

// Open loads ONNX Runtime where it isn't loaded yet, and returns the library with the version that it reports of
// itself. With an empty path it takes what is loaded already, or else what [library.Find] finds. A path of another
// library than the one loaded is an error, since a process has only one. device is what the library is for, see
// [library.Find]. Open may be called from any goroutine, and again after a failure.
func Open(path, device string) (library.Library, error) {
	mu.Lock()
	defer mu.Unlock()
	if loaded.Path != "" && path == "" {
		return loaded, nil
	}
	lib, err := library.Find(path, device)
	if err != nil {
		return library.Library{}, err
	}
	if loaded.Path != "" {
		if lib.Path != loaded.Path {
			return library.Library{}, fmt.Errorf("load %s: %s is loaded already, and a process has only one ONNX Runtime",
				lib.Path, loaded.Path)
		}
		return loaded, nil
	}
	ort.SetSharedLibraryPath(lib.Path)
	if err := ort.InitializeEnvironment(); err != nil {
		if starved := Starved(err); starved != nil {
			return library.Library{}, starved
		}
		return library.Library{}, &invalid.Error{
			Path:  lib.Path,
			Found: "cannot be loaded (" + reason(err) + ")",
			Want:  "ONNX Runtime " + library.Minimum + " or newer for this system",
			Hint:  "see `finetune doctor`, or install the tested one with `finetune setup`",
		}
	}
	// Only Windows builds have telemetry at all; nothing is to leave the machine.
	if err := ort.DisableTelemetry(); err != nil {
		ort.DestroyEnvironment()
		return library.Library{}, fmt.Errorf("turn telemetry of %s off: %w", lib.Path, err)
	}
	lib.Version = ort.GetVersion()
	loaded = lib
	return loaded, nil
}

// reason shortens the message of the binding, which reports an interface that is too old by its number alone.
func reason(err error) string {
	s := err.Error()
	if strings.Contains(s, "Error setting ORT API base: 2") {
		return "its interface is older than " + library.Minimum
	}
	if i := strings.LastIndex(s, "failed: "); i >= 0 {
		s = s[i+len("failed: "):]
	}
	return s
}
