package artifact

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"finetune/internal/remote"
	"finetune/internal/s3test"
	"finetune/internal/store/lockfile"
	"finetune/internal/store/seal"
	"finetune/invalid"
)

var things = Kind{Name: "thing", Mark: "a", Patterns: []string{"a", "b", "c-*"}}

// objects returns the names below an address.
func objects(t *testing.T, address string) (names []string) {
	t.Helper()
	for e, err := range remote.List(t.Context(), address) {
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, e.Name)
	}
	return names
}

// fill writes the files of a result, whose content is their name and a text.
func fill(t *testing.T, f *Folder, text string, names ...string) {
	t.Helper()
	for _, name := range names {
		write(t, f.Path(name), name+text)
	}
}

// otherMachine makes this process one that has staged nothing.
func otherMachine(t *testing.T) { t.Setenv("XDG_CACHE_HOME", t.TempDir()) }

// staged returns what is left on this machine.
func staged(t *testing.T) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(os.Getenv("XDG_CACHE_HOME"), "finetune", "uploads", "*"))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestDestination(t *testing.T) {
	server := s3test.Start(t)
	otherMachine(t)
	const out = "s3://" + s3test.Bucket + "/results/one"
	job := func(replace bool, text string, names ...string) error {
		f, err := things.Claim(t.Context(), ClaimOptions{Dir: out + "/", Replace: replace})
		if err != nil {
			return err
		}
		defer f.Release()
		if f.Dir != out || f.Name("a") != out+"/a" {
			t.Errorf("the folder is %s", f.Dir)
		}
		fill(t, f, text, names...)
		return f.Publish(t.Context())
	}
	mustHave := func(text string, names ...string) {
		t.Helper()
		if got := objects(t, out); !slices.Equal(got, append(names, seal.Name)) {
			t.Fatalf("there are %q", got)
		}
		dir := t.TempDir()
		for _, name := range append(names, seal.Name) {
			write(t, filepath.Join(dir, name), string(server.Get(t, path.Join("results/one", name))))
		}
		if status, err := seal.Verify(t.Context(), dir); err != nil || !status.Complete() {
			t.Errorf("not a complete result: %+v, %v", status, err)
		}
		if got := string(server.Get(t, "results/one/a")); got != "a"+text {
			t.Errorf("a is %q", got)
		}
		if left := staged(t); left != nil {
			t.Errorf("staged: %q", left)
		}
	}
	refused := func(err error, found string) {
		t.Helper()
		if !invalid.Is(err) || !strings.Contains(err.Error(), found) {
			t.Errorf("got %v, want %q", err, found)
		}
		if left := staged(t); left != nil {
			t.Errorf("staged: %q", left)
		}
	}

	if err := job(false, "1", "a", "b"); err != nil {
		t.Fatal(err)
	}
	mustHave("1", "a", "b")
	refused(job(false, "2", "a"), "an earlier thing")
	if err := job(true, "2", "a", "c-1"); err != nil {
		t.Fatal(err)
	}
	mustHave("2", "a", "c-1")

	// What others put there stays, beside a result, too.
	server.Put(t, "results/one/b", []byte("mine"))
	if err := job(true, "3", "a", "b"); !invalid.Is(err) || !strings.Contains(err.Error(), "didn't write") {
		t.Errorf("got %v", err)
	}
	if left := staged(t); len(left) != 1 {
		t.Errorf("staged: %q", left)
	}
	otherMachine(t)
	if got := objects(t, out); !slices.Equal(got, []string{"a", "b", "c-1", seal.Name}) {
		t.Errorf("there are %q", got)
	}
	if got := string(server.Get(t, "results/one/b")); got != "mine" {
		t.Errorf("a file of another became %q", got)
	}
	server.Put(t, "results/two/notes", []byte("mine"))
	_, err := things.Claim(t.Context(), ClaimOptions{Dir: "s3://" + s3test.Bucket + "/results/two", Replace: true})
	refused(err, "other files")
	other := Kind{Name: "other", Mark: "x", Patterns: []string{"x"}}
	_, err = other.Claim(t.Context(), ClaimOptions{Dir: out, Replace: true})
	if err == nil {
		t.Error("a job of another kind may replace it")
	}
	_, err = things.Claim(t.Context(), ClaimOptions{Dir: "https://example.com/x"})
	refused(err, "can't be written to")
	_, err = things.Claim(t.Context(), ClaimOptions{Dir: out, Inputs: []string{out + "/data/"}})
	refused(err, "the folder of the input")
}

