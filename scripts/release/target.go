package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// A target is a platform and the C compiler that builds for it on this machine.
type target struct {
	os, arch string
	cc       string // may have arguments
	zig      string // the name that Zig's C compiler gives the platform, and options for it; "" where it isn't used
}

func (t target) String() string { return t.os + "/" + t.arch }

// exe is the program's file name.
func (t target) exe() string {
	if t.os == "windows" {
		return "finetune.exe"
	}
	return "finetune"
}

// known lists the platforms of a release, with the names that Debian gives their C compilers. Zig's compiler links to old
// symbols of glibc, which newer systems have too; Debian's links to those of its own.
var known = []target{
	{"linux", "amd64", "x86_64-linux-gnu-gcc", "x86_64-linux-gnu.2.28"},
	{"linux", "arm64", "aarch64-linux-gnu-gcc", "aarch64-linux-gnu.2.28"},
	{"windows", "amd64", "x86_64-w64-mingw32-gcc", ""}, // Zig's linker writes the time into the program
	// clang needs Apple's SDK, which is on macOS alone. Zig has what is needed of it but for two libraries; their symbols are in darwin/.
	{"darwin", "arm64", "clang", "aarch64-macos -L{stubs} -F{stubs}"},
}

// with returns the target with Zig's C compiler instead of its own, where zig is the command that runs Zig. This machine's own
// compiler may have another name than Debian's.
func (t target) with(zig string) target {
	if _, err := exec.LookPath(t.cc); err != nil && t.os == runtime.GOOS && t.arch == runtime.GOARCH {
		t.cc = hostTarget().cc
	}
	if zig != "" && t.zig != "" {
		t.cc = zig + " cc -target " + t.zig
	}
	return t
}

// available reports whether the compiler is installed and builds for the target.
func (t target) available() bool {
	if t.os == "darwin" && t.cc == "clang" && runtime.GOOS != "darwin" {
		return false
	}
	_, err := exec.LookPath(strings.Fields(t.cc)[0])
	return err == nil
}

// selectTargets reads a list of targets. Those of an empty list are all that can be built here; the others are named.
func selectTargets(list, zig string) ([]target, error) {
	var chosen []target
	for _, t := range known {
		t = t.with(zig)
		wanted := list == ""
		for name := range strings.SplitSeq(list, ",") {
			wanted = wanted || name == t.String()
		}
		switch {
		case wanted && t.available():
			chosen = append(chosen, t)
		case wanted && list != "":
			return nil, fmt.Errorf("%v: no C compiler %s for it on this machine", t, t.cc)
		case wanted:
			fmt.Printf("%v: skipped, since this machine has no C compiler %s for it\n", t, t.cc)
		}
	}
	if list != "" && len(chosen) != 1+strings.Count(list, ",") || len(chosen) == 0 {
		return nil, fmt.Errorf("targets %q; expected some of %v, each once, with a C compiler", list, known)
	}
	return chosen, nil
}

// build compiles the program for a target. Neither paths nor times nor the repository enter the file.
func (s *source) build(ctx context.Context, t target, file string, env []string) error {
	const artifact = "finetune/pipeline/artifact"
	flags := fmt.Sprintf("-s -w -buildid= -X %s.version=%s -X %s.revision=%s", artifact, s.version, artifact, s.commit)
	cc := strings.ReplaceAll(t.cc, "{stubs}", filepath.Join(s.dir, "scripts/release/darwin"))
	env = append([]string{"CGO_ENABLED=1", "GOOS=" + t.os, "GOARCH=" + t.arch, "CC=" + cc, "GOFLAGS=-mod=readonly", "GOWORK=off",
		"CGO_CFLAGS=-O2", "CGO_LDFLAGS="}, env...)
	_, err := run(ctx, s.dir, env, "go", "build", "-trimpath", "-buildvcs=false", "-ldflags", flags, "-o", file, "./cmd/finetune")
	return err
}

// hostTarget is this machine, whose program writes the manual and the completions.
func hostTarget() target {
	return target{os: runtime.GOOS, arch: runtime.GOARCH, cc: "cc"}
}

// shells are those that completions are written for, and the file of each under share/.
var shells = []struct{ name, file string }{
	{"bash", "bash-completion/completions/finetune"},
	{"zsh", "zsh/site-functions/_finetune"},
	{"fish", "fish/vendor_completions.d/finetune.fish"},
	{"powershell", "powershell/finetune.ps1"},
}

// share returns the manual pages and completions that the program writes, by path under share/.
func (s *source) share(ctx context.Context, program, scratch string) (map[string][]byte, error) {
	files := map[string][]byte{}
	env := []string{fmt.Sprintf("SOURCE_DATE_EPOCH=%d", s.time.Unix())}
	if _, err := run(ctx, "", env, program, "man", scratch); err != nil {
		return nil, err
	}
	pages, err := filepath.Glob(filepath.Join(scratch, "*.1"))
	if err != nil {
		return nil, err
	}
	for _, page := range pages {
		if files["man/man1/"+filepath.Base(page)], err = os.ReadFile(page); err != nil {
			return nil, err
		}
	}
	for _, shell := range shells {
		script, err := output(ctx, "", program, "completion", shell.name)
		if err != nil {
			return nil, err
		}
		files[shell.file] = []byte(script + "\n")
	}
	return files, nil
}
