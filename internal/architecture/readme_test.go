package architecture

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestReadmeCompiles compiles the Go code of README.md. Its comments name the packages that it imports.
func TestReadmeCompiles(t *testing.T) {
	blocks := regexp.MustCompile("(?ms)^```go\n(.*?)^```$").FindAllStringSubmatch(read(t, "../../README.md"), -1)
	if len(blocks) != 1 {
		t.Fatalf("README.md has %d blocks of Go", len(blocks))
	}
	code := blocks[0][1]
	source := "package readme\n\nimport (\n\t\"context\"\n\t\"fmt\"\n"
	for _, m := range regexp.MustCompile(`// (finetune/\S+)`).FindAllStringSubmatch(code, -1) {
		source += "\t\"" + m[1] + "\"\n"
	}
	source += ")\n\nfunc _(ctx context.Context) error {\n" + code + "\treturn err\n}\n"

	// An overlay adds the file to the module without writing it there.
	dir, err := filepath.Abs("readme")
	if err != nil {
		t.Fatal(err)
	}
	temp := t.TempDir()
	file, overlay := filepath.Join(temp, "readme.go"), filepath.Join(temp, "overlay.json")
	list, err := json.Marshal(map[string]any{"Replace": map[string]string{filepath.Join(dir, "readme.go"): file}})
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string]string{file: source, overlay: string(list)} {
		if err := os.WriteFile(name, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := exec.Command("go", "build", "-overlay", overlay, "finetune/internal/architecture/readme").CombinedOutput(); err != nil {
		t.Errorf("README.md: %v\n%s\n%s", err, strings.TrimSpace(string(out)), source)
	}
}
