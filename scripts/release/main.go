// Command release builds the archives of a release from a commit: for each target the program, its manual pages and
// completions, the licence, the notices of everything that is linked, and a bill of materials; and SHA256SUMS over all.
// The same commit and version give the same bytes with the same Go and C compilers, in whatever folder and at whatever time.
//
//	go run ./scripts/release -out dist                       # every target whose C compiler is installed
//	go run ./scripts/release -targets linux/amd64 -twice     # build twice and compare
//	go run ./scripts/release -check -binary bin/finetune     # do changelog, manual and program name one version?
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
)

func main() {
	r := release{}
	targets := flag.String("targets", "", "`list` of GOOS/GOARCH with commas between (default: all whose C compiler is installed)")
	flag.StringVar(&r.out, "out", "dist", "`folder` for the archives")
	flag.StringVar(&r.commit, "commit", "HEAD", "`commit` to build")
	flag.StringVar(&r.version, "version", "", "`version`, such as 1.2.0 (default: the commit's tag, else a snapshot)")
	flag.BoolVar(&r.twice, "twice", false, "build again from another folder without Go's build cache and compare the bytes")
	zig := flag.String("zig", "", "`command` of Zig, as C compiler for Linux and macOS (default: the compilers of the system)")
	check := flag.Bool("check", false, "build nothing: compare the version in the changelog, the manual and the program")
	binary := flag.String("binary", "bin/finetune", "the `program` for -check")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var err error
	if *check {
		err = checkProgram(ctx, *binary)
	} else if r.targets, err = selectTargets(*targets, *zig); err == nil {
		err = r.run(ctx)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "release:", strings.TrimSpace(err.Error()))
		os.Exit(1)
	}
}
