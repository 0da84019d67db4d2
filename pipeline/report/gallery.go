package report

import (
	"fmt"

	"finetune/pipeline/metrics"
)

// A gallery is images as they are shown.
type gallery struct {
	ID, Name, About string
	None            string // what is said where there is no image
	Total, Shown    int
	Cards           []card
	Answer          string // what the mark of the answer stands for
	Ranged          bool   // there are prediction sets
	Maps            bool   // some card has one
	Lowest, Highest string // class
}

// A card is one image.
type card struct {
	Path          string
	Thumbnail     []byte
	Map           []byte
	Missing       string
	Label, Answer string
	Evidence      string
	Distribution  distribution
}

// galleries returns the three lists of images.
func galleries(d *Data) []gallery {
	top := highest(len(d.Classes), d.Mistakes, d.Unsure, d.Suspects)
	return []gallery{
		d.Mistakes.view(d, top, gallery{ID: "mistakes", Name: "Worst mistakes", Answer: "answer",
			About: "The held-out images whose answer lies furthest from the label. Are they hard for you too, or is the label wrong?",
			None:  "No held-out image was answered wrongly."}, func(im *Image) string {
			return fmt.Sprintf("%s off; %s for the label", count(abs(im.Predicted-im.Label), "class"), share(im.Probabilities[im.Label]))
		}),
		d.Suspects.view(d, top, gallery{ID: "labels", Name: "Labels that may be wrong", Answer: "class it looks like",
			About: "Held-out images that look like another class: the prediction lies nearer to that class than to the label, by more than predictions for either class usually lie away from it. " +
				"Those first where the two differ most. Some will be honest mistakes of the model: look before you change a label. " + judged(d) + " suspects.csv has the whole list.",
			None: "No label looks wrong by this measure. " + judged(d)}, func(im *Image) string {
			s := im.Suspect
			if s == nil {
				return ""
			}
			return fmt.Sprintf("its prediction lies %.1f classes from the label (usual for %s: %.1f) but %.1f from %s (usual: %.1f)",
				s.FromLabel, quoted(d.Classes[im.Label].Name), s.OfLabel, s.FromClass, quoted(d.Classes[s.Class].Name), s.OfClass)
		}),
		d.Unsure.view(d, top, gallery{ID: "unsure", Name: "Least sure", Answer: "answer",
			About: "The held-out images with the widest distributions, right or wrong. If they have something in common, such as bad light, more images of that kind may help.",
			None:  "There are none."}, func(im *Image) string {
			return fmt.Sprintf("spread ±%.1f classes; %s for its answer", im.Spread, share(im.Probabilities[im.Predicted]))
		}),
	}
}

// judged says which labels were looked at.
func judged(d *Data) string {
	if d.Folds != nil {
		return "Every image is judged by a head that wasn't trained on it."
	}
	return "Only images that no head was trained on are listed here; cross-validation lists all."
}

// view fills in the cards.
func (g Gallery) view(d *Data, top float64, v gallery, evidence func(*Image) string) gallery {
	v.Total, v.Shown, v.Ranged = g.Total, len(g.Images), d.Metrics.Sets != nil
	v.Lowest, v.Highest = d.Classes[0].Name, d.Classes[len(d.Classes)-1].Name
	for i := range g.Images {
		im := &g.Images[i]
		answer := im.Predicted
		if im.Suspect != nil {
			answer = im.Suspect.Class
		}
		shown := *im
		shown.Predicted = answer
		v.Maps = v.Maps || im.Map != nil
		v.Cards = append(v.Cards, card{
			Path: im.Path, Thumbnail: im.Thumbnail, Map: im.Map, Missing: im.Missing, Label: d.Classes[im.Label].Name, Answer: d.Classes[answer].Name,
			Evidence: evidence(im) + ranged(d, im), Distribution: newDistribution(d.Classes, &shown, top),
		})
	}
	return v
}

// ranged names the range of an image, where it has one.
func ranged(d *Data, im *Image) string {
	if im.Range == nil {
		return ""
	}
	return "; range " + rangeInWords(d.Classes, im.Range)
}

// share writes a probability.
func share(p float64) string { return percent.number(metrics.Number(p)) }

func abs(i int) int { return max(i, -i) }
