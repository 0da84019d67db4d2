//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package lockfile

import (
	"bufio"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"finetune/invalid"
)

// TestMain lets the test binary run again as a process that claims a folder and waits to be killed.
func TestMain(m *testing.M) {
	if dir := os.Getenv("LOCKFILE_TEST_CLAIM"); dir != "" {
		if _, err := Acquire(dir); err != nil {
			os.Stdout.WriteString(err.Error() + "\n")
			os.Exit(1)
		}
		runtime.GC() // must not end the claim
		os.Stdout.WriteString("claimed\n")
		time.Sleep(time.Hour) // until it is killed
	}
	os.Exit(m.Run())
}

// process starts a process that claims dir, and returns what it said.
func process(t *testing.T, dir string) (*exec.Cmd, string) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "train", "--out\x1b[2J")
	cmd.Env = append(os.Environ(), "LOCKFILE_TEST_CLAIM="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return cmd, line
}

func TestTwoProcesses(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	other, said := process(t, dir)
	if said != "claimed\n" {
		t.Fatal(said)
	}
	_, err := Acquire(dir)
	var held *HeldError
	if !invalid.Is(err) || !errors.As(err, &held) {
		t.Fatalf("got %v, want a folder in use", err)
	}
	if held.Holder.PID != other.Process.Pid || !strings.Contains(err.Error(), "train") || strings.Contains(err.Error(), "\x1b") {
		t.Errorf("%q doesn't name process %d and its command in printable characters", err, other.Process.Pid)
	}
	if _, said := process(t, dir); !strings.Contains(said, "a folder in use") {
		t.Errorf("a second process said %q", said)
	}

	other.Process.Kill()
	other.Wait()
	claim, err := Acquire(dir)
	if err != nil {
		t.Fatalf("after the holder was killed: %v", err)
	}
	for range 2 {
		if err := claim.Release(); err != nil {
			t.Error(err)
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("%v, %v left after Release", left, err)
	}
}

// TestOneAtATime has many goroutines claim, check that they are alone and release, so that files are removed under
// others' hands.
func TestOneAtATime(t *testing.T) {
	dir := t.TempDir()
	var alone sync.Mutex
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for got := 0; got < 50; {
				claim, err := Acquire(dir)
				var held *HeldError
				if errors.As(err, &held) {
					continue
				}
				if err != nil {
					t.Error(err)
					return
				}
				if !alone.TryLock() {
					t.Error("two claims at once")
					return
				}
				got++
				alone.Unlock()
				if err := claim.Release(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

func TestAcquireRefuses(t *testing.T) {
	fifo := t.TempDir()
	if err := syscall.Mkfifo(filepath.Join(fifo, Name), 0o666); err != nil {
		t.Fatal(err)
	}
	link := t.TempDir()
	if err := os.Symlink(filepath.Join(link, "elsewhere"), filepath.Join(link, Name)); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{fifo, link} {
		if _, err := Acquire(dir); !invalid.Is(err) || !strings.Contains(err.Error(), "not a regular file") {
			t.Errorf("%s: %v", dir, err)
		}
	}
}

func TestUnreadableRecord(t *testing.T) {
	for _, text := range []string{"", "{", `{"pid":"x"}`, strings.Repeat("x", 2*maxRecord)} {
		path := filepath.Join(t.TempDir(), Name)
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := holder(f).String(); got != "another process" {
			t.Errorf("%.10q: %s", text, got)
		}
		f.Close()
	}
}
