package artifact

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"finetune/internal/remote"
	"finetune/internal/store/atomicfile"
	"finetune/internal/store/featurestore"
	"finetune/internal/store/lockfile"
	"finetune/internal/store/seal"
	"finetune/invalid"
)

// Stage returns the folder of this machine where the output of a job is written before it is uploaded to an address in an object store.
func Stage(address string) (string, error) {
	if !remote.IsS3(address) {
		return "", &invalid.Error{Field: "Out", Path: remote.Redacted(address), Found: "an address that can't be written to", Want: "a path or s3://bucket/key"}
	}
	if err := remote.Check(address); err != nil {
		return "", err
	}
	sum := sha256.Sum256([]byte(address))
	return filepath.Join(featurestore.UserFolder(featurestore.Uploads), hex.EncodeToString(sum[:])), nil
}

// NotAnAddress refuses an address as the name of an output file that is written to this machine only.
func NotAnAddress(field, out string) error {
	if !remote.Is(out) {
		return nil
	}
	return &invalid.Error{Field: field, Path: remote.Redacted(out), Found: "an address", Want: "a file of this machine"}
}

// A destination is an output folder in an object store. A job writes to a folder inside the stage, which Folder.Publish completes as any
// other and then uploads, with the list of the files last.
//
// An object store has no lock that ends with its holder. While files are uploaded the object lockfile.Name is the claim: made where there
// is none, and removed at the end. Where an upload was cut off, the same stage goes on with it, and another one is refused.
type destination struct {
	address string // without a slash at the end
	kind    Kind
	replace bool
	stage   string
	claim   *lockfile.Claim // of the stage
	mark    string          // of the stage, which its objects carry
	begun   bool            // an earlier job of this stage began to upload
	earlier []seal.File     // of the result that is there
	remove  []string        // names of objects that the result takes the place of
	done    bool
}

const (
	markFile = "mark"            // in the stage
	result   = "result"          // in the stage, the folder that the job writes to
	markKey  = "finetune-upload" // of an object
)

// claimAddress claims a stage of this machine and looks whether a result may be put at the address.
func (k Kind) claimAddress(ctx context.Context, o ClaimOptions) (*Folder, error) {
	d := &destination{address: strings.TrimRight(o.Dir, "/"), kind: k, replace: o.Replace}
	if !remote.IsS3(d.address) {
		d.address = o.Dir // s3:// alone, of which Stage says what is missing
	}
	var err error
	if d.stage, err = Stage(d.address); err != nil {
		return nil, err
	}
	for _, input := range o.Inputs {
		if input = strings.TrimRight(input, "/"); input == d.address || strings.HasPrefix(input, d.address+"/") {
			return nil, &invalid.Error{Field: "Out", Path: d.address, Found: "the folder of the input " + input, Want: "another folder"}
		}
	}
	if d.claim, err = lockfile.Acquire(d.stage); err != nil {
		var inUse *invalid.Error
		if errors.As(err, &inUse) {
			inUse.Field, inUse.Path = "Out", d.address
		}
		return nil, err
	}
	f, err := d.begin(ctx)
	if err != nil {
		d.release()
	}
	return f, err
}

func (d *destination) begin(ctx context.Context) (*Folder, error) {
	if err := d.readMark(); err != nil {
		return nil, err
	}
	lock, err := d.lock(ctx)
	if err != nil {
		return nil, err
	}
	d.begun = lock == d.mark
	if err := d.look(ctx); err != nil {
		return nil, err
	}
	dir := filepath.Join(d.stage, result)
	if _, err := os.Lstat(filepath.Join(dir, lockfile.Name)); err != nil { // not that of an interrupted job, which goes on
		if err := os.RemoveAll(dir); err != nil {
			return nil, err
		}
	}
	f, err := d.kind.claim(dir, true)
	if err != nil {
		return nil, err
	}
	f.Dir, f.to = d.address, d
	return f, nil
}

// readMark returns what tells the objects of this stage from those of others; it is drawn once.
func (d *destination) readMark() error {
	file := filepath.Join(d.stage, markFile)
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		text = []byte(rand.Text())
		err = atomicfile.Write(file, func(w io.Writer) error {
			_, err := w.Write(text)
			return err
		})
	}
	d.mark = string(text)
	return err
}

func (d *destination) at(name string) string { return d.address + "/" + name }

// lock returns the mark of the stage that uploads to the address; "" for none. Another than this one's is an error.
func (d *destination) lock(ctx context.Context) (string, error) {
	info, found, err := remote.Stat(ctx, d.at(lockfile.Name))
	if err != nil || !found {
		return "", err
	}
	return d.mark, d.held(info)
}

// held is nil for a claim of this stage.
func (d *destination) held(claim remote.Info) error {
	if claim.Meta[markKey] == d.mark {
		return nil
	}
	return &invalid.Error{Field: "Out", Path: d.address, Found: "a folder that another job uploads to", Want: "a folder that no other job writes to",
		Hint: "wait until it has ended, or give another {Out}; if that job was killed, remove " + d.at(lockfile.Name) + ", which says where it ran"}
}

