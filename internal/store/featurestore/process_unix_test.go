//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package featurestore

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// sharedRows is how many different rows the processes of a test put and get.
const sharedRows = 3000

// TestMain lets the test binary run again as another process on a cache.
func TestMain(m *testing.M) {
	if job := os.Getenv("FEATURESTORE_TEST_JOB"); job != "" {
		if err := runJob(job, os.Getenv("FEATURESTORE_TEST_ROOT")); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func runJob(job, root string) error {
	switch job {
	case "put, then wait":
		s, err := Open(root, recipe)
		if err != nil {
			return err
		}
		for i := range 100 {
			if err := s.Put(keyFor(i), rowFor(i)); err != nil {
				return err
			}
		}
		fmt.Println("ready")
		time.Sleep(time.Hour) // until it is killed
	case "as nobody":
		return putAsNobody(root)
	case "work":
		for {
			if err := work(root); err != nil {
				return err
			}
		}
	case "prune":
		for {
			if _, err := Prune(root, int64(2*(rowsStart+segmentRows*12))); err != nil {
				return err
			}
			if _, err := List(context.Background(), root); err != nil {
				return err
			}
		}
	}
	return fmt.Errorf("no job %q", job)
}

// work opens the cache and gets rows in random order, putting those that are missing, as an extraction does.
func work(root string) error {
	s, err := Open(root, recipe)
	if err != nil {
		return err
	}
	defer s.Close()
	row := make([]float32, 3)
	for range sharedRows {
		i := rand.IntN(sharedRows)
		if s.Cols() == 3 && s.Get(keyFor(i), row) {
			if !slices.Equal(row, rowFor(i)) {
				return fmt.Errorf("row %d is %v", i, row)
			}
		} else if err := s.Put(keyFor(i), rowFor(i)); err != nil {
			return err
		}
	}
	for _, note := range s.Notes() {
		// A process that was killed while it wrote an entry may leave a damaged one; nothing else may be noted.
		if !strings.Contains(note, "damaged") {
			return fmt.Errorf("%s", note)
		}
	}
	return nil
}

// putAsNobody opens a cache that the process may not write to.
func putAsNobody(root string) error {
	if err := os.Chdir(root); err != nil {
		return err
	}
	if os.Geteuid() == 0 {
		if err := syscall.Setuid(65534); err != nil {
			return err
		}
	}
	s, err := Open(".", recipe)
	if err != nil {
		return err
	}
	defer s.Close()
	row := make([]float32, 3)
	for i := range 20 {
		if found := s.Get(keyFor(i), row); found != (i < 10) || found && !slices.Equal(row, rowFor(i)) {
			return fmt.Errorf("row %d: %v, %v", i, found, row)
		}
		if err := s.Put(keyFor(i), rowFor(i)); err != nil {
			return err
		}
	}
	if notes := s.Notes(); len(notes) != 1 || !strings.Contains(notes[0], "permission denied") {
		return fmt.Errorf("notes %q, want one about the permission", notes)
	}
	return nil
}

func process(t *testing.T, job, root string) (*exec.Cmd, *bufio.Reader) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "FEATURESTORE_TEST_JOB="+job, "FEATURESTORE_TEST_ROOT="+root)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	return cmd, bufio.NewReader(out)
}

func TestKilledProcessLosesNothing(t *testing.T) {
	root := t.TempDir()
	cmd, out := process(t, "put, then wait", root)
	if line, err := out.ReadString('\n'); line != "ready\n" {
		t.Fatalf("%q, %v", line, err)
	}
	if got := present(t, open(t, root), 101); got != 100 {
		t.Errorf("%d of 100 rows while the process lives", got)
	}
	cmd.Process.Kill()
	cmd.Wait()
	if got := present(t, open(t, root), 101); got != 100 {
		t.Errorf("%d of 100 rows after it was killed", got)
	}
}

func TestReadOnlyCache(t *testing.T) {
	root := t.TempDir()
	s := open(t, root)
	fill(t, s, 0, 10)
	s.Close()
	for _, path := range []string{s.dir, root} {
		if err := os.Chmod(path, 0o555); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { os.Chmod(root, 0o777); os.Chmod(s.dir, 0o777) })
	cmd, out := process(t, "as nobody", root)
	text, _ := io.ReadAll(out)
	if err := cmd.Wait(); err != nil {
		t.Errorf("%v: %s", err, text)
	}
}

// TestProcessesShareACache has processes work on one cache while one prunes it and workers are killed and replaced.
func TestProcessesShareACache(t *testing.T) {
	root := t.TempDir()
	length := 3 * time.Second
	if testing.Short() {
		length = time.Second
	}
	pruner, pruned := process(t, "prune", root)
	type worker struct {
		cmd *exec.Cmd
		out *bufio.Reader
	}
	var workers [2]worker
	random := rand.New(rand.NewPCG(1, 2))
	end := func(w worker) {
		w.cmd.Process.Kill()
		if text, _ := io.ReadAll(w.out); len(text) > 0 {
			t.Errorf("a process failed: %s", text)
		}
		w.cmd.Wait()
	}
	for start := time.Now(); time.Since(start) < length; {
		i := random.IntN(len(workers))
		if workers[i].cmd != nil {
			end(workers[i])
		}
		workers[i].cmd, workers[i].out = process(t, "work", root)
		time.Sleep(time.Duration(random.IntN(300)) * time.Millisecond)
	}
	for _, w := range append(workers[:], worker{pruner, pruned}) {
		if w.cmd != nil {
			end(w)
		}
	}
	if err := work(root); err != nil {
		t.Error(err)
	}
	if list, err := Verify(context.Background(), root); err != nil || len(list) != 0 {
		t.Errorf("damage after a last run: %+v, %v", list, err)
	}
}
