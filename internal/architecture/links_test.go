package architecture

import (
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"
)

// TestLinksResolve checks every relative link of README.md, CHANGELOG.md, docs and the README files below: the file must exist,
// and a fragment must be a heading of it.
func TestLinksResolve(t *testing.T) {
	pages := markdownPages(t, "../..")
	links := 0
	for _, page := range pages {
		for _, link := range linksOf(read(t, page)) {
			links++
			checkLink(t, page, link)
		}
	}
	if len(pages) < 10 || links < 50 {
		t.Errorf("found %d pages with %d links: the search for them is broken", len(pages), links)
	}
}

// TestDocsAreLinked checks that README.md links to every page of docs.
func TestDocsAreLinked(t *testing.T) {
	linked := map[string]bool{}
	for _, link := range linksOf(read(t, "../../README.md")) {
		linked[link] = true
	}
	pages, err := filepath.Glob("../../docs/*.md")
	if err != nil || len(pages) == 0 {
		t.Fatalf("no pages in docs: %v", err)
	}
	for _, page := range pages {
		if name := "docs/" + filepath.Base(page); !linked[name] {
			t.Errorf("README.md doesn't link to %s", name)
		}
	}
}

func TestFragments(t *testing.T) {
	for heading, want := range map[string]string{
		"Exit status":           "exit-status",
		"`coral` and `corn`":    "coral-and-corn",
		"P(y = k) by loss":      "py--k-by-loss",
		"[Votes](#votes), ages": "votes-ages",
	} {
		if got := fragment(heading); got != want {
			t.Errorf("fragment of %q is %q, want %q", heading, got, want)
		}
	}
}

func TestLinksOf(t *testing.T) {
	text := "[a](b.md) ![c](d.png) `[not](a-link)`\n```\n[nor](this)\n```\n[e](https://example.org) [f](#g) [h](i.md#j)\n"
	if got := strings.Join(linksOf(text), " "); got != "b.md d.png #g i.md#j" {
		t.Errorf("got %q", got)
	}
}

func checkLink(t *testing.T, page, link string) {
	t.Helper()
	target, anchor, _ := strings.Cut(link, "#")
	target, err := url.PathUnescape(target)
	if err != nil {
		t.Errorf("%s: link %q: %v", page, link, err)
		return
	}
	file := page
	if target != "" {
		file = filepath.Join(filepath.Dir(page), filepath.FromSlash(target))
	}
	if _, err := os.Stat(file); err != nil {
		t.Errorf("%s: link %q: %v", page, link, err)
		return
	}
	if anchor == "" {
		return
	}
	for line := range strings.Lines(withoutCode(read(t, file))) {
		if heading, ok := strings.CutPrefix(strings.TrimLeft(line, "#"), " "); ok && line[0] == '#' && fragment(heading) == anchor {
			return
		}
	}
	t.Errorf("%s: link %q: %s has no such heading", page, link, file)
}

// markdownPages lists the Markdown files below root, hidden folders left out.
func markdownPages(t *testing.T, root string) []string {
	t.Helper()
	var pages []string
	err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() && strings.HasPrefix(name, ".") && path != root || d.IsDir() && (name == "bin" || name == "shared") {
			return filepath.SkipDir
		}
		if !d.IsDir() && filepath.Ext(name) == ".md" {
			pages = append(pages, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return pages
}

var (
	fenced = regexp.MustCompile("(?ms)^```.*?^```$")
	inline = regexp.MustCompile("`[^`\n]*`")
	linkTo = regexp.MustCompile(`\]\(([^)\s]+)\)`)
)

func withoutCode(text string) string { return fenced.ReplaceAllString(text, "") }

// linksOf returns the targets of a page's relative links.
func linksOf(text string) []string {
	var links []string
	text = inline.ReplaceAllString(withoutCode(text), "``")
	for _, m := range linkTo.FindAllStringSubmatch(text, -1) {
		if !strings.Contains(m[1], "://") && !strings.HasPrefix(m[1], "mailto:") {
			links = append(links, m[1])
		}
	}
	return links
}

// fragment returns the anchor that GitHub gives a heading: lower case, spaces as hyphens, other punctuation left out.
func fragment(heading string) string {
	heading = regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`).ReplaceAllString(strings.TrimSpace(heading), "$1")
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsNumber(r):
			return unicode.ToLower(r)
		}
		return -1
	}, heading)
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(text), "\r\n", "\n")
}
