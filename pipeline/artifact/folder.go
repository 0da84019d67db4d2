package artifact

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"finetune/internal/remote"
	"finetune/internal/store/atomicfile"
	"finetune/internal/store/lockfile"
	"finetune/internal/store/seal"
	"finetune/internal/store/userfile"
	"finetune/invalid"
)

// staging is where the files of a result are until all of them are written.
const staging = ".finetune-new"

// journal is where a job keeps parts of its work until its result is published, so that an interrupted job goes on from them.
const journal = ".finetune-journal"

// A Kind is a kind of output folder.
type Kind struct {
	Name     string   // for messages, such as "run"
	Mark     string   // a file that every complete folder of the kind has
	Patterns []string // names of all files that a job of the kind may write, as path.Match takes them
}

func (k Kind) owns(name string) bool {
	return slices.ContainsFunc(k.Patterns, func(p string) bool {
		ok, _ := path.Match(p, name)
		return ok
	})
}

// A Folder is an output folder that a job holds. Files are written to a staging folder inside it and put in place together by
// Publish, so that an earlier result stays whole until then; a list with the digest of each makes the result checkable. The
// lock file that a killed process leaves behind marks the folder as finetune's, so the same job goes on without a flag; it is gone
// exactly when the result is complete.
//
// The folder may be at an address in an object store: then it is written in a folder of this machine, and Publish uploads it.
type Folder struct {
	Dir string // as it was named: a path or an address

	local   string       // where the files are written
	to      *destination // nil for a path
	kind    Kind
	claim   *lockfile.Claim
	earlier []string // files of the earlier result
	trusted bool     // files of the kind's patterns are finetune's even where no list has them
	made    bool     // by this claim
	mixed   bool     // publishing has begun, so files of the earlier result may be gone
}

// ClaimOptions say how an output folder is claimed.
type ClaimOptions struct {
	Dir     string   // a path or s3://bucket/key; "" is the first of Base-1, Base-2, … that is free
	Base    string   // of the name, where Dir is empty
	Replace bool     // an earlier result of the same kind may be replaced
	Inputs  []string // files that the job reads, none of which may be in the folder
}

// Claim claims an output folder for a job until Release. It refuses, with an *invalid.Error, a folder that another job holds, one
// with files that finetune didn't write, and without Replace one with an earlier result. It changes no file that was there.
func (k Kind) Claim(ctx context.Context, o ClaimOptions) (*Folder, error) {
	switch {
	case o.Dir == "":
		return k.claimFree(o.Base)
	case remote.Is(o.Dir):
		return k.claimAddress(ctx, o)
	}
	for _, input := range o.Inputs {
		if within(input, o.Dir) {
			return nil, &invalid.Error{Field: "Out", Path: o.Dir, Found: "the folder of the input " + input, Want: "another folder"}
		}
	}
	return k.claim(o.Dir, o.Replace)
}

// claimFree claims the first free folder of a base name. What a killed job left there is taken over.
func (k Kind) claimFree(base string) (*Folder, error) {
	const most = 1_000_000
	for n := 1; n <= most; n++ {
		dir := fmt.Sprintf("%s-%d", base, n)
		if info, err := os.Lstat(dir); err == nil && !info.IsDir() {
			continue
		}
		f, err := k.claim(dir, false)
		if err == nil || !invalid.Is(err) || errors.Is(err, fs.ErrPermission) {
			return f, err
		}
	}
	return nil, &invalid.Error{Field: "Out", Found: fmt.Sprintf("%d folders named %s", most, base), Hint: "give {Out}"}
}

func (k Kind) claim(dir string, replace bool) (*Folder, error) {
	_, err := os.Lstat(dir)
	made := errors.Is(err, fs.ErrNotExist)
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, &invalid.Error{Field: "Out", Path: dir, Found: "a folder that can't be made", Err: err, Hint: "give another {Out}"}
	}
	_, err = os.Lstat(filepath.Join(dir, lockfile.Name))
	interrupted := err == nil
	lock, err := lockfile.Acquire(dir)
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS) {
		return nil, &invalid.Error{Field: "Out", Path: dir, Found: "a folder that can't be written to", Err: err, Hint: "give another {Out}"}
	}
	if err != nil {
		return nil, err
	}
	f := &Folder{Dir: dir, local: dir, kind: k, claim: lock, made: made}
	if err := f.take(interrupted, replace); err != nil {
		f.Release()
		return nil, err
	}
	return f, nil
}

// take looks at what is in the folder, which is locked.
func (f *Folder) take(interrupted, replace bool) error {
	if err := os.RemoveAll(filepath.Join(f.local, staging)); err != nil {
		return err
	}
	if err := atomicfile.Sweep(f.local); err != nil {
		return err
	}
	entries, err := os.ReadDir(f.local)
	if err != nil {
		return &invalid.Error{Field: "Out", Path: f.local, Found: "a folder that can't be read", Err: err, Hint: "give another {Out}"}
	}
	entries = slices.DeleteFunc(entries, func(e fs.DirEntry) bool { return e.Name() == lockfile.Name || e.Name() == journal })
	status, err := seal.Verify(context.Background(), f.local, f.kind.Mark)
	if err != nil {
		return err
	}
	for _, file := range status.Files {
		f.earlier = append(f.earlier, file.Name)
	}
	unowned := slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return !f.kind.owns(e.Name()) })
	foreign := slices.ContainsFunc(f.earlier, func(name string) bool { return !f.kind.owns(name) })
	marked := slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return e.Name() == f.kind.Mark })
	switch {
	case len(entries) == 0:
		return nil
	case status.Listed && (foreign || !status.Contains(f.kind.Mark)):
		return &invalid.Error{Field: "Out", Path: f.local, Found: "the result of another job", Want: "a new or empty folder", Hint: "give another {Out}"}
	case !status.Listed && (interrupted || marked && !unowned):
		// A job was killed while it put its files in place, or an older version wrote them without a list.
		f.trusted = true
		if interrupted || replace {
			return nil
		}
	case status.Listed && replace:
		return nil
	}
	if status.Listed || f.trusted {
		return &invalid.Error{Field: "Out", Path: f.local, Found: "an earlier " + f.kind.Name, Want: "a new or empty folder",
			Hint: "give another {Out}, or {Overwrite} to replace the " + f.kind.Name}
	}
	return &invalid.Error{Field: "Out", Path: f.local, Found: "a folder with other files in it", Want: "a new or empty folder",
		Hint: "give another {Out}"}
}

