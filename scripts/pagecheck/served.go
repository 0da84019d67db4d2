package main

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// A server is finetune with a page.
type server struct {
	cmd *exec.Cmd
	url string
}

var printedURL = regexp.MustCompile(`https?://\S+`)

// start starts finetune and waits for the address that it prints.
func (c *checker) start(ctx context.Context, args ...string) (*server, error) {
	cmd := exec.CommandContext(ctx, c.finetune, args...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if url := printedURL.FindString(lines.Text()); url != "" {
			return &server{cmd, url}, nil
		}
	}
	return nil, fmt.Errorf("finetune %v: no address: %w", args, cmd.Wait())
}

// kill ends it at once, as a crash would.
func (s *server) kill() {
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait()
}

// served looks at what finetune serves.
func (c *checker) served(ctx context.Context) error {
	folder, err := os.MkdirTemp("", "pagecheck")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	if err := c.serve(ctx); err != nil {
		return fmt.Errorf("serve: %w", err)
	}
	if err := c.review(ctx, filepath.Join(folder, "corrected.csv")); err != nil {
		return fmt.Errorf("review: %w", err)
	}
	return nil
}

// serve looks at the page of finetune serve, empty and with an answer.
func (c *checker) serve(ctx context.Context) error {
	s, err := c.start(ctx, "serve", "--model", c.run, "--addr", "127.0.0.1:0", "-q")
	if err != nil {
		return err
	}
	defer s.kill()
	if err := c.page(s.url, "serve"); err != nil {
		return err
	}
	photo, err := filepath.Abs("testdata/demo/images/coffee/0-grade3.jpg")
	if err != nil {
		return err
	}
	b := c.browser
	for _, v := range views[:4] {
		if err := b.show(s.url, v, false); err != nil {
			return err
		}
		var root struct{ Root struct{ NodeID int } }
		if err := b.call("DOM.getDocument", nil, &root); err != nil {
			return err
		}
		var input struct{ NodeID int }
		if err := b.call("DOM.querySelector", map[string]any{"nodeId": root.Root.NodeID, "selector": "#files"}, &input); err != nil {
			return err
		}
		if err := b.call("DOM.setFileInputFiles", map[string]any{"nodeId": input.NodeID, "files": []string{photo}}, nil); err != nil {
			return err
		}
		if err := b.waitFor("document.querySelectorAll('#results .maps img').length > 1 || document.querySelector('#results .error')"); err != nil {
			return err
		}
		list, err := b.examine(v, false)
		if err != nil {
			return err
		}
		if err := b.shoot(v, filepath.Join(c.out, "serve-answer-"+v.name+".png")); err != nil {
			return err
		}
		failed := false
		if err := b.eval("!document.querySelector('#results .answer') || !document.querySelector('#results .maps')", &failed); err != nil {
			return err
		}
		if failed {
			list = append(list, "no answer or no maps for an image")
		}
		c.complain("serve "+v.name, append(list, b.heard(s.url)...))
	}
	return nil
}

// corrections is how many labels are corrected.
const corrections = 20

// review looks at the page of finetune review and corrects labels by keys alone. Half way through, the server is killed.
func (c *checker) review(ctx context.Context, out string) error {
	args := []string{"review", "--model", c.run, "--out", out, "--reviewer", "pagecheck", "-q"}
	s, err := c.start(ctx, args...)
	if err != nil {
		return err
	}
	defer func() { s.kill() }()
	if err := c.reviewLooks(s.url); err != nil {
		return err
	}
	wanted := map[string]string{} // label by path
	var took time.Duration
	for _, half := range []int{corrections / 2, corrections - corrections/2} {
		if err := c.browser.show(s.url, views[2], false); err != nil {
			return err
		}
		begun := time.Now()
		for i := range half {
			if err := c.correct(wanted, i == 2); err != nil {
				return err
			}
		}
		took += time.Since(begun)
		c.complain("review", c.browser.heard(s.url))
		s.kill()
		if s, err = c.start(ctx, args...); err != nil {
			return err
		}
	}
	fmt.Printf("review: %d labels corrected by keys alone in %.1f s\n", corrections, took.Seconds())
	c.complain("review", c.compare(out, wanted))
	return c.train(ctx, out)
}

