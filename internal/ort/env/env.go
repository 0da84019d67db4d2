// Package env loads the native ONNX Runtime into the process, once, for all who run a network.
//
// The library and its environment belong to the process: they stay loaded until it ends, because a session
// that outlives them would crash. Sessions, tensors and options are their owners' to destroy. Which file is
// loaded is for [finetune/internal/ort/library] to say.
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

// Open makes sure that ONNX Runtime is loaded and ready, and tells which library that is, with the version
// that it reports of itself. With an empty flag it takes what is loaded already, or else what [library.Find]
// finds. A flag that names another library than the one loaded is an error, since a process has only one.
// Open may be called from any goroutine; after a failure it may be called again.
func Open(flag string) (library.Library, error) {
	mu.Lock()
	defer mu.Unlock()
	if loaded.Path != "" && flag == "" {
		return loaded, nil
	}
	lib, err := library.Find(flag)
	if err != nil {
		return library.Library{}, err
	}
	if loaded.Path != "" {
		if lib.Path != loaded.Path {
			return library.Library{}, fmt.Errorf("load %s: %s is loaded already, and a process has only one ONNX Runtime", lib.Path, loaded.Path)
		}
		return loaded, nil
	}
	ort.SetSharedLibraryPath(lib.Path)
	if err := ort.InitializeEnvironment(); err != nil {
		return library.Library{}, &invalid.Error{
			Field: lib.Path,
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

// reason shortens what the binding says. It reports an interface that is too old by number alone.
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
