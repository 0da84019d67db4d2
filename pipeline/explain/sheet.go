package explain

import (
	"fmt"
	"image"
	"strings"

	"finetune/internal/image/overlay"
	"finetune/pipeline/dataset"
)

// What a drawing shows and says of an account, for people and for programs.

// sheet says what to draw.
func (d *drawing) sheet(picture image.Image, view overlay.View, item dataset.Item, a *attribution) overlay.Sheet {
	space := d.run.Head.Space()
	s := overlay.Sheet{Picture: picture, View: view}
	for k, p := range a.probs {
		s.Bars = append(s.Bars, overlay.Bar{Name: space.Class(k), Probability: p, Predicted: k == a.class, Truth: k == item.Label})
	}
	scale := classScale(a)
	for i, q := range a.questions {
		p := overlay.Panel{Heat: a.Smooth[i], Scale: scale}
		switch {
		case q.kind == TargetOrder:
			p.Title, p.Scale = "order: lower or higher", overlay.Strongest(a.Smooth[i])
			p.Against, p.For = "lower, towards "+space.Class(0), "higher, towards "+space.Class(space.Len()-1)
		default:
			p.Title = space.Class(q.class) + d.role(q.class, a.class, item.Label)
			p.Against, p.For = "against "+space.Class(q.class), "for "+space.Class(q.class)
		}
		s.Panels = append(s.Panels, p)
	}
	s.Caption = d.caption(item, a)
	return s
}

// role says why a class is shown.
func (d *drawing) role(class, predicted, truth int) string {
	switch {
	case class == predicted && class == truth:
		return " (answer and label)"
	case class == predicted:
		return " (answer)"
	case class == truth:
		return " (label)"
	}
	return ""
}

// classScale is one scale for the maps of all classes, so that they can be compared.
func classScale(a *attribution) float64 {
	var classes []*overlay.Heat
	for i, q := range a.questions {
		if q.kind == TargetClass {
			classes = append(classes, a.Smooth[i])
		}
	}
	return overlay.Strongest(classes...)
}

// caption puts into words what the bars and colours show.
func (d *drawing) caption(item dataset.Item, a *attribution) []string {
	space := d.run.Head.Space()
	first := fmt.Sprintf("%s: answer %s (%.0f %%)", item.Path, space.Class(a.class), 100*a.probs[a.class])
	if item.Label >= 0 {
		first += fmt.Sprintf(", label %s (%.0f %%)", space.Class(item.Label), 100*a.probs[item.Label])
	}
	first += fmt.Sprintf("; on average %.2f steps above %s", expectedClass(a.probs), space.Class(0))
	second := "Orange places speak for it, blue against, compared with " + d.result.Compared + "."
	if sums := d.sums(a); sums != "" {
		second += " All together: " + sums + "."
	}
	return []string{first, second}
}

// sums says what a picture's places come to, of the maps that add up exactly.
func (d *drawing) sums(a *attribution) string {
	var parts []string
	for i, q := range a.questions {
		if a.exact(q) && q.kind == TargetClass {
			text := fmt.Sprintf("%s %+.2f", d.run.Head.Space().Class(q.class), a.sums[i])
			if a.elsewhere[i] != 0 {
				text += fmt.Sprintf(" (%+.2f of it without a place)", a.elsewhere[i])
			}
			parts = append(parts, text)
		}
	}
	return strings.Join(parts, ", ")
}

// exact reports whether the sum of a map is what the question's value has changed by.
func (a *attribution) exact(q Target) bool { return a.sums != nil && a.affine && q.linear }

// describe is the same for programs.
func (d *drawing) describe(item dataset.Item, a *attribution, view overlay.View) *Image {
	space := d.run.Head.Space()
	out := &Image{Path: item.Path, Predicted: space.Class(a.class), Expected: expectedClass(a.probs)}
	if item.Label >= 0 {
		out.Label = space.Class(item.Label)
	}
	for k, p := range a.probs {
		out.Probabilities = append(out.Probabilities, ClassProbability{space.Class(k), p})
	}
	for i, q := range a.questions {
		m := Map{Question: q.kind, Exact: a.exact(q), For: placeOf(a.Smooth[i], view, 1), Against: placeOf(a.Smooth[i], view, -1)}
		if q.kind == TargetClass {
			m.Class = space.Class(q.class)
		}
		if a.sums != nil {
			m.Sum, m.NoPlace = &a.sums[i], a.elsewhere[i]
		}
		out.Maps = append(out.Maps, m)
	}
	return out
}

// placeOf returns where a heat is largest (sign 1) or smallest (−1).
func placeOf(h *overlay.Heat, v overlay.View, sign float64) Point {
	best := 0
	for i, value := range h.Values {
		if sign*value > sign*h.Values[best] {
			best = i
		}
	}
	across := (float64(best%h.Width) + 0.5) / float64(h.Width)
	down := (float64(best/h.Width) + 0.5) / float64(h.Height)
	return Point{v.Left + across*(v.Right-v.Left), v.Top + down*(v.Bottom-v.Top)}
}
