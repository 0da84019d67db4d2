package crossval

import (
	"bytes"
	"crypto/sha256"
	"encoding/gob"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"finetune/head"
	"finetune/internal/store/atomicfile"
	"finetune/pipeline/dataset"
)

// A Journal keeps finished fits in a folder, so that a job that was interrupted goes on from them. A nil Journal keeps nothing.
type Journal struct {
	dir  string
	data string // identifies everything that fits depend on besides their configuration and rows
}

// NewJournal returns the journal in dir, which is made when the first fit is kept. data identifies the examples: with other
// features, targets or weights it must be another text.
func NewJournal(dir, data string) *Journal { return &Journal{dir, data} }

// fit returns the kept result of a fit, or calls train and keeps what it returns. A file that is damaged counts as none.
func (j *Journal) fit(cfg head.Config, parts dataset.Partition, train func() (*head.Result, error)) (*head.Result, error) {
	if j == nil {
		return train()
	}
	path, err := j.path(cfg, parts)
	if err != nil {
		return nil, err
	}
	if kept := readFit(path); kept != nil {
		kept.Config.Threads = cfg.Threads
		return kept, nil
	}
	result, err := train()
	if err != nil {
		return nil, err
	}
	return result, writeFit(path, result)
}

// path is where a fit is kept: its name is a digest of all that it depends on.
func (j *Journal) path(cfg head.Config, parts dataset.Partition) (string, error) {
	h := sha256.New()
	if err := json.NewEncoder(h).Encode([]any{j.data, cfg, parts.Train, parts.Val}); err != nil {
		return "", err
	}
	return filepath.Join(j.dir, hex.EncodeToString(h.Sum(nil))), nil
}

// readFit reads a kept fit, nil if there is none or its digest is wrong.
func readFit(path string) *head.Result {
	data, err := os.ReadFile(path)
	if err != nil || len(data) < sha256.Size {
		return nil
	}
	body := data[sha256.Size:]
	if sum := sha256.Sum256(body); !bytes.Equal(sum[:], data[:sha256.Size]) {
		return nil
	}
	var result head.Result
	if gob.NewDecoder(bytes.NewReader(body)).Decode(&result) != nil {
		return nil
	}
	return &result
}

func writeFit(path string, result *head.Result) error {
	var body bytes.Buffer
	if err := gob.NewEncoder(&body).Encode(result); err != nil {
		return fmt.Errorf("keep a fit: %w", err)
	}
	sum := sha256.Sum256(body.Bytes())
	return atomicfile.Write(path, func(w io.Writer) error {
		if _, err := w.Write(sum[:]); err != nil {
			return err
		}
		_, err := w.Write(body.Bytes())
		return err
	})
}
