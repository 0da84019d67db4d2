package report

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"finetune/label"
	"finetune/pipeline/metrics"
)

// sample returns the data of a run with n held-out images.
func sample(t testing.TB, names []string, n int) Data {
	t.Helper()
	k := len(names)
	space, err := label.New(names, nil)
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, uint64(k)))
	in := metrics.Input{Space: space, Resamples: 20}
	d := Data{Finetune: "test", Source: "faces/", HeldOut: "test", Decision: "argmax", Loss: "emd2", Best: 2,
		Soft:     make([][]float64, k),
		Trained:  []Setting{{"Data", "faces/: folder per class"}},
		Settings: []Section{{"head", []Setting{{"lr", "0.02"}}}}, Files: []Setting{{"head.onnx", "the head"}},
		Notes:   []string{"a note"},
		History: []Epoch{{1, 2, 3, 1}, {2, 1, 2, 0.5}}, Ground: &Ground{Kind: "distances",
			Distances: make([]float64, k*k)}}
	for i := range k {
		d.Soft[i] = make([]float64, k)
		d.Classes = append(d.Classes, Class{Name: names[i], Train: 10, Val: 2, HeldOut: 3})
	}
	for range n {
		y := rng.IntN(k)
		p := make([]float64, k)
		p[rng.IntN(k)], p[y] = 0.25, 0.75
		p[y] += 1 - 0.75 - sum(p) + p[y]
		for c, v := range p {
			d.Soft[y][c] += v
		}
		in.Labels, in.Probabilities = append(in.Labels, y), append(in.Probabilities, p...)
		im := Image{Path: fmt.Sprintf("%d.jpg", n), Label: y, Predicted: y, Probabilities: p, Missing: "gone"}
		for _, g := range []*Gallery{&d.Mistakes, &d.Unsure, &d.Suspects} {
			if g.Total++; g.Total <= 20 {
				g.Images = append(g.Images, im)
			}
		}
	}
	for i := range d.Suspects.Images {
		d.Suspects.Images[i].Suspect = &metrics.Suspect{Class: k - 1, FromLabel: 2, FromClass: 0.1, OfLabel: 0.4,
			OfClass: 0.2}
	}
	if d.Metrics, err = metrics.Evaluate(in); err != nil {
		t.Fatal(err)
	}
	return d
}

func sum(p []float64) (s float64) {
	for _, v := range p {
		s += v
	}
	return s
}

func written(t testing.TB, d Data) string {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, d); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

var grades = []string{"good", "fair", "poor"}

func TestWrite(t *testing.T) {
	d := sample(t, grades, 60)
	d.Unsure.Images[0].Thumbnail, d.Unsure.Images[0].Missing = []byte("jpeg"), ""
	page := written(t, d)
	for _, part := range []string{`<html lang="en">`, `default-src 'none'`, `src="data:image/jpeg;base64,anBlZw=="`,
		"finetune predict --model .",
		"Note: a note.", "60 held-out images", "gone"} {
		if !strings.Contains(page, part) {
			t.Errorf("the page lacks %q", part)
		}
	}
	if strings.Contains(page, "ZgotmplZ") {
		t.Error("the template engine refused a value")
	}
	if written(t, d) != page {
		t.Error("equal data give different bytes")
	}
	// A round trip through JSON gives the same page.
	text, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	var again Data
	if err := json.Unmarshal(text, &again); err != nil {
		t.Fatal(err)
	}
	if written(t, again) != page {
		t.Error("the page differs after a round trip through JSON")
	}
}

// TestMaps checks that the legend of class activation maps appears only with maps.
func TestMaps(t *testing.T) {
	d := sample(t, grades, 60)
	const legend, picture = "blue lowers the prediction (towards good), orange raises it (towards poor)",
		`src="data:image/jpeg;base64,bWFw"`
	if page := written(t, d); strings.Contains(page, legend) {
		t.Error("a legend without maps")
	}
	d.Mistakes.Images[1].Map = []byte("map")
	if page := written(t, d); strings.Count(page, legend) != 1 || strings.Count(page, picture) != 1 {
		t.Errorf("%d legends, %d maps", strings.Count(page, legend), strings.Count(page, picture))
	}
}

