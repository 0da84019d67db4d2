//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package atomicfile

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"
)

// TestMain lets the test binary run again as a process that writes a file and waits to be killed.
func TestMain(m *testing.M) {
	if path := os.Getenv("ATOMICFILE_TEST_WRITE"); path != "" {
		f, err := Create(path)
		if err != nil {
			os.Exit(1)
		}
		defer runtime.KeepAlive(f) // the garbage collector would close it
		f.WriteString("half a file")
		f.Flush()
		os.Stdout.WriteString("written\n")
		time.Sleep(time.Hour) // until it is killed
	}
	os.Exit(m.Run())
}

// writer starts a process that has half of a file written when writer returns.
func writer(t *testing.T, path string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "ATOMICFILE_TEST_WRITE="+path)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "written\n" {
		t.Fatalf("the other process said %q, %v", line, err)
	}
	return cmd
}

func files(t *testing.T, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestSweepRemovesFilesOfDeadProcesses(t *testing.T) {
	dir := t.TempDir()
	other := writer(t, filepath.Join(dir, "out"))
	foreign := filepath.Join(dir, ".out.tmp-1")
	if err := os.WriteFile(foreign, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		alive bool
		want  int // files, this process's own among them
	}{{true, 3}, {false, 2}} {
		if !c.alive {
			other.Process.Kill()
			other.Wait()
		}
		swept.Delete(dir) // as in a new process
		f, err := Create(filepath.Join(dir, "mine"))
		if err != nil {
			t.Fatal(err)
		}
		if got := files(t, dir); len(got) != c.want {
			t.Errorf("other process alive %v: files %q, want %d", c.alive, got, c.want)
		}
		f.Abort()
	}
	if got := files(t, dir); len(got) != 1 {
		t.Errorf("%q left, want the file of another program", got)
	}
}

func TestUmaskIsHonoured(t *testing.T) {
	before := syscall.Umask(0o077)
	defer syscall.Umask(before)
	path := filepath.Join(t.TempDir(), "private")
	for _, c := range []struct{ umask, want os.FileMode }{{0o077, 0o600}, {0o022, 0o644}, {0o002, 0o664}} {
		syscall.Umask(int(c.umask))
		if err := Write(path, func(io.Writer) error { return nil }); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != c.want {
			t.Errorf("umask %03o: got %v, %v, want %v", c.umask, info.Mode(), err, c.want)
		}
	}
}