// reviewLooks looks at the page in every view.
func (c *checker) reviewLooks(url string) error {
	b := c.browser
	for _, v := range views[:4] {
		if err := b.show(url, v, false); err != nil {
			return err
		}
		if err := b.waitFor("document.body.dataset.item"); err != nil {
			return err
		}
		list, err := b.examine(v, false)
		if err != nil {
			return err
		}
		if err := b.shoot(v, filepath.Join(c.out, "review-"+v.name+".png")); err != nil {
			return err
		}
		c.complain("review "+v.name, append(list, b.heard(url)...))
	}
	fmt.Printf("review: screenshots %s-*.png\n", filepath.Join(c.out, "review"))
	return nil
}

// correct gives the label that is proposed to the image that is shown; with detours it is skipped, gone back to, labelled
// and undone before.
func (c *checker) correct(wanted map[string]string, detours bool) error {
	b := c.browser
	if err := b.waitFor("document.body.dataset.item"); err != nil {
		return err
	}
	var shown struct {
		Place            int
		Key, Path, Label string
	}
	read := func() error {
		return b.eval(`(() => { const i = queue.items[at]; return {Place: at, Key: queue.keys[i.proposed], Path: i.paths[0], Label: queue.classes[i.proposed]}; })()`, &shown)
	}
	if err := read(); err != nil {
		return err
	}
	here := fmt.Sprintf("document.body.dataset.item === '%d'", shown.Place)
	elsewhere := "document.body.dataset.item && !(" + here + ")"
	presses := []struct{ key, then string }{{shown.Key, elsewhere}}
	if detours {
		presses = append([]struct{ key, then string }{
			{"s", elsewhere}, {"u", here}, {shown.Key, elsewhere}, {"u", here}, {"Enter", elsewhere}, {"u", here},
		}, presses...)
	}
	for _, p := range presses {
		if err := b.press(p.key); err != nil {
			return err
		}
		if err := b.waitFor(p.then); err != nil {
			return fmt.Errorf("after key %s: %w", p.key, err)
		}
	}
	wanted[shown.Path] = shown.Label
	return nil
}

// compare says where the corrected manifest isn't what was decided, and where the log doesn't say so.
func (c *checker) compare(out string, wanted map[string]string) []string {
	var list []string
	if len(wanted) != corrections {
		list = append(list, fmt.Sprintf("%d images corrected; expected %d", len(wanted), corrections))
	}
	rows, err := readCSV(out)
	if err != nil {
		return []string{err.Error()}
	}
	found := 0
	for path, label := range wanted {
		for _, row := range rows {
			if strings.HasSuffix(row[0], path) && row[1] == label {
				found++
			}
		}
	}
	if found != len(wanted) {
		list = append(list, fmt.Sprintf("the manifest has %d of %d corrections", found, len(wanted)))
	}
	text, err := os.ReadFile(strings.TrimSuffix(out, ".csv") + ".changes.jsonl")
	if err != nil {
		return append(list, err.Error())
	}
	changed := map[string]string{}
	for line := range strings.Lines(string(text)) {
		var e struct {
			Time, Reviewer string
			Changes        []struct{ Path, To string }
		}
		if err := json.Unmarshal([]byte(line), &e); err != nil || e.Reviewer != "pagecheck" || e.Time == "" {
			list = append(list, "a line of the log: "+line)
		}
		for _, change := range e.Changes {
			changed[change.Path] = change.To
		}
	}
	for path, label := range wanted {
		if changed[path] != label {
			list = append(list, fmt.Sprintf("the log has %q for %s; expected %q", changed[path], path, label))
		}
	}
	return list
}

// train trains on the corrected labels.
func (c *checker) train(ctx context.Context, manifest string) error {
	run := filepath.Join(filepath.Dir(manifest), "run")
	text, err := exec.CommandContext(ctx, c.finetune, "--data", manifest, "--out", run, "-q").CombinedOutput()
	if err != nil {
		return fmt.Errorf("training on the corrected labels: %w\n%s", err, text)
	}
	return nil
}

func readCSV(path string) ([][]string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return csv.NewReader(f).ReadAll()
}
