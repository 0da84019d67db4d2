package artifact

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"finetune/internal/store/lockfile"
	"finetune/internal/store/seal"
	"finetune/invalid"
)

var testKind = Kind{Name: "result", Mark: "mark.json", Patterns: []string{"mark.json", "list.csv", "*.png"}}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

func claim(t *testing.T, o ClaimOptions) *Folder {
	t.Helper()
	f, err := testKind.Claim(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Release() })
	return f
}

func publish(t *testing.T, f *Folder, names ...string) {
	t.Helper()
	for _, name := range names {
		write(t, f.Path(name), "contents of "+name)
	}
	if err := f.Publish(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func list(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestPublish(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "out")
	publish(t, claim(t, ClaimOptions{Dir: dir}), "mark.json", "list.csv")
	if got, want := list(t, dir), []string{seal.Name, "list.csv", "mark.json"}; !slices.Equal(got, want) {
		t.Errorf("published %q, want %q", got, want)
	}
	if _, err := testKind.Claim(t.Context(), ClaimOptions{Dir: dir}); !invalid.Is(err) || !strings.Contains(err.Error(), "an earlier result") {
		t.Errorf("a second claim: %v", err)
	}
	// A user's file stays, and so does the earlier result until the next is published.
	write(t, filepath.Join(dir, "notes.txt"), "the user's")
	f := claim(t, ClaimOptions{Dir: dir, Replace: true})
	if ok, err := f.Complete(t.Context()); !ok || err != nil {
		t.Errorf("the earlier result isn't complete: %v", err)
	}
	publish(t, f, "mark.json", "a.png")
	if got, want := list(t, dir), []string{"a.png", seal.Name, "mark.json", "notes.txt"}; !slices.Equal(got, want) {
		t.Errorf("replaced by %q, want %q", got, want)
	}
}

func TestClaimRefuses(t *testing.T) {
	root := t.TempDir()
	write(t, filepath.Join(root, "user", "list.csv"), "x")
	write(t, filepath.Join(root, "file"), "x")
	write(t, filepath.Join(root, "old", "mark.json"), "x")
	other := Kind{Name: "other", Mark: "head", Patterns: []string{"head", "mark.json"}}
	f, err := other.Claim(t.Context(), ClaimOptions{Dir: filepath.Join(root, "other")})
	if err != nil {
		t.Fatal(err)
	}
	write(t, f.Path("head"), "x")
	write(t, f.Path("mark.json"), "x")
	if err := f.Publish(t.Context()); err != nil {
		t.Fatal(err)
	}
	held := claim(t, ClaimOptions{Dir: filepath.Join(root, "held")})
	defer held.Release()
	for _, c := range []struct {
		name, want string
		replace    bool
	}{
		{"user", "other files", true},
		{"file", "can't be made", true},
		{"old", "an earlier result", false},
		{"other", "the result of another job", true},
		{"held", "a folder in use", true},
	} {
		f, err := testKind.Claim(t.Context(), ClaimOptions{Dir: filepath.Join(root, c.name), Replace: c.replace})
		if err == nil {
			f.Release()
		}
		if !invalid.Is(err) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
	input := filepath.Join(root, "user", "list.csv")
	if _, err := testKind.Claim(t.Context(), ClaimOptions{Dir: filepath.Join(root, "user"), Replace: true, Inputs: []string{input}}); !invalid.Is(err) || !strings.Contains(err.Error(), "the input") {
		t.Errorf("over an input: %v", err)
	}
}

// A user's file with the name of one of ours is never replaced.
func TestPublishKeepsForeignFiles(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "out")
	publish(t, claim(t, ClaimOptions{Dir: dir}), "mark.json")
	write(t, filepath.Join(dir, "list.csv"), "the user's")
	f := claim(t, ClaimOptions{Dir: dir, Replace: true})
	write(t, f.Path("mark.json"), "new")
	write(t, f.Path("list.csv"), "ours")
	if err := f.Publish(t.Context()); !invalid.Is(err) {
		t.Errorf("got %v", err)
	}
	f.Release()
	if text, _ := os.ReadFile(filepath.Join(dir, "list.csv")); string(text) != "the user's" {
		t.Errorf("the user's file holds %q", text)
	}
	if text, _ := os.ReadFile(filepath.Join(dir, "mark.json")); string(text) != "contents of mark.json" {
		t.Errorf("the earlier result holds %q", text)
	}
}

// After a kill the same job goes on: with half of its files in place, with a staging folder, or with nothing but the lock.
func TestClaimAfterKill(t *testing.T) {
	for name, left := range map[string][]string{
		"only the lock":    {},
		"staged files":     {staging + "/mark.json"},
		"half of a result": {"mark.json", staging + "/list.csv", staging + "/" + seal.Name},
	} {
		dir := filepath.Join(t.TempDir(), "out")
		for _, file := range append(left, lockfile.Name) {
			write(t, filepath.Join(dir, file), "left behind")
		}
		publish(t, claim(t, ClaimOptions{Dir: dir}), "mark.json")
		if got, want := list(t, dir), []string{seal.Name, "mark.json"}; !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

// TestPublishFails has a file of the earlier result that can't be removed: the folder is left as by a kill, and the same job goes on.
func TestPublishFails(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "out")
	publish(t, claim(t, ClaimOptions{Dir: dir}), "list.csv", "mark.json")
	obstacle := filepath.Join(dir, "list.csv")
	if err := os.Remove(obstacle); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(obstacle, "file"), "")
	f := claim(t, ClaimOptions{Dir: dir, Replace: true})
	write(t, f.Path("mark.json"), "new")
	if err := f.Publish(t.Context()); err == nil || invalid.Is(err) {
		t.Fatalf("%v, want a failure", err)
	}
	if err := f.Release(); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(obstacle); err != nil {
		t.Fatal(err)
	}
	publish(t, claim(t, ClaimOptions{Dir: dir}), "mark.json")
	if got := list(t, dir); !slices.Equal(got, []string{seal.Name, "mark.json"}) {
		t.Errorf("%v in the folder", got)
	}
}

func TestClaimFree(t *testing.T) {
	base := filepath.Join(t.TempDir(), "run")
	write(t, base+"-1/user.txt", "x")
	write(t, base+"-2", "a file")
	first := claim(t, ClaimOptions{Base: base})
	second := claim(t, ClaimOptions{Base: base})
	if first.Dir != base+"-3" || second.Dir != base+"-4" {
		t.Errorf("claimed %s and %s", first.Dir, second.Dir)
	}
	first.Release()
	if _, err := os.Stat(first.Dir); err == nil {
		t.Error("an empty folder is left")
	}
	// What a killed job left is taken over.
	write(t, filepath.Join(base+"-3", lockfile.Name), "left behind")
	if third := claim(t, ClaimOptions{Base: base}); third.Dir != base+"-3" {
		t.Errorf("claimed %s", third.Dir)
	}
}

// A place that can't be written is named as the output; other failures are the machine's.
func TestCannotWrite(t *testing.T) {
	for _, c := range []struct {
		err     error
		mistake bool
	}{
		{fs.ErrPermission, true}, {syscall.ENOTDIR, true}, {syscall.EROFS, true}, {fs.ErrNotExist, true}, {syscall.EIO, false}, {syscall.ENOSPC, false},
		{syscall.EMFILE, false},
	} {
		err := CannotWrite("out.csv", &fs.PathError{Op: "open", Path: "out.csv", Err: c.err})
		if invalid.Is(err) != c.mistake || c.mistake && !strings.HasPrefix(err.Error(), "Out out.csv: a place that can't be written") {
			t.Errorf("%v: %v", c.err, err)
		}
	}
}

// A file is refused before a job begins where its folder can't be written to; folders that are missing will be made.
func TestMayCreate(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "file"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	closed := filepath.Join(dir, "closed")
	if err := os.Mkdir(closed, 0o555); err != nil {
		t.Fatal(err)
	}
	for path, may := range map[string]bool{
		"new": true, "a/b/new": true, "file": true, "file/new": false, "file/a/new": false,
		"closed/new": os.Geteuid() <= 0, "closed/a/new": os.Geteuid() <= 0, // root may; other systems tell later
	} {
		err := MayCreate(filepath.Join(dir, path))
		if (err == nil) != may || err != nil && !invalid.Is(err) {
			t.Errorf("%s: %v", path, err)
		}
	}
	if err := MayCreate("new"); err != nil {
		t.Errorf("the current folder: %v", err)
	}
}