// TestUntrustedText checks that class names, paths and settings are escaped everywhere.
func TestUntrustedText(t *testing.T) {
	evil := []string{`</title><script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `' onmouseover='alert(1)`,
		`{{.Source}}`, `</style><svg onload=alert(1)>`}
	d := sample(t, evil, 40)
	d.Source, d.Finetune = evil[0], evil[1]
	d.Trained = append(d.Trained, Setting{evil[1], evil[0]})
	d.Settings = []Section{{evil[1], []Setting{{evil[0], evil[2]}}}}
	d.Notes = append(d.Notes, evil...)
	for i := range d.Mistakes.Images {
		d.Mistakes.Images[i].Path, d.Mistakes.Images[i].Missing = evil[i%len(evil)], evil[(i+1)%len(evil)]
	}
	d.Mistakes.Images[0].Thumbnail, d.Mistakes.Images[0].Map = []byte("jpeg"), []byte("map")
	elements, attributes := shape(t, written(t, d))
	plainElements, plainAttributes := shape(t, written(t, func() Data {
		d := sample(t, []string{"a", "b", "c", "d", "e"}, 40)
		d.Mistakes.Images[0].Thumbnail, d.Mistakes.Images[0].Map = []byte("jpeg"), []byte("map")
		return d
	}()))
	if !slices.Equal(elements, plainElements) || !slices.Equal(attributes, plainAttributes) {
		t.Errorf("names change the page's structure:\n%v\n%v\nwant\n%v\n%v", elements, attributes, plainElements,
			plainAttributes)
	}
	if slices.Contains(elements, "script") {
		t.Error("the page has a script")
	}
}

// shape returns the sorted names of the elements and attributes that a page uses.
func shape(t *testing.T, page string) (elements, attributes []string) {
	t.Helper()
	// Skip the style, which isn't XML.
	head, rest, _ := strings.Cut(page, "<style>")
	_, rest, _ = strings.Cut(rest, "</style>")
	d := xml.NewDecoder(strings.NewReader(strings.TrimPrefix(head, "<!DOCTYPE html>") + rest))
	d.Strict, d.AutoClose, d.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	seen, used := map[string]bool{}, map[string]bool{}
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if e, ok := token.(xml.StartElement); ok {
			seen[e.Name.Local] = true
			for _, a := range e.Attr {
				used[a.Name.Local] = true
				if n := a.Name.Local; (n == "src" || n == "href") && !strings.HasPrefix(a.Value, "data:") &&
					!strings.HasPrefix(a.Value, "#") {
					t.Errorf("%s=%q leads out of the page", n, a.Value)
				}
			}
		}
	}
	for e := range seen {
		elements = append(elements, e)
	}
	for a := range used {
		attributes = append(attributes, a)
	}
	slices.Sort(elements)
	slices.Sort(attributes)
	return elements, attributes
}

// TestManyClassesStaySmall bounds the size of the page with the maximum number of classes.
func TestManyClassesStaySmall(t *testing.T) {
	names := make([]string, label.MaxClasses)
	for i := range names {
		names[i] = fmt.Sprintf("class %d of a long name", i)
	}
	d := sample(t, names, 300)
	for _, g := range []*Gallery{&d.Mistakes, &d.Unsure, &d.Suspects} {
		for i := range g.Images {
			g.Images[i].Thumbnail, g.Images[i].Map = make([]byte, 8<<10), make([]byte, 8<<10)
		}
	}
	const most = 3 << 20
	if n := len(written(t, d)); n > most {
		t.Errorf("%d bytes, want at most %d", n, most)
	}
}

func TestWriteRefusesPartsThatDisagree(t *testing.T) {
	for name, spoil := range map[string]func(*Data){
		"classes":       func(d *Data) { d.Classes = d.Classes[:2] },
		"one class":     func(d *Data) { *d = Data{Classes: d.Classes[:1]} },
		"confusion":     func(d *Data) { d.Metrics.Confusion[1] = nil },
		"distributions": func(d *Data) { d.Soft = nil },
		"ground":        func(d *Data) { d.Ground.Distances = d.Ground.Distances[:8] },
		"label":         func(d *Data) { d.Mistakes.Images[0].Label = 3 },
		"answer":        func(d *Data) { d.Unsure.Images[0].Predicted = -1 },
		"suspect":       func(d *Data) { d.Suspects.Images[0].Suspect = &metrics.Suspect{Class: 3} },
		"probabilities": func(d *Data) { d.Mistakes.Images[0].Probabilities = nil },
	} {
		d := sample(t, grades, 30)
		spoil(&d)
		var b bytes.Buffer
		if err := Write(&b, d); err == nil || b.Len() > 0 {
			t.Errorf("%s: %v after %d bytes", name, err, b.Len())
		}
	}
}

// TestWriteMinimal writes a page with the least data.
func TestWriteMinimal(t *testing.T) {
	d := sample(t, grades, 1)
	d.History, d.Ground, d.Settings, d.Notes, d.Best = nil, nil, nil, nil, 0
	d.Mistakes, d.Unsure, d.Suspects = Gallery{}, Gallery{}, Gallery{}
	page := written(t, d)
	for _, part := range []string{"No held-out image was predicted wrongly.",
		"too few independent images for 95 % intervals"} {
		if !strings.Contains(page, part) {
			t.Errorf("the page lacks %q", part)
		}
	}
}
