package serve

import (
	"os"
	"path/filepath"
	"testing"

	"finetune/internal/pipelinetest"
)

func TestMain(m *testing.M) {
	code := pipelinetest.Main(m)
	if path, err := trained(); err == nil {
		os.RemoveAll(filepath.Dir(path))
	}
	os.Exit(code)
}
