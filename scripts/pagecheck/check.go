package main

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// A view is how a page is looked at.
type view struct {
	name          string
	width, height int
	dark, phone   bool
	media         string // "" is the screen
}

var views = []view{
	{"390-light", 390, 844, false, true, ""},
	{"390-dark", 390, 844, true, true, ""},
	{"1280-light", 1280, 900, false, false, ""},
	{"1280-dark", 1280, 900, true, false, ""},
	{"print", 718, 1000, true, false, "print"}, // A4 within its margins, from a screen in the dark
}

// Limits of a page.
const (
	mostBytes  = 3 << 20
	mostHeight = 6000 // of what isn't folded away, in a window 1,280 wide
)

// check looks at a page, a file or an address, in every view and leaves a screenshot of each, PREFIX-VIEW.png, and a print of a file,
// PREFIX.pdf.
func (b *browser) check(page, prefix string) ([]string, error) {
	file := !strings.HasPrefix(page, "http")
	var list []string
	if file {
		info, err := os.Stat(page)
		if err != nil {
			return nil, err
		}
		if info.Size() > mostBytes {
			list = append(list, fmt.Sprintf("%d bytes, more than %d", info.Size(), mostBytes))
		}
	}
	for _, v := range views {
		if !file && v.media != "" {
			continue
		}
		if err := b.show(page, v, file); err != nil {
			return nil, err
		}
		if err := b.shoot(v, prefix+"-"+v.name+".png"); err != nil {
			return nil, err
		}
		wrong, err := b.examine(v, file)
		if err != nil {
			return nil, err
		}
		for _, w := range append(wrong, b.heard(page)...) {
			list = append(list, v.name+": "+w)
		}
	}
	if !file {
		return list, nil
	}
	var print struct{ Data []byte }
	if err := b.call("Page.printToPDF", map[string]any{"printBackground": false}, &print); err != nil {
		return nil, err
	}
	return list, os.WriteFile(prefix+".pdf", print.Data, 0o666)
}

// show opens a page in a view.
func (b *browser) show(page string, v view, file bool) error {
	if err := b.setView(v); err != nil {
		return err
	}
	if err := b.open(page); err != nil {
		return err
	}
	if file {
		return nil
	}
	return b.waitFor("document.readyState == 'complete' && ![...document.images].some(i => !i.complete)")
}

// setView makes the window that of a view.
func (b *browser) setView(v view) error {
	scheme := "light"
	if v.dark {
		scheme = "dark"
	}
	if err := b.call("Emulation.setDeviceMetricsOverride", map[string]any{"width": v.width, "height": v.height, "deviceScaleFactor": 1, "mobile": v.phone}, nil); err != nil {
		return err
	}
	return b.call("Emulation.setEmulatedMedia", map[string]any{"media": v.media, "features": []map[string]string{{"name": "prefers-color-scheme", "value": scheme}}}, nil)
}

// shoot leaves a picture of the whole page.
func (b *browser) shoot(v view, path string) error {
	var shot struct{ Data []byte }
	if err := b.call("Page.captureScreenshot", map[string]any{"captureBeyondViewport": true, "clip": map[string]any{"x": 0, "y": 0, "width": v.width, "height": b.height(), "scale": 1}}, &shot); err != nil {
		return err
	}
	return os.WriteFile(path, shot.Data, 0o666)
}

// examine returns what is wrong with a page that is open in a view: as it is, unfolded, and by keyboard.
func (b *browser) examine(v view, file bool) ([]string, error) {
	list, err := b.look(file)
	if err != nil || v.media != "" {
		return list, err
	}
	if h := b.height(); file && !v.phone && h > mostHeight {
		list = append(list, fmt.Sprintf("%d pixels high, more than %d", h, mostHeight))
	}
	for _, step := range []func() ([]string, error){b.enlarge, func() ([]string, error) {
		done := 0
		if err := b.eval(unfold, &done); err != nil {
			return nil, err
		}
		unfolded, err := b.look(file)
		for i := range unfolded {
			unfolded[i] = "unfolded: " + unfolded[i]
		}
		return unfolded, err
	}} {
		more, err := step()
		if err != nil {
			return nil, err
		}
		list = append(list, more...)
	}
	if v.dark {
		return list, nil // the keyboard does the same in the dark
	}
	more, err := b.tabThrough()
	return append(list, more...), err
}

