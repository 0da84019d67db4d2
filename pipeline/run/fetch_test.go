package run

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"finetune/internal/store/seal"
	"finetune/invalid"
)

// Errors about a run at an address name it once, without the password.
func TestFetchErrorsHaveNoPassword(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	dir := t.TempDir()
	server := httptest.NewServer(http.FileServer(http.Dir(dir)))
	defer server.Close()
	host := strings.TrimPrefix(server.URL, "http://")
	for list, want := range map[string]string{
		`{}`: "http://" + host + "/",
		`{"format":1,"files":[{"name":"../../x","size":1,"sha256":"00"}]}`: "http://" + host + "/",
	} {
		if err := os.WriteFile(filepath.Join(dir, seal.Name), []byte(list), 0o666); err != nil {
			t.Fatal(err)
		}
		_, err := OpenContext(t.Context(), "http://user:hunter2@"+host+"/?token=hunter3")
		if !invalid.Is(err) || !strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), "hunter") || strings.Count(err.Error(), "http://") != 1 {
			t.Errorf("%s: %v, want an error about %s", list, err, want)
		}
	}
}
