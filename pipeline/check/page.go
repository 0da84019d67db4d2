package check

import (
	"context"
	"fmt"
	"io"

	"finetune/internal/store/atomicfile"
	"finetune/pipeline/artifact"
	"finetune/pipeline/dataset"
	"finetune/pipeline/report"
	"finetune/pipeline/run"
)

// PageFile shows the findings with pictures.
const PageFile = "check.html"

// writePage writes the page.
func (c Job) writePage(ctx context.Context, path string, r *Result, set *dataset.Set) error {
	page := report.Check{Finetune: artifact.Version(), Source: set.Source, Images: r.Images, SuspectN: len(r.Suspects)}
	for _, f := range r.Findings {
		page.Findings = append(page.Findings, report.CheckFinding{Severity: string(f.Severity), Message: f.Message, Advice: f.Advice, Where: f.Where})
	}
	for _, class := range r.Classes {
		page.Classes = append(page.Classes, report.CheckClass{Name: class.Class, All: class.All, Train: class.Train, Val: class.Val, Test: class.Test})
	}
	p := pictured{items: map[string]dataset.Item{}}
	for _, item := range set.Items {
		p.items[item.Path] = item
	}
	var err error
	if page.Copies, page.CopiesN, err = p.copies(ctx, r.Copies); err != nil {
		return err
	}
	for _, s := range r.Suspects[:min(len(r.Suspects), report.GallerySize)] {
		im, err := p.image(ctx, s.Path, s.Label)
		if err != nil {
			return err
		}
		im.Suggested = s.Suggested
		im.Evidence = fmt.Sprintf("probability: “%s” %.0f %%, “%s” %.0f %%", s.Suggested, 100*s.PSuggested, s.Label, 100*s.PLabel)
		page.Suspects = append(page.Suspects, im)
	}
	return atomicfile.Write(path, func(w io.Writer) error { return report.WriteCheck(w, page) })
}

// A pictured check has pictures of its images.
type pictured struct {
	items    map[string]dataset.Item
	pictures run.Pictures
}

func (p *pictured) image(ctx context.Context, path, label string) (report.CheckImage, error) {
	im := report.CheckImage{Path: path, Label: label}
	var err error
	im.Thumbnail, im.Missing, err = p.pictures.Of(ctx, p.items[path])
	return im, err
}

// copies returns the first groups, those with different labels first, and how many there are. Of a group it shows the first
// few.
func (p *pictured) copies(ctx context.Context, list []Copies) (shown []report.CheckCopies, total int, err error) {
	const mostOfGroup = 4
	for _, differ := range []bool{true, false} {
		for _, c := range list {
			if c.LabelRange > 0 != differ || !c.GroupsVary && !(c.SameBytes && differ) {
				continue // one group keeps them together
			}
			if total++; len(shown) == report.GallerySize {
				continue
			}
			group := report.CheckCopies{Why: c.why(), Differ: differ}
			for _, image := range c.Images[:min(len(c.Images), mostOfGroup)] {
				im, err := p.image(ctx, image.Path, image.Label)
				if err != nil {
					return nil, 0, err
				}
				if image.Part != "" {
					im.Evidence = "part: " + image.Part
				}
				if image.Mirrored {
					im.Evidence += " (mirrored)"
				}
				group.Images = append(group.Images, im)
			}
			shown = append(shown, group)
		}
	}
	return shown, total, nil
}

// why says how sure it is that images are copies, and what is wrong with it.
func (c Copies) why() string {
	text := "These may be copies, or only look alike"
	switch {
	case c.SameBytes:
		text = "These files are equal"
	case c.Certain:
		text = "These look like copies"
	}
	if n := len(c.Images); n > 2 {
		text += fmt.Sprintf(" (%d images)", n)
	}
	switch {
	case c.LabelRange > 0:
		return text + "; their labels differ"
	case c.AcrossSplit:
		return text + "; they are in different parts"
	}
	return text + "; their labels agree"
}
