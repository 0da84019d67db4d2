package backbone

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"math"
	"path/filepath"

	"finetune/internal/onnx/graph"
	"finetune/internal/store/userfile"
	"finetune/invalid"

	ort "github.com/yalue/onnxruntime_go"
)

// A source is where a network comes from.
type source struct {
	name string // for errors: the path of its file
	dir  string // the file's folder, in which external data is looked for; "" where there is no file
	data []byte
}

// readFile reads a network's file, of which ONNX allows at most 2 GB.
func readFile(ctx context.Context, path string) (source, error) {
	data, err := userfile.Read(ctx, path, math.MaxInt32)
	return source{path, filepath.Dir(path), data}, err
}

// externalFolder is the session option that says where external data is, for a network that comes as bytes. ONNX
// Runtime maps it into memory, so that it may take more than the 2 GB that one file may.
const externalFolder = "session.model_external_initializers_file_folder_path"

// mostRead bounds the external data that is read instead of mapped, in bytes. A mapped file that another program cuts ends the process
// within ONNX Runtime, where no error can be made of it; reading takes memory for a moment, as it does for a network in one file.
var mostRead int64 = 512 << 20 // tests set it

// withExternal returns the network as ONNX Runtime must get it: with its external data, or with where that is among the options.
func withExternal(ctx context.Context, options *ort.SessionOptions, m *graph.Model, dir string,
) (*graph.Model, error) {
	if files, err := m.ExternalFiles(); err != nil || len(files) == 0 {
		return m, err
	}
	if dir == "" {
		return nil, &invalid.Error{Path: m.Name(), Found: "keeps weights in other files",
			Want: "a network in one file", Hint: "open it from its folder"}
	}
	weights, err := m.ExternalWeights(dir)
	if err != nil {
		return nil, err
	}
	total := int64(0)
	for _, w := range weights {
		total += w.Length
	}
	if total <= mostRead {
		return m.WithExternal(ctx, dir)
	}
	m, folder, err := m.Relocate(ctx, dir)
	if err != nil {
		return nil, err
	}
	return m, options.AddSessionConfigEntry(externalFolder, folder)
}

// FileDigest returns the digest of the network in a file, as Backbone.Digest does, and opens nothing else. Errors are
// those of Open.
func FileDigest(ctx context.Context, path string) (string, error) {
	src, err := readFile(ctx, path)
	if err != nil {
		return "", err
	}
	model, err := graph.Parse(src.name, src.data)
	if err != nil {
		return "", err
	}
	return digest(ctx, model, src)
}

// digest returns the SHA-256 of the network's bytes, followed by those of its external files in sorted order.
func digest(ctx context.Context, m *graph.Model, src source) (string, error) {
	sum := sha256.New()
	sum.Write(src.data)
	files, err := m.ExternalFiles()
	if err != nil {
		return "", err
	}
	if src.dir == "" {
		files = nil // refused when the weights are needed
	}
	for _, name := range files {
		f, err := m.OpenExternal(ctx, src.dir, name)
		if err != nil {
			return "", err
		}
		_, err = io.Copy(sum, userfile.Reader(ctx, f))
		f.Close()
		if err != nil {
			return "", fmt.Errorf("read %s: %w", name, err)
		}
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}
