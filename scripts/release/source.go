package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// A source is the tree of one commit, outside the repository.
type source struct {
	dir     string
	commit  string // 40 hex digits
	version string
	time    time.Time // of the commit; the time of every file in the archives
}

// export writes the tree of the commit into dir. What isn't committed is never released.
func (r *release) export(ctx context.Context, dir string) (*source, error) {
	commit, err := output(ctx, "", "git", "rev-parse", "--verify", r.commit+"^{commit}")
	if err != nil {
		return nil, err
	}
	s := &source{dir: dir, commit: commit}
	seconds, err := output(ctx, "", "git", "show", "-s", "--format=%ct", commit)
	if err != nil {
		return nil, err
	}
	unix, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil {
		return nil, fmt.Errorf("commit time: %w", err)
	}
	s.time = time.Unix(unix, 0).UTC()
	if s.version, err = versionOf(ctx, commit, r.version); err != nil {
		return nil, err
	}
	tree := filepath.Join(dir, "tree.tar")
	if _, err := output(ctx, "", "git", "archive", "--format=tar", "-o", tree, commit); err != nil {
		return nil, err
	}
	if _, err := output(ctx, dir, "tar", "-xf", tree); err != nil {
		return nil, err
	}
	return s, os.Remove(tree)
}

// versionOf is the version given, else the tag vX.Y.Z of the commit, else that of a snapshot.
func versionOf(ctx context.Context, commit, given string) (string, error) {
	tags, err := output(ctx, "", "git", "tag", "--points-at", commit, "--list", "v[0-9]*")
	if err != nil {
		return "", err
	}
	tagged := strings.Fields(tags)
	switch {
	case len(tagged) > 1:
		return "", fmt.Errorf("commit %s has the tags %s; expected one version", commit, strings.Join(tagged, ", "))
	case len(tagged) == 1 && given != "" && given != tagged[0][1:]:
		return "", fmt.Errorf("version %s was given, but the commit has the tag %s", given, tagged[0])
	case len(tagged) == 1:
		return tagged[0][1:], nil
	case given != "":
		return given, nil
	}
	return snapshot + commit[:min(12, len(commit))], nil
}

// snapshot begins the version of a commit that is no release.
const snapshot = "0.0.0-dev+"

// output runs a program and returns what it prints, without the last line break. The error has what it says on standard error.
func output(ctx context.Context, dir, name string, args ...string) (string, error) {
	return run(ctx, dir, nil, name, args...)
}

// run is output with variables added to the environment.
func run(ctx context.Context, dir string, env []string, name string, args ...string) (string, error) {
	c := exec.CommandContext(ctx, name, args...)
	c.Dir, c.Env = dir, append(os.Environ(), env...)
	out, err := c.Output()
	if err != nil {
		detail := ""
		if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
			detail = ": " + strings.TrimSpace(string(exit.Stderr))
		}
		return "", fmt.Errorf("%s %s: %w%s", name, strings.Join(args, " "), err, detail)
	}
	return strings.TrimRight(string(out), "\n"), nil
}
