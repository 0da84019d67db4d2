package backbone

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"

	"finetune/internal/onnx/graph"
	"finetune/invalid"

	ort "github.com/yalue/onnxruntime_go"
)

// readFile reads a network's file, of which ONNX allows at most 2 GB.
func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		found := "can't be read"
		if errors.Is(err, fs.ErrNotExist) {
			found, err = "doesn't exist", nil
		}
		return nil, &invalid.Error{Field: path, Found: found, Err: err, Want: "an ONNX file"}
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	switch {
	case info.IsDir():
		return nil, &invalid.Error{Field: path, Found: "is a folder", Want: "an ONNX file"}
	case !info.Mode().IsRegular():
		return nil, &invalid.Error{Field: path, Found: "is no ordinary file", Want: "an ONNX file"}
	case info.Size() > math.MaxInt32:
		return nil, &invalid.Error{Field: path, Found: fmt.Sprintf("takes %d MB", info.Size()>>20), Want: "at most 2 GB",
			Hint: "keep the weights in a file of external data beside it"}
	}
	data := make([]byte, info.Size())
	if _, err := io.ReadFull(f, data); err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return data, nil
}

// externalFolder is the session option that says where weights in other files stand, for a network that comes as
// bytes. ONNX Runtime maps them into memory, so that they may take more than the 2 GB that one file may.
const externalFolder = "session.model_external_initializers_file_folder_path"

// locateExternal tells ONNX Runtime where the weights in other files are, and returns the network as it must be then.
func locateExternal(options *ort.SessionOptions, m *graph.Model, dir string) (*graph.Model, error) {
	if files, err := m.ExternalFiles(); err != nil || len(files) == 0 {
		return m, err
	}
	if dir == "" {
		return nil, &invalid.Error{Field: m.Name(), Found: "keeps weights in other files", Want: "a network in one piece",
			Hint: "open it from its folder"}
	}
	m, folder, err := m.Relocate(dir)
	if err != nil {
		return nil, err
	}
	return m, options.AddSessionConfigEntry(externalFolder, folder)
}

// digest returns the SHA-256 of the network's bytes, followed by those of its external files in sorted order.
func digest(m *graph.Model, dir string, data []byte) (string, error) {
	sum := sha256.New()
	sum.Write(data)
	files, err := m.ExternalFiles()
	if err != nil {
		return "", err
	}
	if dir == "" {
		files = nil // refused when the weights are needed
	}
	for _, name := range files {
		f, err := os.Open(filepath.Join(dir, name))
		if err != nil {
			return "", &invalid.Error{Field: m.Name(), Found: fmt.Sprintf("its weights in %q can't be read", name), Err: err,
				Hint: "put that file beside it, under the name that it was exported with"}
		}
		_, err = io.Copy(sum, f)
		f.Close()
		if err != nil {
			return "", fmt.Errorf("read %s: %w", name, err)
		}
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}
