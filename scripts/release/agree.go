package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// heading matches the versions of the changelog; manTitle the version in the first line of a manual page.
var (
	heading  = regexp.MustCompile(`(?m)^## \[?([^\]\s]+)\]?(?:[ \t]+[-–][ \t]+(\d{4}-\d{2}-\d{2}))?[ \t]*$`)
	manTitle = regexp.MustCompile(`^\.TH "FINETUNE" 1 "[^"]*" "finetune ([^"]*)"`)
)

// agree reports where the version to be released isn't what the program, the manual and the changelog say. A snapshot has its
// changes under Unreleased; a release has a dated heading of its own, and nothing is left under Unreleased.
func agree(version, program string, manual, changelog []byte) error {
	var wrong []error
	if program != version {
		wrong = append(wrong, fmt.Errorf("the program says %q; expected %q", program, version))
	}
	if m := manTitle.FindSubmatch(manual); m == nil || string(m[1]) != version {
		line, _, _ := strings.Cut(string(manual), "\n")
		wrong = append(wrong, fmt.Errorf("the manual begins %q; expected the version %q", line, version))
	}
	return errors.Join(append(wrong, agreeChangelog(version, changelog))...)
}

// agreeChangelog looks at the first headings of the changelog.
func agreeChangelog(version string, changelog []byte) error {
	found := heading.FindAllSubmatchIndex(changelog, 2)
	if len(found) == 0 {
		return errors.New("CHANGELOG.md: no heading such as `## Unreleased` or `## 1.2.0 - 2026-01-31`")
	}
	name := func(h []int) string { return string(changelog[h[2]:h[3]]) }
	first := found[0]
	if !isRelease(version) {
		if name(first) != "Unreleased" {
			return fmt.Errorf("CHANGELOG.md begins with %s; expected Unreleased, since version %s is no release", name(first), version)
		}
		return nil
	}
	if name(first) == "Unreleased" {
		end := len(changelog)
		if len(found) > 1 {
			end = found[1][0]
		}
		if left := strings.TrimSpace(string(changelog[first[1]:end])); left != "" || len(found) == 1 {
			return fmt.Errorf("CHANGELOG.md: changes are under Unreleased; put them under `## %s - DATE`", version)
		}
		first = found[1]
	}
	if name(first) != version {
		return fmt.Errorf("CHANGELOG.md: the newest version is %s; expected %s", name(first), version)
	}
	if first[4] < 0 {
		return fmt.Errorf("CHANGELOG.md: version %s has no date; expected `## %[1]s - 2026-01-31`", version)
	}
	return nil
}

// isRelease reports whether a version is one of a release; others are snapshots.
func isRelease(version string) bool {
	return !strings.HasPrefix(version, snapshot) && version != "(devel)" && !strings.HasPrefix(version, "v0.0.0-")
}

// programVersion is the version and the commit that a program says of itself.
func programVersion(ctx context.Context, program string) (version, commit string, err error) {
	text, err := output(ctx, "", program, "version", "--json")
	if err != nil {
		return "", "", err
	}
	var says struct{ Version, Revision string }
	err = json.Unmarshal([]byte(text), &says)
	return says.Version, says.Revision, err
}

// checkProgram compares a program that is built already with its manual and the changelog of the current folder. A tag of the
// commit is the version that is expected.
func checkProgram(ctx context.Context, program string) error {
	says, _, err := programVersion(ctx, program)
	if err != nil {
		return err
	}
	version, err := versionOf(ctx, "HEAD", "")
	if err != nil {
		return err
	}
	if !isRelease(version) {
		version = says // of whatever work tree it was built
	}
	scratch, err := os.MkdirTemp("", "finetune-man-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	if _, err := output(ctx, "", program, "man", scratch); err != nil {
		return err
	}
	manual, err := os.ReadFile(filepath.Join(scratch, "finetune.1"))
	if err != nil {
		return err
	}
	changelog, err := os.ReadFile("CHANGELOG.md")
	if err != nil {
		return err
	}
	if err := agree(version, says, manual, changelog); err != nil {
		return err
	}
	fmt.Printf("program, manual and CHANGELOG.md agree on version %s\n", version)
	return nil
}
