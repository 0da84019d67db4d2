package explain

import (
	"fmt"
	"image"
	"strings"

	"finetune/internal/image/overlay"
	"finetune/label"
	"finetune/pipeline/dataset"
)

// sheet lays out the sheet of one image.
func (r *renderer) sheet(picture image.Image, view overlay.View, item dataset.Item, a *attribution) overlay.Sheet {
	space := r.run.Head.Space()
	s := overlay.Sheet{Picture: picture, View: view}
	for k, p := range a.probs {
		s.Bars = append(s.Bars, overlay.Bar{Name: space.Class(k), Probability: p, Predicted: k == a.predicted,
			Truth: k == item.Label})
	}
	scale := classScale(a)
	for i, t := range a.targets {
		p := overlay.Panel{Heat: a.Smooth[i], Scale: scale}
		switch {
		case t.kind == TargetOrder:
			p.Title, p.Scale = "order: lower or higher", overlay.Strongest(a.Smooth[i])
			p.Against, p.For = "lower, towards "+space.Class(0), "higher, towards "+space.Class(space.Len()-1)
		default:
			p.Title = space.Class(t.class) + role(t.class, a.predicted, item.Label)
			p.Against, p.For = "against "+space.Class(t.class), "for "+space.Class(t.class)
		}
		s.Panels = append(s.Panels, p)
	}
	s.Caption = r.caption(item, a)
	return s
}

// role returns what a class is for an image: the prediction, the label or both; "" for the extra class.
func role(class, predicted, label int) string {
	switch {
	case class == predicted && class == label:
		return " (prediction and label)"
	case class == predicted:
		return " (prediction)"
	case class == label:
		return " (label)"
	}
	return ""
}

// classScale returns one colour scale for the maps of all classes, so that they can be compared.
func classScale(a *attribution) float64 {
	var classes []*overlay.Heat
	for i, t := range a.targets {
		if t.kind == TargetClass {
			classes = append(classes, a.Smooth[i])
		}
	}
	return overlay.Strongest(classes...)
}

// caption returns the paragraphs below a sheet.
func (r *renderer) caption(item dataset.Item, a *attribution) []string {
	space := r.run.Head.Space()
	first := fmt.Sprintf("%s: predicted %s (%.0f %%)", item.Path, space.Class(a.predicted), 100*a.probs[a.predicted])
	if item.Label >= 0 {
		first += fmt.Sprintf(", label %s (%.0f %%)", space.Class(item.Label), 100*a.probs[item.Label])
	}
	first += fmt.Sprintf("; expected class %.2f steps above %s", expectedClass(a.probs), space.Class(0))
	second := "Orange: evidence for the class. Blue: evidence against it. Reference: " + r.result.Reference + "."
	if sums := r.sums(a); sums != "" {
		second += " Sums of the maps: " + sums + "."
	}
	return []string{first, second}
}

// sums lists the sums of the exact maps.
func (r *renderer) sums(a *attribution) string {
	var parts []string
	for i, t := range a.targets {
		if a.exact(t) && t.kind == TargetClass {
			text := fmt.Sprintf("%s %+.2f", r.run.Head.Space().Class(t.class), a.sums[i])
			if a.unlocalized[i] != 0 {
				text += fmt.Sprintf(" (%+.2f of it without a location)", a.unlocalized[i])
			}
			parts = append(parts, text)
		}
	}
	return strings.Join(parts, ", ")
}

// className is the name of a class, "" for none.
func className(space label.Space, class int) string {
	if class < 0 {
		return ""
	}
	return space.Class(class)
}

// describe returns what an attribution says, without the image's path and label.
func describe(space label.Space, a *attribution, view overlay.View) *Image {
	out := &Image{Predicted: space.Class(a.predicted), Expected: expectedClass(a.probs)}
	for k, p := range a.probs {
		out.Probabilities = append(out.Probabilities, ClassProbability{space.Class(k), p})
	}
	for i, t := range a.targets {
		m := Map{Target: t.kind, Exact: a.exact(t), For: extremum(a.Smooth[i], view, 1),
			Against: extremum(a.Smooth[i], view, -1)}
		if t.kind == TargetClass {
			m.Class = space.Class(t.class)
		}
		if a.sums != nil {
			m.Sum, m.Unlocalized = &a.sums[i], a.unlocalized[i]
		}
		out.Maps = append(out.Maps, m)
	}
	return out
}

// extremum returns the location of the largest value of a map (sign 1) or of the smallest (sign -1).
func extremum(h *overlay.Heat, v overlay.View, sign float64) Point {
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
