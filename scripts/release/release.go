package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// A release is the archives of one commit.
type release struct {
	out, commit, version string
	targets              []target
	twice                bool
}

// sums names the file with the checksums.
const sums = "SHA256SUMS"

// run builds the archives and writes them into the folder, once they are compared where that is asked for.
func (r *release) run(ctx context.Context) error {
	files, err := r.make(ctx, nil)
	if err != nil {
		return err
	}
	if r.twice {
		if err := r.again(ctx, files); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(r.out, 0o777); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if err := os.WriteFile(filepath.Join(r.out, name), files[name], 0o666); err != nil {
			return err
		}
		fmt.Printf("%s %d bytes\n", filepath.Join(r.out, name), len(files[name]))
	}
	return nil
}

// again builds everything a second time, from another folder and without what Go's build cache holds, and compares.
func (r *release) again(ctx context.Context, first map[string][]byte) error {
	cache, err := os.MkdirTemp("", "finetune-gocache-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(cache)
	second, err := r.make(ctx, []string{"GOCACHE=" + cache})
	if err != nil {
		return err
	}
	if differing := differences(first, second); len(differing) > 0 {
		return fmt.Errorf("two builds of the same commit differ in %s", strings.Join(differing, ", "))
	}
	fmt.Printf("two builds are the same, byte for byte, in %d files\n", len(first))
	return nil
}

// differences names the files that aren't the same in both.
func differences(a, b map[string][]byte) []string {
	var names []string
	for name := range a {
		if other, ok := b[name]; !ok || !bytes.Equal(a[name], other) {
			names = append(names, name)
		}
	}
	for name := range b {
		if _, ok := a[name]; !ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// make returns the files of the release by name. env is added to the environment of the builds.
func (r *release) make(ctx context.Context, env []string) (files map[string][]byte, err error) {
	scratch, err := os.MkdirTemp("", "finetune-release-*")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(scratch)) }()
	tree := filepath.Join(scratch, "tree")
	if err := os.Mkdir(tree, 0o777); err != nil {
		return nil, err
	}
	s, err := r.export(ctx, tree)
	if err != nil {
		return nil, err
	}
	host := filepath.Join(scratch, "host", "finetune")
	if err := s.build(ctx, hostTarget(), host, env); err != nil {
		return nil, err
	}
	common, err := s.common(ctx, host, filepath.Join(scratch, "man"))
	if err != nil {
		return nil, err
	}
	files = map[string][]byte{}
	for _, t := range r.targets {
		program := filepath.Join(scratch, t.os+"-"+t.arch, t.exe())
		if err := s.build(ctx, t, program, env); err != nil {
			return nil, fmt.Errorf("%v: %w", t, err)
		}
		if err := s.pack(ctx, t, program, common, files); err != nil {
			return nil, fmt.Errorf("%v: %w", t, err)
		}
	}
	files[sums] = checksums(files)
	return files, nil
}

// common returns what all archives hold, once the version is the same in all of it.
func (s *source) common(ctx context.Context, program, scratch string) (map[string][]byte, error) {
	files := map[string][]byte{}
	share, err := s.share(ctx, program, scratch)
	if err != nil {
		return nil, err
	}
	for name, data := range share {
		files["share/"+name] = data
	}
	for _, name := range []string{"LICENSE", "README.md", "CHANGELOG.md", "docs/install.md", "docs/deploy.md"} {
		if files[name], err = os.ReadFile(filepath.Join(s.dir, name)); err != nil {
			return nil, err
		}
	}
	files["LICENSE-efficientnet-lite0"], err = os.ReadFile(filepath.Join(s.dir, "models/LICENSE-efficientnet-lite0"))
	if err != nil {
		return nil, err
	}
	says, commit, err := programVersion(ctx, program)
	if err != nil {
		return nil, err
	}
	if commit != s.commit {
		return nil, fmt.Errorf("the program says that it is of commit %q; expected %s", commit, s.commit)
	}
	return files, agree(s.version, says, files["share/man/man1/finetune.1"], files["CHANGELOG.md"])
}

// pack adds the archive of a target and its bill of materials to files.
func (s *source) pack(ctx context.Context, t target, program string, common, files map[string][]byte) error {
	modules, goVersion, err := s.linked(ctx, program)
	if err != nil {
		return err
	}
	goroot, err := output(ctx, s.dir, "go", "env", "GOROOT")
	if err != nil {
		return err
	}
	c := content{files: maps.Clone(common), executable: map[string]bool{t.exe(): true}}
	if c.files[t.exe()], err = os.ReadFile(program); err != nil {
		return err
	}
	if c.files["NOTICES"], err = notices(modules, goroot); err != nil {
		return err
	}
	if c.files["sbom.cdx.json"], err = s.bom(t, modules, goVersion); err != nil {
		return err
	}
	folder := fmt.Sprintf("finetune-%s-%s-%s", s.version, t.os, t.arch)
	files[folder+".cdx.json"] = c.files["sbom.cdx.json"]
	var archive bytes.Buffer
	if t.os == "windows" {
		err = c.writeZip(&archive, folder, s.time)
		files[folder+".zip"] = archive.Bytes()
	} else {
		err = c.writeTar(&archive, folder, s.time)
		files[folder+".tar.gz"] = archive.Bytes()
	}
	return err
}

// checksums returns the digests in the form that sha256sum -c reads.
func checksums(files map[string][]byte) []byte {
	var b bytes.Buffer
	for _, name := range slices.Sorted(maps.Keys(files)) {
		fmt.Fprintf(&b, "%x  %s\n", sha256.Sum256(files[name]), name)
	}
	return b.Bytes()
}