// Name returns the path or address that a file of the result will have.
func (f *Folder) Name(name string) string {
	if f.to != nil {
		return f.to.at(name)
	}
	return filepath.Join(f.Dir, filepath.FromSlash(name))
}

// Path returns where to write a file of the result.
func (f *Folder) Path(name string) string {
	return filepath.Join(f.local, staging, filepath.FromSlash(name))
}

// Journal returns a folder for finished parts of the job. It stays where the job is interrupted, and goes with Publish.
func (f *Folder) Journal() string { return filepath.Join(f.local, journal) }

// Complete reports whether the folder holds an earlier result with every file as it was written.
func (f *Folder) Complete(ctx context.Context) (bool, error) {
	if f.to != nil {
		return f.to.complete(ctx)
	}
	status, err := seal.Verify(ctx, f.local)
	if err != nil {
		return false, err
	}
	return status.Complete(), nil
}

// Publish puts the files that were written to [Folder.Path] in place of an earlier result, and gives the folder up.
func (f *Folder) Publish(ctx context.Context) error {
	stage := filepath.Join(f.local, staging)
	entries, err := os.ReadDir(stage)
	if err != nil {
		return err
	}
	var names []string
	for _, e := range entries {
		if err := f.mayWrite(e.Name()); err != nil {
			return err
		}
		names = append(names, e.Name())
	}
	if err := seal.Write(ctx, stage, names); err != nil {
		return err
	}
	f.mixed = true
	if err := seal.Invalidate(f.local); err != nil {
		return err
	}
	for _, name := range f.earlier {
		if err := os.Remove(filepath.Join(f.local, filepath.FromSlash(name))); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	for _, name := range names {
		if err := os.Rename(filepath.Join(stage, name), filepath.Join(f.local, name)); err != nil {
			return err
		}
	}
	if err := os.RemoveAll(f.Journal()); err != nil {
		return err
	}
	// The list comes last: with it the result is complete. It takes the place of the lock file.
	if err := f.claim.ReleaseAs(filepath.Join(stage, seal.Name), filepath.Join(f.local, seal.Name)); err != nil {
		return err
	}
	f.claim = nil
	if f.to == nil {
		return nil
	}
	if err := f.to.upload(ctx, names); err != nil {
		return f.to.kept(err)
	}
	return nil
}

// mayWrite refuses to write over a file that finetune didn't write.
func (f *Folder) mayWrite(name string) error {
	if slices.Contains(f.earlier, name) || f.trusted && f.kind.owns(name) {
		return nil
	}
	if _, err := os.Lstat(filepath.Join(f.local, name)); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return &invalid.Error{Field: "Out", Path: filepath.Join(f.local, name), Found: "a file that finetune didn't write",
		Hint: "move it away, or give another {Out}"}
}

// Release gives the folder up. What wasn't published is gone, and so is a folder that this claim made and left empty. Where Publish
// failed half-way the folder stays marked as interrupted, as after a kill, so that the same job goes on. A second call does nothing.
func (f *Folder) Release() error {
	err := f.release()
	if f.to != nil {
		err = errors.Join(err, f.to.release())
		f.to = nil
	}
	return err
}

func (f *Folder) release() error {
	if f.claim == nil {
		return nil
	}
	err := os.RemoveAll(filepath.Join(f.local, staging))
	release := f.claim.Release
	if _, listErr := os.Lstat(filepath.Join(f.local, seal.Name)); f.mixed && listErr != nil {
		release = f.claim.Abandon // the lock file tells the next claim that the files are finetune's
	}
	if releaseErr := release(); err == nil {
		err = releaseErr
	}
	f.claim = nil
	if f.made {
		os.Remove(f.local) // fails where there is a result, which stays
	}
	return err
}

// within reports whether a file is directly or further below a folder.
func within(file, dir string) bool {
	if file == "" {
		return false
	}
	inside, err := filepath.EvalSymlinks(file)
	if err != nil {
		return false // what isn't there is found elsewhere
	}
	folder, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return false
	}
	inside, errInside := filepath.Abs(inside)
	folder, errFolder := filepath.Abs(folder)
	if errInside != nil || errFolder != nil {
		return false
	}
	rel, err := filepath.Rel(folder, inside)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}

// CannotWrite returns err, which making or opening an output at path returned, as an *invalid.Error where another output would do.
func CannotWrite(path string, err error) error {
	if !invalid.Is(userfile.Classify(path, err)) && !errors.Is(err, syscall.EROFS) {
		return err
	}
	return &invalid.Error{Field: "Out", Path: path, Found: "a place that can't be written", Hint: "give another {Out}", Err: err}
}

// NotAnInput refuses to write over a file that the job reads.
func NotAnInput(out string, inputs ...string) error {
	target, err := os.Stat(out)
	if err != nil {
		return nil // nothing is there
	}
	for _, input := range inputs {
		if info, err := os.Stat(input); err == nil && os.SameFile(info, target) {
			return &invalid.Error{Field: "Out", Path: out, Found: "the input " + input, Want: "another file"}
		}
	}
	return nil
}
