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

// views are how a page is looked at.
var views = []struct {
	name          string
	width, height int
	dark, phone   bool
	media         string // "" is the screen
}{
	{"400-light", 400, 800, false, true, ""},
	{"400-dark", 400, 800, true, true, ""},
	{"1280-light", 1280, 900, false, false, ""},
	{"1280-dark", 1280, 900, true, false, ""},
	{"print", 718, 1000, true, false, "print"}, // A4 within its margins, from a screen in the dark
}

// check looks at a page in every view and leaves a screenshot of each, PREFIX-VIEW.png, and a print, PREFIX.pdf.
func (b *browser) check(path, prefix string) ([]string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	var list []string
	const most = 3 << 20
	if info.Size() > most {
		list = append(list, fmt.Sprintf("%d bytes, more than %d", info.Size(), most))
	}
	for _, v := range views {
		scheme := "light"
		if v.dark {
			scheme = "dark"
		}
		if err := b.call("Emulation.setDeviceMetricsOverride", map[string]any{"width": v.width, "height": v.height, "deviceScaleFactor": 1, "mobile": v.phone}, nil); err != nil {
			return nil, err
		}
		if err := b.call("Emulation.setEmulatedMedia", map[string]any{"media": v.media, "features": []map[string]string{{"name": "prefers-color-scheme", "value": scheme}}}, nil); err != nil {
			return nil, err
		}
		if err := b.open(path); err != nil {
			return nil, err
		}
		var shot struct{ Data []byte }
		if err := b.call("Page.captureScreenshot", map[string]any{"captureBeyondViewport": true, "clip": map[string]any{"x": 0, "y": 0, "width": v.width, "height": b.height(), "scale": 1}}, &shot); err != nil {
			return nil, err
		}
		if err := os.WriteFile(prefix+"-"+v.name+".png", shot.Data, 0o666); err != nil {
			return nil, err
		}
		wrong, err := b.look()
		if err != nil {
			return nil, err
		}
		for _, w := range append(wrong, b.heard(path)...) {
			list = append(list, v.name+": "+w)
		}
	}
	var print struct{ Data []byte }
	if err := b.call("Page.printToPDF", map[string]any{"printBackground": false}, &print); err != nil {
		return nil, err
	}
	return list, os.WriteFile(prefix+".pdf", print.Data, 0o666)
}

// open loads a file and waits until it is there.
func (b *browser) open(path string) error {
	b.taken()
	select {
	case <-b.loaded: // an earlier one
	default:
	}
	where := url.URL{Scheme: "file", Path: filepath.ToSlash(path)}
	if err := b.call("Page.navigate", map[string]any{"url": where.String()}, nil); err != nil {
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

// looked is what is asked of the page itself: complaints, none of a page that is well.
const looked = `(() => {
  const wrong = [], root = document.documentElement;
  if (root.scrollWidth > innerWidth) wrong.push("wider than the screen: " + root.scrollWidth + " pixels");
  if (!root.lang) wrong.push("no language");
  if (document.querySelectorAll("h1").length != 1) wrong.push("not one h1");
  if (document.scripts.length) wrong.push("has a script");
  const ids = [...document.querySelectorAll("[id]")].map(e => e.id);
  ids.filter((id, i) => ids.indexOf(id) != i).forEach(id => wrong.push("id " + id + " twice"));
  document.querySelectorAll("a[href^='#']").forEach(a => { if (!document.getElementById(a.hash.slice(1))) wrong.push("no place for " + a.hash); });
  document.querySelectorAll("img").forEach(i => { if (!i.alt) wrong.push("image without alt"); if (!i.complete || !i.naturalWidth) wrong.push("broken image " + i.alt); });
  document.querySelectorAll("svg:not([aria-hidden])").forEach(s => { if (!s.getAttribute("aria-label") && !s.getAttribute("aria-labelledby")) wrong.push("picture without a name"); });
  document.querySelectorAll("th:not([scope])").forEach(t => wrong.push("header without scope: " + t.textContent));
  document.querySelectorAll("body *").forEach(e => {
    const over = getComputedStyle(e).overflowX;
    if ((over == "auto" || over == "scroll") && e.scrollWidth > e.clientWidth + 1 && e.tabIndex < 0) wrong.push("scrolls but can't be focused: " + e.className);
  });
  return wrong;
})()`

func (b *browser) look() ([]string, error) {
	var wrong []string
	err := b.eval(looked, &wrong)
	return wrong, err
}

// heard returns what the events since the page was opened complain about, and every request for anything but the page itself.
func (b *browser) heard(path string) []string {
	var wrong []string
	for _, e := range b.taken() {
		switch e.Method {
		case "Network.requestWillBeSent":
			var p struct{ Request struct{ URL string } }
			if json.Unmarshal(e.Params, &p) != nil {
				continue
			}
			u, err := url.Parse(p.Request.URL)
			if err == nil && (u.Scheme == "data" || u.Scheme == "file" && u.Path == filepath.ToSlash(path)) {
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
const bad = `<!DOCTYPE html><title>bad</title><p style="width:5000px">wide</p><img src="http://localhost:9/x.png"><script>console.error("told"); nothing.there</script>`

// proveWatchful makes sure that the check sees what it looks for: a check that sees nothing passes everything.
func (b *browser) proveWatchful(folder string) error {
	path := filepath.Join(folder, "bad.html")
	if err := os.WriteFile(path, []byte(bad), 0o666); err != nil {
		return err
	}
	if err := b.open(path); err != nil {
		return err
	}
	list, err := b.look()
	if err != nil {
		return err
	}
	all := strings.Join(append(list, b.heard(path)...), "\n")
	for _, part := range []string{"wider than the screen", "asks for http://localhost:9/x.png", "consoleAPICalled", "exceptionThrown", "has a script", "image without alt"} {
		if !strings.Contains(all, part) {
			return fmt.Errorf("the check doesn't see %q in a page that is bad on purpose; it saw:\n%s", part, all)
		}
	}
	return nil
}
