package library

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// errNoClient means that a package client is not installed.
var errNoClient = errors.New("not installed")

// fetch has p's client download its package into dir, which is made, and returns the file.
func fetch(ctx context.Context, p pin, dir string) (string, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	var pattern string
	var command []string
	var err error
	switch p.client {
	case "pip":
		pattern = "*.whl"
		command, err = pipCommand(ctx, p, dir)
	case "npm":
		pattern = "*.tgz"
		command, err = npmCommand(ctx, p, dir)
	default:
		err = fmt.Errorf("no client called %q", p.client)
	}
	if err != nil {
		return "", err
	}
	if err := run(ctx, dir, command); err != nil {
		return "", fmt.Errorf("%s could not bring %s %s: %w", p.client, p.pkg, p.release(), err)
	}
	files, err := filepath.Glob(filepath.Join(dir, pattern))
	if err != nil {
		return "", err
	}
	if len(files) != 1 {
		return "", fmt.Errorf("%s left %d files %s for %s %s, not one", p.client, len(files), pattern, p.pkg, p.release())
	}
	return files[0], nil
}

// pipCommand downloads the wheel of one fixed interpreter, since only the library inside is used: the user's
// own Python may be older or newer than any wheel of this release.
func pipCommand(ctx context.Context, p pin, dir string) ([]string, error) {
	for _, python := range []string{"python3", "python"} {
		path, err := exec.LookPath(python)
		if err != nil {
			continue
		}
		if err := run(ctx, dir, []string{path, "-m", "pip", "--version"}); err != nil {
			if ctx.Err() != nil {
				return nil, context.Cause(ctx)
			}
			continue
		}
		return []string{path, "-m", "pip", "download", "--quiet", "--no-input", "--disable-pip-version-check",
			"--no-deps", "--only-binary=:all:", "--implementation", "cp", "--python-version", "3.12",
			"--platform", p.tag, "--dest", dir, p.pkg + "==" + p.release()}, nil
	}
	return nil, fmt.Errorf("pip: %w", errNoClient)
}

// npmCommand downloads the tarball as it is published; no script of it is run.
func npmCommand(ctx context.Context, p pin, dir string) ([]string, error) {
	path, err := exec.LookPath("npm")
	if err != nil {
		return nil, fmt.Errorf("npm: %w", errNoClient)
	}
	// A launcher may be installed without Node.
	if err := run(ctx, dir, []string{path, "--version"}); err != nil {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		return nil, fmt.Errorf("npm: %w", errNoClient)
	}
	return []string{path, "pack", "--loglevel=error", "--ignore-scripts", p.pkg + "@" + p.release()}, nil
}

// run executes a command in dir, with temporary files there too so that they go when dir goes. Its error is one
// line of the command's output. When ctx ends, the command and all that it started end.
func run(ctx context.Context, dir string, command []string) error {
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "TMPDIR="+dir)
	cmd.WaitDelay = 5 * time.Second
	endWithChildren(cmd)
	var said bytes.Buffer
	cmd.Stderr = &said
	err := cmd.Run()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if line := lastWord(said.String()); err != nil && line != "" {
		return fmt.Errorf("%w: %s", err, line)
	}
	return err
}

var errorLine = regexp.MustCompile(`^(ERROR|npm ERR!|npm error)`)

// lastWord returns the line of a client's standard error that describes the failure: the first that is marked as
// an error, else the last one.
func lastWord(text string) string {
	const most = 300
	pick := ""
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		pick = line
		if errorLine.MatchString(line) {
			break
		}
	}
	if runes := []rune(pick); len(runes) > most {
		pick = string(runes[:most]) + "…"
	}
	return pick
}
