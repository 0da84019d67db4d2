package table

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"finetune/internal/store/atomicfile"
	"finetune/internal/store/userfile"
	"finetune/invalid"
)

// A state is what is known of the rows of a file.
type state struct {
	Version  int    `json:"version"`
	Settings string `json:"settings"` // a digest
	Rows     int64  `json:"rows"`
	Bytes    int64  `json:"bytes"` // of the part; of the file where it is complete
	Names    string `json:"names"` // a digest of the rows' keys or paths
	Complete bool   `json:"complete"`
}

const stateVersion = 1

// paths are the files that belong to a table.
type paths struct{ out, part, state, whole string }

func pathsOf(out string) paths {
	dir, name := filepath.Split(out)
	hidden := filepath.Join(dir, "."+name)
	return paths{out: out, part: hidden + ".part", state: hidden + ".state", whole: hidden + ".whole"}
}

// A chain is a digest of a sequence of names.
type chain [sha256.Size]byte

func (c *chain) add(name string) { *c = sha256.Sum256(append(c[:], name...)) }

func (c *chain) String() string { return hex.EncodeToString(c[:]) }

// digest identifies the rows and how they are written.
func (o *Options) digest() string {
	text, err := json.Marshal(struct {
		Version  int
		Encode   EncodeOptions
		Settings string
	}{stateVersion, o.Encode, o.Settings})
	if err != nil {
		panic(err) // plain data
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// readState reads what is known of a file. known is false where there is nothing or something else.
func readState(ctx context.Context, path string) (s state, known bool, err error) {
	const most = 1 << 16
	text, err := userfile.Read(ctx, path, most)
	if errors.Is(err, fs.ErrNotExist) {
		return state{}, false, nil
	}
	if err == nil && json.Unmarshal(text, &s) == nil && s.Version > 0 && s.Rows >= 0 && s.Bytes >= 0 {
		return s, true, nil
	}
	if err == nil || invalid.Is(err) {
		err = &invalid.Error{Path: path, Found: "not the state of a table", Hint: "remove it or give another {Out}",
			Err: err}
	}
	return state{}, false, err
}

// replace puts a file that is written and synced in the place of another in the same folder, durably.
func replace(from, to string) error {
	if err := os.Rename(from, to); err != nil {
		return err
	}
	return atomicfile.SyncDir(filepath.Dir(to))
}