// An upload that is cut off at any request leaves no complete result. The same machine goes on with it; another is refused until the claim
// is removed.
func TestDestinationIsInterrupted(t *testing.T) {
	server := s3test.Start(t)
	ctx, cancel := context.WithCancel(t.Context())
	var cutAt, writes int
	proxy := s3test.Through(t, server.Address, func(_ int, r *http.Request) s3test.Fault {
		if r.Method != http.MethodPut && r.Method != http.MethodDelete {
			return s3test.Fault{}
		}
		if writes++; writes == cutAt {
			cancel()
			return s3test.Fault{Lost: true}
		}
		return s3test.Fault{}
	})
	t.Setenv("AWS_ENDPOINT_URL", "http://"+proxy)
	publish := func(out, text string) error {
		f, err := things.Claim(ctx, ClaimOptions{Dir: out, Replace: true})
		if err != nil {
			return err
		}
		defer f.Release()
		fill(t, f, text, "a", "b")
		return f.Publish(ctx)
	}
	for cutAt = 1; ; cutAt++ {
		out := "s3://" + s3test.Bucket + "/cut-" + string(rune('a'+cutAt))
		otherMachine(t)
		ctx, cancel = context.WithCancel(t.Context())
		writes = 1000
		if err := publish(out, "0"); err != nil {
			t.Fatal(err)
		}
		writes = 0
		err := publish(out, "1")
		if writes < cutAt {
			if err != nil || cutAt < 8 { // claim, three removed, three put, claim
				t.Errorf("%d writes, %v", writes, err)
			}
			break
		}
		if !errors.Is(err, context.Canceled) {
			t.Errorf("write %d: %v", cutAt, err)
		}
		writes = 1000
		ctx, cancel = context.WithCancel(t.Context())
		local := os.Getenv("XDG_CACHE_HOME")
		otherMachine(t)
		if err := publish(out, "2"); !invalid.Is(err) || !strings.Contains(err.Error(), "remove "+out+"/"+lockfile.Name) {
			if got := objects(t, out); slices.Contains(got, lockfile.Name) {
				t.Errorf("write %d: another machine has %v, and there are %q", cutAt, err, got)
			}
		}
		t.Setenv("XDG_CACHE_HOME", local)
		if err := publish(out, "3"); err != nil {
			t.Errorf("write %d: the same machine can't go on: %v", cutAt, err)
		}
		if got := objects(t, out); !slices.Equal(got, []string{"a", "b", seal.Name}) {
			t.Errorf("write %d: there are %q", cutAt, got)
		}
	}
	cancel()
}

// Of two jobs at a time one result is there, whole, and the other job has an error.
func TestDestinationOfTwoJobs(t *testing.T) {
	server := s3test.Start(t)
	otherMachine(t)
	const out = "s3://" + s3test.Bucket + "/both"
	first, err := things.Claim(t.Context(), ClaimOptions{Dir: out})
	if err != nil {
		t.Fatal(err)
	}
	defer first.Release()
	if _, err := things.Claim(t.Context(), ClaimOptions{Dir: out}); !invalid.Is(err) {
		t.Errorf("claimed twice on a machine: %v", err)
	}
	otherMachine(t)
	second, err := things.Claim(t.Context(), ClaimOptions{Dir: out})
	if err != nil {
		t.Fatal(err)
	}
	defer second.Release()
	fill(t, first, "1", "a", "b")
	fill(t, second, "2", "a", "b")
	if err := second.Publish(t.Context()); err != nil {
		t.Fatal(err)
	}
	err = first.Publish(t.Context())
	if !invalid.Is(err) || !strings.Contains(err.Error(), "an earlier thing") || !strings.Contains(err.Error(), "the result is complete in ") {
		t.Errorf("got %v", err)
	}
	if got := objects(t, out); !slices.Equal(got, []string{"a", "b", seal.Name}) || string(server.Get(t, "both/b")) != "b2" {
		t.Errorf("there are %q", got)
	}
}

// Lost answers, refusals for now and slow answers change nothing.
func TestDestinationThroughFaults(t *testing.T) {
	server := s3test.Start(t)
	otherMachine(t)
	proxy := s3test.Through(t, server.Address, func(n int, _ *http.Request) s3test.Fault {
		return []s3test.Fault{{}, {Lost: true}, {}, {Status: 503}, {Status: 429}, {}, {}}[n%7]
	})
	t.Setenv("AWS_ENDPOINT_URL", "http://"+proxy)
	const out = "s3://" + s3test.Bucket + "/bad"
	for round := range 3 {
		f, err := things.Claim(t.Context(), ClaimOptions{Dir: out, Replace: round > 0})
		if err != nil {
			t.Fatal(err)
		}
		fill(t, f, strings.Repeat("x", round), "a", "b", "c-1", "c-2")
		if err := f.Publish(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := f.Release(); err != nil {
			t.Error(err)
		}
		if got := objects(t, out); !slices.Equal(got, []string{"a", "b", "c-1", "c-2", seal.Name}) {
			t.Errorf("there are %q", got)
		}
	}
	if got := string(server.Get(t, "bad/c-2")); got != "c-2xx" {
		t.Errorf("the last result is %q", got)
	}
	if left := staged(t); left != nil {
		t.Errorf("staged: %q", left)
	}
}

// A store may say of an object that it is there, by refusing the condition, and then that it isn't, since another job removed it in between.
// The claim and the files are then put again, and never taken for there.
func TestDestinationOfVanishingObjects(t *testing.T) {
	server := s3test.Start(t)
	for _, name := range []string{lockfile.Name, "a", seal.Name} {
		for _, refusals := range []int{1, 100} {
			otherMachine(t)
			out := fmt.Sprintf("s3://%s/%s-%d", s3test.Bucket, strings.Trim(name, "."), refusals)
			claimed, left := false, refusals
			proxy := s3test.Through(t, server.Address, func(_ int, r *http.Request) s3test.Fault {
				switch base := path.Base(r.URL.Path); {
				case r.Method != http.MethodPut:
				case base == name && left > 0:
					left--
					return s3test.Fault{Status: http.StatusPreconditionFailed}
				case base == lockfile.Name:
					claimed = true
				}
				return s3test.Fault{}
			})
			t.Setenv("AWS_ENDPOINT_URL", "http://"+proxy)
			f, err := things.Claim(t.Context(), ClaimOptions{Dir: out})
			if err != nil {
				t.Fatal(err)
			}
			fill(t, f, "", "a", "b")
			err = f.Publish(t.Context())
			f.Release()
			got := objects(t, out)
			if refusals == 1 && (err != nil || !claimed || !slices.Equal(got, []string{"a", "b", seal.Name})) {
				t.Errorf("%s refused once: %v, claimed %t, there are %q", name, err, claimed, got)
			}
			if refusals > 1 && (err == nil || slices.Contains(got, seal.Name)) {
				t.Errorf("%s refused: %v, there are %q", name, err, got)
			}
		}
	}
}
