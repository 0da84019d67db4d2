package report

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"testing"

	"finetune/pipeline/metrics"
)

func TestConfusion(t *testing.T) {
	d := &Data{Classes: []Class{{Name: "a"}, {Name: "b"}, {Name: "c"}},
		Metrics: metrics.Report{Confusion: [][]int{{3, 1, 0}, {0, 0, 0}, {1, 0, 399}}}}
	h := confusion(d)
	first, last := h.Lines[0], h.Lines[2]
	if c := first[0]; c.Shade != .75 || c.Text != "3" || c.Share != "75"+nbsp+"%" || c.Class() != "deep own" ||
		c.Title != "true a, predicted a: 3 images, 75.0 % of the row" {
		t.Errorf("%+v, %q", c, c.Class())
	}
	if c := first[2]; c.Shade != 0 || c.Text != "0" || c.Share != "" || c.Class() != "zero" {
		t.Errorf("%+v", c)
	}
	if c := last[0]; c.Share != "<1"+nbsp+"%" {
		t.Errorf("a rare mistake: %+v", c)
	}
	if c := h.Lines[1][1]; c.Text != "" || c.Shade != 0 || c.Title != "no held-out image of this class" {
		t.Errorf("a class without images: %+v", c)
	}
}

// TestConfusionOfManyClasses: adjacent classes share rows, and no image is lost.
func TestConfusionOfManyClasses(t *testing.T) {
	const k = 101
	d := &Data{Metrics: metrics.Report{Confusion: make([][]int, k)}}
	total := 0
	for i := range k {
		d.Classes = append(d.Classes, Class{Name: fmt.Sprint(i)})
		d.Metrics.Confusion[i] = make([]int, k)
		for j := range k {
			d.Metrics.Confusion[i][j] = i * j % 7
			total += i * j % 7
		}
	}
	h := confusion(d)
	if len(h.Lines) > maxCells || h.Names[0] != "0 … 2" || h.Names[len(h.Names)-1] != "99 … 100" || !h.Tiny ||
		h.Joined != 3 {
		t.Errorf("%d rows, %v", len(h.Lines), h.Names)
	}
	for _, line := range h.Lines {
		for _, c := range line {
			if c.Text == "" { // a zero
				continue
			}
			n, err := strconv.Atoi(c.Text)
			if err != nil {
				t.Fatal(err)
			}
			total -= n
		}
	}
	if total != 0 {
		t.Errorf("%d images are missing", total)
	}
}

func TestDistances(t *testing.T) {
	d := &Data{Classes: []Class{{Name: "a"}, {Name: "b"}, {Name: "c"}}}
	h := distances(d, "", func(i, j int) float64 { return float64(abs(i-j)) / 4 })
	if c := h.Lines[0][2]; c.Shade != 1 || c.Text != "0.5" || c.Title != "a and c: 0.5" {
		t.Errorf("%+v", c)
	}
	if c := h.Lines[1][1]; c.Shade != 0 || !c.Diagonal {
		t.Errorf("%+v", c)
	}
	for _, line := range distances(d, "", func(int, int) float64 { return 0 }).Lines {
		for _, c := range line {
			if c.Shade != 0 {
				t.Errorf("of no distances: %+v", c)
			}
		}
	}
}

// rgb parses a colour, "#16202b" or "8 48 107".
func rgb(t *testing.T, s string) (c [3]float64) {
	t.Helper()
	if s[0] == '#' {
		v, err := strconv.ParseUint(s[1:], 16, 32)
		if err != nil {
			t.Fatal(err)
		}
		return [3]float64{float64(v >> 16), float64(v >> 8 & 255), float64(v & 255)}
	}
	if _, err := fmt.Sscan(s, &c[0], &c[1], &c[2]); err != nil {
		t.Fatal(err)
	}
	return c
}

// contrast returns the contrast ratio of WCAG 2.
func contrast(a, b [3]float64) float64 {
	luminance := func(c [3]float64) (sum float64) {
		for i, weight := range [3]float64{.2126, .7152, .0722} {
			v := c[i] / 255
			if v <= .04045 {
				v /= 12.92
			} else {
				v = math.Pow((v+.055)/1.055, 2.4)
			}
			sum += weight * v
		}
		return sum
	}
	x, y := luminance(a), luminance(b)
	return (max(x, y) + .05) / (min(x, y) + .05)
}

// TestContrast checks the contrast of text in both themes: at least 4.5 to 1 (WCAG 2 AA).
func TestContrast(t *testing.T) {
	themes := regexp.MustCompile(`(?s):root \{(.*?)\n *\}`).FindAllStringSubmatch(style, -1)
	if len(themes) != 2 {
		t.Fatalf("%d themes, want light and dark", len(themes))
	}
	for i, theme := range themes {
		v := map[string]string{}
		for _, m := range regexp.MustCompile(`--([a-z-]+): ([^;]+);`).FindAllStringSubmatch(theme[1], -1) {
			v[m[1]] = m[2]
		}
		check := func(what string, fore, back [3]float64, least float64) {
			if c := contrast(fore, back); c < least {
				t.Errorf("theme %d: %s: %.2f, want %v", i, what, c, least)
			}
		}
		for _, back := range []string{"surface", "page"} {
			for _, fore := range []string{"ink", "muted", "accent", "second", "good", "bad"} {
				check(fore+" on "+back, rgb(t, v[fore]), rgb(t, v[back]), 4.5)
			}
		}
		depth, err := strconv.ParseFloat(v["depth"], 64)
		if err != nil {
			t.Fatal(err)
		}
		for shade := 0; shade <= 100; shade++ {
			var c cell
			c.shade(float64(shade) / 100)
			text := "on-pale"
			if c.Light {
				text = "on-deep"
			}
			back, heat := rgb(t, v["surface"]), rgb(t, v["heat"])
			for j := range back {
				back[j] += c.Shade * depth * (heat[j] - back[j])
			}
			check(fmt.Sprintf("a cell of shade %d", shade), rgb(t, v[text]), back, 4.5)
		}
	}
}
