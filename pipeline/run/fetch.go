package run

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"finetune/head"
	"finetune/internal/remote"
	"finetune/internal/store/atomicfile"
	"finetune/internal/store/featurestore"
	"finetune/internal/store/safetensors"
	"finetune/internal/store/seal"
	"finetune/invalid"
	"finetune/models"
)

const maxRunFile = 8 << 30 // bytes of a file of a run, such as its network

// fetch brings a run at an address into the user's cache, in a folder that is named by the digest of the run's list of files, and
// returns its path. What is there already isn't asked for again, apart from the list. Every file must have the digest that the list
// has for it.
func fetch(ctx context.Context, address string) (string, error) {
	if err := remote.Check(address); err != nil {
		return "", err
	}
	root, err := fetchedFolder()
	if err != nil {
		return "", err
	}
	if strings.HasSuffix(remote.Path(address), filepath.Ext(HeadFile)) {
		return fetchHead(ctx, root, address)
	}
	base := remote.Path(address)
	list, err := remote.Append(ctx, nil, strings.TrimSuffix(base, "/")+"/"+seal.Name, seal.MaxList)
	if errors.Is(err, fs.ErrNotExist) {
		return "", notARun(remote.Redacted(address), "it holds no "+seal.Name, err)
	}
	if err != nil {
		return "", err
	}
	f := fetching{ctx: ctx, base: strings.TrimSuffix(base, "/") + "/", dir: filepath.Join(root, digestOf(list))}
	status, err := seal.Verify(ctx, f.dir)
	if err != nil || status.Complete() {
		now := time.Now()
		os.Chtimes(f.dir, now, now) // what was used last is kept longest
		return f.dir, err
	}
	if f.stage, err = os.MkdirTemp(root, "new-"); err != nil {
		return "", err
	}
	defer os.RemoveAll(f.stage)
	return f.dir, f.run(list)
}

// fetchedFolder is where runs from elsewhere are kept.
func fetchedFolder() (string, error) {
	root := featurestore.UserFolder(featurestore.Runs)
	return root, os.MkdirAll(root, 0o777)
}

func digestOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// fetchHead brings a head alone, into a folder that is named by its digest.
func fetchHead(ctx context.Context, root, address string) (string, error) {
	data, err := remote.Append(ctx, nil, address, safetensors.MaxFile)
	if err != nil {
		return "", err
	}
	file := filepath.Join(root, digestOf(data), HeadFile)
	return file, WriteOut(file, true, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}

// fetching is the download of one run.
type fetching struct {
	ctx        context.Context
	base       string // the address, with a slash at the end
	stage, dir string
}

func (f *fetching) run(list []byte) error {
	if err := os.WriteFile(filepath.Join(f.stage, seal.Name), list, 0o666); err != nil {
		return err
	}
	status, err := seal.Verify(f.ctx, f.stage)
	if err != nil {
		return err
	}
	if err := wrongAt(f.base, status, false); err != nil {
		return err
	}
	for _, file := range status.Files {
		if err := f.file(file.Name); err != nil {
			return err
		}
	}
	if status, err = seal.Verify(f.ctx, f.stage); err != nil {
		return err
	}
	if err := wrongAt(f.base, status, true); err != nil {
		return err
	}
	if err := f.network(); err != nil {
		return err
	}
	if err := os.RemoveAll(f.dir); err != nil {
		return err
	}
	if err := os.Rename(f.stage, f.dir); err != nil && !errors.Is(err, fs.ErrExist) {
		return err // where it exists, another process was as fast
	}
	return atomicfile.SyncDir(filepath.Dir(f.dir))
}

// wrongAt is the error for a list that can't be read, or for files that aren't as it says.
func wrongAt(base string, s *seal.Status, whole bool) error {
	if s.Listed && (!whole || s.Complete()) {
		return nil
	}
	err := s.Err()
	var known *invalid.Error
	if errors.As(err, &known) {
		known.Path = remote.Redacted(base)
		if s.Listed {
			known.Path += s.Differences[0].Name
		}
	}
	return err
}

func (f *fetching) file(name string) error {
	in, err := remote.Open(f.ctx, f.base+name, maxRunFile)
	if err != nil {
		return err
	}
	defer in.Close()
	return atomicfile.Write(filepath.Join(f.stage, filepath.FromSlash(name)), func(w io.Writer) error {
		_, err := io.Copy(w, in)
		return err
	})
}

// network brings the networks that lie beside the run's files, where the run needs one. Which of them it is, their digests tell.
func (f *fetching) network() error {
	h, err := head.Load(filepath.Join(f.stage, HeadFile))
	if err != nil {
		return err
	}
	if digest := h.Description().Origin.Backbone; digest == models.Default().SHA256 || digest == "" || !remote.IsS3(f.base) {
		return nil
	}
	n := 0
	for e, err := range remote.List(f.ctx, f.base) {
		if err != nil {
			return err
		}
		if !strings.EqualFold(path.Ext(e.Name), ".onnx") || strings.Contains(e.Name, "/") {
			continue
		}
		if _, err := os.Lstat(filepath.Join(f.stage, e.Name)); err == nil {
			continue
		}
		if n++; n > mostSearched {
			return nil
		}
		if err := f.file(e.Name); err != nil {
			return err
		}
	}
	return nil
}
