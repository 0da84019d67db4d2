// Pagecheck opens pages in a headless Chromium, on a phone and on a desk, in the light and in the dark. It fails where a page asks for
// anything outside its file, where a script or the console complains, where it is wider than the screen, where text has too little
// contrast, and where something can't be reached, or the focus not be seen, by keyboard. Screenshots and prints are left for people to
// look at.
//
//	go run ./scripts/pagecheck [-browser chromium] [-out shots] PAGE …
//
// With -finetune and -run it also looks at the pages that finetune serves for a run, labels an image in one and corrects twenty labels by
// keys alone in the other, with a kill in between.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

func main() {
	c := checker{}
	program := flag.String("browser", "", "Chromium or Chrome; by default the first that is found")
	flag.StringVar(&c.out, "out", "page-shots", "folder for the screenshots")
	flag.StringVar(&c.finetune, "finetune", "", "the program, to look at what it serves")
	flag.StringVar(&c.run, "run", "", "a run with twenty doubtful labels, for -finetune")
	flag.Parse()
	if err := c.check(*program, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "pagecheck:", err)
		os.Exit(1)
	}
}

// A checker looks at pages and counts complaints.
type checker struct {
	out, finetune, run string
	browser            *browser
	complaints         int
}

func (c *checker) check(program string, pages []string) error {
	if len(pages) == 0 && c.finetune == "" {
		return fmt.Errorf("no page; give the path of a page, or -finetune and -run")
	}
	program, err := findBrowser(program)
	if err != nil {
		return err
	}
	profile, err := os.MkdirTemp("", "pagecheck")
	if err != nil {
		return err
	}
	defer os.RemoveAll(profile)
	if err := os.MkdirAll(c.out, 0o777); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 4*time.Minute)
	defer cancel()
	if c.browser, err = startBrowser(ctx, program, profile); err != nil {
		return err
	}
	defer c.browser.close()
	if err := c.browser.proveWatchful(profile); err != nil {
		return err
	}
	for _, page := range pages {
		path, err := filepath.Abs(page)
		if err != nil {
			return err
		}
		name := filepath.Base(filepath.Dir(path)) + "-" + strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
		if err := c.page(path, name); err != nil {
			return err
		}
	}
	if c.finetune != "" {
		if err := c.served(ctx); err != nil {
			return err
		}
	}
	if c.complaints > 0 {
		return fmt.Errorf("%d complaints", c.complaints)
	}
	return nil
}

// page looks at one page.
func (c *checker) page(page, name string) error {
	list, err := c.browser.check(page, filepath.Join(c.out, name))
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	c.complain(name, list)
	fmt.Printf("%s: %d complaints; screenshots %s-*.png\n", name, len(list), filepath.Join(c.out, name))
	return nil
}

func (c *checker) complain(name string, list []string) {
	for _, text := range list {
		fmt.Fprintf(os.Stderr, "%s: %s\n", name, text)
	}
	c.complaints += len(list)
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
