package report

import (
	"fmt"

	"finetune/pipeline/metrics"
)

// openCards is the number of cards that a gallery shows before its remaining cards are folded away.
const openCards = 4

// A gallery is the input of gallery.tmpl.
type gallery struct {
	ID, Name, About string
	None            string // shown without images
	Count           string // how many of how many are shown
	Total, Shown    int
	Open, Folded    []card
	Mark            string // what the round mark stands for
	Ranged          bool   // there are prediction intervals
	Maps            bool   // a card has a map
	Labelled        bool   // a card has a label
	Lowest, Highest string // class
}

// A card is one image.
type card struct {
	Path             string
	Thumbnail        []byte
	Map              []byte
	Missing          string
	Mark             string // as in gallery
	Label, Predicted string
	Evidence         string
	Note             string // why the prediction isn't the largest bar; "" for most cards
	Distribution     distribution
}

// galleries returns the three lists of images.
func galleries(d *Data) []gallery {
	b := cardBuilder{data: d, top: maxBar(len(d.Classes), d.Mistakes, d.Unsure, d.Suspects),
		explained: map[string]bool{}}
	mistakes := gallery{ID: "mistakes", Name: "Largest errors", Mark: "prediction", Count: shownOf(d.Mistakes, "largest", "wrong prediction"),
		About: heldOutImages(d) + " whose prediction is furthest from the label. Is the image difficult, or is the label " +
			"wrong?",
		None: "No held-out image was predicted wrongly."}
	suspects := gallery{ID: "labels", Name: "Possible label errors", Mark: "suggested class", Count: shownOf(d.Suspects, "clearest", "doubtful label"),
		About: heldOutImages(d) + " whose predicted distribution is closer to another class than to the label, by more " +
			"than is usual for " +
			"either class. The clearest cases come first. Some are errors of the model, so look at the image before " +
			"you change its " +
			"label. " + suspectScope(d) + " suspects.csv has the whole list, and finetune review shows it for correction.",
		None: "No label differs clearly from its prediction. " + suspectScope(d)}
	uncertain := gallery{ID: "unsure", Name: "Least certain predictions", Mark: "prediction", Count: shownOf(d.Unsure, "least certain", "image"),
		About: heldOutImages(d) + " with the widest predicted distributions. If they have something in common, such as " +
			"poor light, " +
			"more training images of that kind may help.",
		None: "There are none."}
	return []gallery{
		b.fill(mistakes, d.Mistakes, openCards, d.Decision, func(im *Image) string {
			return fmt.Sprintf("%s off; probability of the label %s", count(abs(im.Predicted-im.Label), "class"),
				share(im.Probabilities[im.Label]))
		}),
		b.fill(suspects, d.Suspects, 0, "median", func(im *Image) string {
			s := im.Suspect
			if s == nil {
				return ""
			}
			return fmt.Sprintf("expected distance %.1f classes from %s (usually %.1f), %.1f from %s (usually %.1f)",
				s.FromLabel, quoted(d.Classes[im.Label].Name), s.OfLabel, s.FromClass, quoted(d.Classes[s.Class].Name),
				s.OfClass)
		}),
		b.fill(uncertain, d.Unsure, 0, d.Decision, func(im *Image) string {
			return fmt.Sprintf("spread ±%.1f classes; probability of the prediction %s", im.Spread,
				share(im.Probabilities[im.Predicted]))
		}),
	}
}

// shownOf says which of how many images a gallery shows.
func shownOf(g Gallery, which, noun string) string {
	if len(g.Images) < g.Total {
		return fmt.Sprintf("The %d %s of %s.", len(g.Images), which, count(g.Total, noun))
	}
	return count(g.Total, noun) + "."
}

// heldOutImages names the images of the galleries.
func heldOutImages(d *Data) string {
	if d.Folds != nil || d.LeftOut {
		return "Images, each predicted by a model that wasn't trained on it,"
	}
	return "Held-out images"
}

// suspectScope says which labels were examined.
func suspectScope(d *Data) string {
	if d.Folds != nil || d.LeftOut {
		return "This covers all images, by out-of-fold predictions."
	}
	return "Only held-out images are examined; cross-validation covers all."
}

// A cardBuilder makes the cards of all galleries.
type cardBuilder struct {
	data      *Data
	top       float64         // the largest bar
	explained map[string]bool // decision rules that a Note has explained
}

// fill returns v with the cards of g. The first open cards stay unfolded. Rule is the decision rule of the marked
// classes.
func (b *cardBuilder) fill(v gallery, g Gallery, open int, rule string, evidence func(*Image) string) gallery {
	d := b.data
	v.Total, v.Shown, v.Ranged = g.Total, len(g.Images), d.Metrics.Sets != nil
	v.Lowest, v.Highest = d.Classes[0].Name, d.Classes[len(d.Classes)-1].Name
	for i := range g.Images {
		im := g.Images[i]
		if im.Suspect != nil {
			im.Predicted = im.Suspect.Class
		}
		v.Maps = v.Maps || im.Map != nil
		labelName := ""
		if im.Label >= 0 {
			v.Labelled, labelName = true, d.Classes[im.Label].Name
		}
		c := card{
			Path: im.Path, Thumbnail: im.Thumbnail, Map: im.Map, Missing: im.Missing, Mark: v.Mark,
			Label: labelName, Predicted: d.Classes[im.Predicted].Name, Note: b.note(&im, rule),
			Evidence: evidence(&g.Images[i]), Distribution: newDistribution(d.Classes, &im, b.top),
		}
		if im.Range != nil {
			c.Evidence += "; interval " + formatRange(d.Classes, im.Range)
		}
		if i < open {
			v.Open = append(v.Open, c)
		} else {
			v.Folded = append(v.Folded, c)
		}
	}
	return v
}

// note explains, on the first card where it happens, why the decision rule chose a class that isn't the most probable
// one.
func (b *cardBuilder) note(im *Image, rule string) string {
	definition := ruleDefinitions[rule]
	if definition == "" || b.explained[rule] {
		return ""
	}
	for _, p := range im.Probabilities {
		if p > im.Probabilities[im.Predicted] {
			b.explained[rule] = true
			return fmt.Sprintf("Why isn't this the tallest bar? The decision rule “%s” takes %s.", rule, definition)
		}
	}
	return ""
}

// share formats a probability.
func share(p float64) string { return percent.number(metrics.Number(p)) }

func abs(i int) int { return max(i, -i) }
