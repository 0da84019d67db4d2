package main

import (
	_ "embed"
	"fmt"
)

//go:embed look.js
var looked string

// look returns what is wrong with the page as it is now.
func (b *browser) look(file bool) ([]string, error) {
	var wrong []string
	err := b.eval(fmt.Sprintf("%s(%v)", looked, file), &wrong)
	return wrong, err
}

// unfold opens all that is folded away, but for photos that would be enlarged.
const unfold = `document.querySelectorAll("details:not(.zoom)").forEach(d => d.open = true), 1`

// focusable marks everything that a keyboard must reach and returns how much that is.
const focusable = `(() => {
  window._reach = [...document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex]")].filter(e =>
    e.tabIndex >= 0 && !e.disabled && e.checkVisibility({checkVisibilityCSS: true}) && e.getClientRects().length > 0);
  window._reached = new Set();
  document.activeElement.blur();
  return window._reach.length;
})()`

// focused takes note of what has the focus and returns what is wrong with it. A focus that can't be seen is wrong.
const focused = `(() => {
  const e = document.activeElement;
  if (!e || e === document.body) return "";
  window._reached.add(e);
  const of = [e, e.closest("label") || e].map(x => getComputedStyle(x));
  return of.some(s => s.outlineStyle != "none" && parseFloat(s.outlineWidth) >= 2) ? "" : "focus can't be seen: " + e.tagName + " " + (e.id || e.className);
})()`

const missed = `window._reach.filter(e => !window._reached.has(e)).map(e => "Tab doesn't reach " + e.tagName + " " + (e.id || e.className || e.textContent.slice(0, 30)))`

// tabThrough goes through the page by keyboard alone.
func (b *browser) tabThrough() ([]string, error) {
	var list []string
	count := 0
	if err := b.eval(focusable, &count); err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for range count + 30 { // a scroller takes the focus too, in some browsers
		if err := b.press("Tab"); err != nil {
			return nil, err
		}
		said := ""
		if err := b.eval(focused, &said); err != nil {
			return nil, err
		}
		if said != "" && !seen[said] {
			seen[said] = true
			list = append(list, said)
		}
	}
	var rest []string
	err := b.eval(missed, &rest)
	return append(list, rest...), err
}

// firstPhoto puts the focus on the first photo that can be enlarged.
const firstPhoto = `(() => { const s = document.querySelector(".zoom summary"); if (!s) return false; s.scrollIntoView(); s.focus(); window._small = s.querySelector("img").getBoundingClientRect().width; return true; })()`

// photo says what is wrong with it once it is enlarged.
const photo = `(() => {
  const d = document.querySelector(".zoom"), r = d.querySelector("img").getBoundingClientRect();
  if (!d.open) return "Enter doesn't enlarge a photo";
  if (r.width <= window._small) return "an enlarged photo is " + r.width + " pixels wide, a small one " + window._small;
  if (r.left < 0 || r.top < 0 || r.right > innerWidth || r.bottom > innerHeight) return "an enlarged photo is larger than the screen";
  return "";
})()`

// enlarge opens the first photo by keyboard and closes it again.
func (b *browser) enlarge() ([]string, error) {
	found := false
	if err := b.eval(firstPhoto, &found); err != nil || !found {
		return nil, err
	}
	if err := b.press("Enter"); err != nil {
		return nil, err
	}
	said, open := "", false
	if err := b.eval(photo, &said); err != nil {
		return nil, err
	}
	if err := b.press("Enter"); err != nil {
		return nil, err
	}
	if err := b.eval(`document.querySelector(".zoom").open`, &open); err != nil {
		return nil, err
	}
	if open && said == "" {
		said = "Enter doesn't make a photo small again"
	}
	if said == "" {
		return nil, nil
	}
	return []string{said}, nil
}

// keys are those that the checks press, with their codes.
var keys = map[string]int{"Tab": 9, "Enter": 13, "Escape": 27}

// press presses and releases a key.
func (b *browser) press(key string) error {
	event := map[string]any{"type": "keyDown", "key": key, "code": key, "windowsVirtualKeyCode": keys[key]}
	switch {
	case len(key) == 1:
		event["text"] = key
	case key == "Enter":
		event["text"] = "\r"
	}
	if err := b.call("Input.dispatchKeyEvent", event, nil); err != nil {
		return err
	}
	delete(event, "text")
	event["type"] = "keyUp"
	return b.call("Input.dispatchKeyEvent", event, nil)
}
