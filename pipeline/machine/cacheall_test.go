package machine

import (
	"os"
	"path/filepath"
	"testing"
)

// The cache is listed and verified with all that it holds: a network and a fetched run that are damaged are found.
func TestCacheHasAll(t *testing.T) {
	dir := t.TempDir()
	network, err := os.ReadFile("../../backbone/testdata/squeezenet_size_9.onnx")
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{
		"networks/good.onnx": network, "networks/cut.onnx": network[:len(network)/2], "runs/cut/files.json": []byte(`{"files":[`), "uploads/x/out.csv": []byte("path\n"),
	} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, text, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	list, err := Cache{Dir: dir}.List(t.Context())
	if err != nil || len(list.Others) != 4 || list.Bytes < int64(len(network)) {
		t.Errorf("%+v, %v, want 4 others", list, err)
	}
	damage, err := Cache{Dir: dir}.Verify(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, d := range damage {
		found = append(found, filepath.Base(d.Path))
	}
	if len(found) != 2 || found[0] != "cut.onnx" || found[1] != "cut" {
		t.Errorf("damaged: %q, want the cut network and the cut run", found)
	}
}