// open loads a file or an address and waits until it is there.
func (b *browser) open(page string) error {
	b.taken()
	select {
	case <-b.loaded: // an earlier one
	default:
	}
	if err := b.call("Page.navigate", map[string]any{"url": address(page)}, nil); err != nil {
		return err
	}
	select {
	case <-b.loaded:
	case <-b.ended:
		return fmt.Errorf("the browser has ended")
	case <-time.After(30 * time.Second):
		return fmt.Errorf("not loaded after half a minute")
	}
	return nil
}

// address is the URL of a file or an address.
func address(page string) string {
	if strings.HasPrefix(page, "http") {
		return page
	}
	where := url.URL{Scheme: "file", Path: filepath.ToSlash(page)}
	return where.String()
}

// waitFor waits until an expression is true in the page.
func (b *browser) waitFor(expression string) error {
	for range 1000 {
		yes := false
		if err := b.eval("!!("+expression+")", &yes); err != nil {
			return err
		}
		if yes {
			return nil
		}
		time.Sleep(5 * time.Millisecond)
	}
	return fmt.Errorf("not true after five seconds: %s", expression)
}

// eval runs an expression in the page and returns its value. The page's own policy binds only its own scripts.
func (b *browser) eval(expression string, into any) error {
	var answer struct {
		Result           struct{ Value json.RawMessage }
		ExceptionDetails *struct{ Text string }
	}
	if err := b.call("Runtime.evaluate", map[string]any{"expression": expression, "returnByValue": true}, &answer); err != nil {
		return err
	}
	if answer.ExceptionDetails != nil {
		return fmt.Errorf("evaluate: %s", answer.ExceptionDetails.Text)
	}
	return json.Unmarshal(answer.Result.Value, into)
}

func (b *browser) height() int {
	height := 0
	if b.eval("document.documentElement.scrollHeight", &height) != nil {
		return 1
	}
	return height
}

// heard returns what the events since the page was opened complain about, and every request for anything but a file itself or the
// server of an address.
func (b *browser) heard(page string) []string {
	own, err := url.Parse(address(page))
	if err != nil {
		return []string{err.Error()}
	}
	var wrong []string
	for _, e := range b.taken() {
		switch e.Method {
		case "Network.requestWillBeSent":
			var p struct{ Request struct{ URL string } }
			if json.Unmarshal(e.Params, &p) != nil {
				continue
			}
			u, err := url.Parse(p.Request.URL)
			if err == nil && (u.Scheme == "data" || u.Scheme == "blob" || u.Scheme == own.Scheme && u.Host == own.Host && (own.Scheme != "file" || u.Path == own.Path)) {
				continue
			}
			wrong = append(wrong, "asks for "+p.Request.URL)
		case "Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded":
			wrong = append(wrong, strings.TrimPrefix(e.Method, "Runtime.")+": "+string(e.Params))
		}
	}
	return wrong
}

// bad is a page with everything that the check is for.
const bad = `<!DOCTYPE html><title>bad</title><p style="width:5000px;color:#999">wide</p><button style="outline:0">seen</button><div style="font-size:8px">small</div><img src="http://localhost:9/x.png"><script>console.error("told"); nothing.there</script>`

// proveWatchful makes sure that the check sees what it looks for: a check that sees nothing passes everything.
func (b *browser) proveWatchful(folder string) error {
	path := filepath.Join(folder, "bad.html")
	if err := os.WriteFile(path, []byte(bad), 0o666); err != nil {
		return err
	}
	if err := b.open(path); err != nil {
		return err
	}
	list, err := b.look(true)
	if err != nil {
		return err
	}
	more, err := b.tabThrough()
	if err != nil {
		return err
	}
	list = append(list, more...)
	all := strings.Join(append(list, b.heard(path)...), "\n")
	for _, part := range []string{"wider than the screen", "asks for http://localhost:9/x.png", "consoleAPICalled", "exceptionThrown", "has a script", "image without alt", "contrast 2.8", "focus can't be seen", "text of 8 pixels"} {
		if !strings.Contains(all, part) {
			return fmt.Errorf("the check doesn't see %q in a page that is bad on purpose; it saw:\n%s", part, all)
		}
	}
	return nil
}
