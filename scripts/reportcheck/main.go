// Reportcheck opens reports in a headless Chromium, on a phone and on a desk, in the light and in the dark. It fails
// where a page asks for anything outside its file, where a script or the console complains, where it is wider than the screen,
// and where a part that scrolls can't be reached by keyboard. Screenshots and a print are left for people to look at.
//
//	go run ./scripts/reportcheck [-browser chromium] [-out shots] RUN/report.html …
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

func main() {
	program := flag.String("browser", "", "Chromium or Chrome; by default the first that is found")
	out := flag.String("out", "report-shots", "folder for the screenshots")
	flag.Parse()
	if err := run(*program, *out, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "reportcheck:", err)
		os.Exit(1)
	}
}

func run(program, out string, pages []string) error {
	if len(pages) == 0 {
		return fmt.Errorf("no page; give the path of a report.html")
	}
	program, err := findBrowser(program)
	if err != nil {
		return err
	}
	profile, err := os.MkdirTemp("", "reportcheck")
	if err != nil {
		return err
	}
	defer os.RemoveAll(profile)
	if err := os.MkdirAll(out, 0o777); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	b, err := startBrowser(ctx, program, profile)
	if err != nil {
		return err
	}
	defer b.close()
	if err := b.proveWatchful(profile); err != nil {
		return err
	}
	complaints := 0
	for _, page := range pages {
		path, err := filepath.Abs(page)
		if err != nil {
			return err
		}
		name := filepath.Base(filepath.Dir(path))
		list, err := b.check(path, filepath.Join(out, name))
		if err != nil {
			return fmt.Errorf("%s: %w", page, err)
		}
		for _, c := range list {
			fmt.Fprintf(os.Stderr, "%s: %s\n", page, c)
		}
		complaints += len(list)
		fmt.Printf("%s: %d complaints; screenshots %s-*.png\n", page, len(list), filepath.Join(out, name))
	}
	if complaints > 0 {
		return fmt.Errorf("%d complaints", complaints)
	}
	return nil
}

// findBrowser returns the program to use.
func findBrowser(program string) (string, error) {
	if program != "" {
		return exec.LookPath(program)
	}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("no Chromium found; install it (apt-get install chromium) or name one with -browser")
}