// look refuses an address with what the result must not replace, as Folder.take does a folder.
func (d *destination) look(ctx context.Context) error {
	d.earlier, d.remove = nil, nil
	wrong := func(found, hint string) error {
		return &invalid.Error{Field: "Out", Path: d.address, Found: found, Want: "a new or empty folder", Hint: "give another {Out}" + hint}
	}
	list, err := remote.Append(ctx, nil, d.at(seal.Name), seal.MaxList)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	var listed bool
	if d.earlier, listed = seal.Parse(list); listed {
		for _, file := range d.earlier {
			if !d.kind.owns(file.Name) {
				return wrong("the result of another job", "")
			}
			d.remove = append(d.remove, file.Name)
		}
		if !slices.Contains(d.remove, d.kind.Mark) {
			return wrong("the result of another job", "")
		}
	} else {
		for e, err := range remote.List(ctx, d.address) {
			switch {
			case err != nil:
				return err
			case e.Name == lockfile.Name, e.Name == seal.Name:
			case !d.kind.owns(e.Name):
				return wrong("a folder with other files in it", "")
			default:
				d.remove = append(d.remove, e.Name)
			}
		}
	}
	if (listed || len(d.remove) > 0 && !d.begun) && !d.replace {
		return wrong("an earlier "+d.kind.Name, ", or {Overwrite} to replace the "+d.kind.Name)
	}
	return nil
}

// complete reports whether all files of the list are at the address with their lengths.
func (d *destination) complete(ctx context.Context) (bool, error) {
	sizes := map[string]int64{}
	for e, err := range remote.List(ctx, d.address) {
		if err != nil {
			return false, err
		}
		sizes[e.Name] = e.Size
	}
	for _, file := range d.earlier {
		if size, there := sizes[file.Name]; !there || size != file.Bytes {
			return false, nil
		}
	}
	return len(d.earlier) > 0, nil
}

// upload puts the files of the complete folder in place of what is at the address.
func (d *destination) upload(ctx context.Context, names []string) error {
	if err := d.take(ctx); err != nil {
		return err
	}
	err := d.look(ctx) // another job may have ended since
	if err == nil {
		err = d.free(ctx, names)
	}
	if err != nil {
		if !d.begun {
			err = errors.Join(err, remote.Remove(ctx, d.at(lockfile.Name)))
		}
		return err
	}
	for _, name := range slices.Concat([]string{seal.Name}, d.remove) {
		if err := remote.Remove(ctx, d.at(name)); err != nil {
			return err
		}
	}
	for _, name := range slices.Concat(names, []string{seal.Name}) {
		if err := d.put(ctx, filepath.Join(d.stage, result, filepath.FromSlash(name)), name); err != nil {
			return err
		}
	}
	d.done = true
	return remote.Remove(ctx, d.at(lockfile.Name))
}

// take makes the object that is the claim. It says which process has it.
func (d *destination) take(ctx context.Context) error {
	host, _ := os.Hostname()
	text, err := json.Marshal(lockfile.Holder{PID: os.Getpid(), Host: host, Started: time.Now().UTC().Truncate(time.Second)})
	if err != nil {
		return err
	}
	file := filepath.Join(d.stage, "holder")
	if err := os.WriteFile(file, text, 0o666); err != nil {
		return err
	}
	defer os.Remove(file)
	there, err := d.uploadNew(ctx, file, lockfile.Name)
	if err == nil && there != nil {
		return d.held(*there)
	}
	return err
}

// free refuses to write over an object that finetune didn't write.
func (d *destination) free(ctx context.Context, names []string) error {
	for _, name := range names {
		if slices.Contains(d.remove, name) {
			continue
		}
		if err := d.mine(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

// mine is nil where there is no object of that name, or one of this stage.
func (d *destination) mine(ctx context.Context, name string) error {
	info, found, err := remote.Stat(ctx, d.at(name))
	if err != nil || !found {
		return err
	}
	return d.made(info, name)
}

// made is nil for an object of this stage.
func (d *destination) made(object remote.Info, name string) error {
	if object.Meta[markKey] == d.mark {
		return nil
	}
	return &invalid.Error{Field: "Out", Path: d.at(name), Found: "a file that finetune didn't write", Hint: "move it away, or give another {Out}"}
}

// put uploads a file to where nothing may be.
func (d *destination) put(ctx context.Context, file, name string) error {
	there, err := d.uploadNew(ctx, file, name)
	if err == nil && there != nil {
		return d.made(*there, name) // the answer to the upload may have been lost
	}
	return err
}

// uploadNew uploads a file to where nothing may be, or returns what is there. Nothing may be there any more when that is looked at, as
// another job may have removed it meanwhile.
func (d *destination) uploadNew(ctx context.Context, file, name string) (*remote.Info, error) {
	for range 5 {
		err := remote.UploadNew(ctx, file, d.at(name), map[string]string{markKey: d.mark})
		if !errors.Is(err, fs.ErrExist) {
			return nil, err
		}
		info, found, err := remote.Stat(ctx, d.at(name))
		if err != nil {
			return nil, err
		}
		if found {
			return &info, nil
		}
	}
	return nil, fmt.Errorf("write %s: the store says that it is there already, and that it isn't there", d.at(name))
}

// kept says where the complete result is that couldn't be uploaded.
func (d *destination) kept(err error) error {
	return fmt.Errorf("%w (the result is complete in %s, until the next job with this output)", err, filepath.Join(d.stage, result))
}

// release gives the stage up, and removes it unless it has a result that wasn't uploaded or parts of one.
func (d *destination) release() error {
	dir := filepath.Join(d.stage, result)
	var err error
	if d.done {
		err = os.RemoveAll(dir)
	}
	if _, statErr := os.Lstat(dir); errors.Is(statErr, fs.ErrNotExist) && (d.done || !d.begun) {
		err = errors.Join(err, os.Remove(filepath.Join(d.stage, markFile)))
	}
	err = errors.Join(err, d.claim.Release())
	os.Remove(d.stage) // fails where something is kept
	return err
}
