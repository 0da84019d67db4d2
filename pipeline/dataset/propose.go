package dataset

import (
	"fmt"
	"strconv"
	"strings"

	"finetune/invalid"
	"finetune/label"
)

// A Proposal is a set of bins for labels that are numbers, such as ages, of which some class has too few images.
type Proposal struct {
	Edges   []float64 // for Options.Bins, as Options.AutoBins takes them
	Classes []string  // that the bins make, lowest first
	Counts  []int     // images of each
	Rare    int       // classes without bins that have fewer than five images
	Of      int       // classes without bins
}

// The number of images below which a class is too small, and the number of classes from which on bins are proposed.
const (
	fewImages   = 5
	manyClasses = 11
)

// Text returns the proposal as a note; option is the name under which the reader knows Options.Bins, such as "--bins".
func (p *Proposal) Text(option string) string {
	classes := make([]string, len(p.Classes))
	for i, c := range p.Classes {
		classes[i] = fmt.Sprintf("%s (%d)", c, p.Counts[i])
	}
	return fmt.Sprintf("%d of %d classes have fewer than %d images; %s %s makes these, with their images: %s",
		p.Rare, p.Of, fewImages, option, joinNumbers(p.Edges), strings.Join(classes, ", "))
}

func joinNumbers(numbers []float64) string {
	text := make([]string, len(numbers))
	for i, x := range numbers {
		text[i] = strconv.FormatFloat(x, 'f', -1, 64)
	}
	return strings.Join(text, ",")
}

// numbers returns the labels as numbers, in the order of the items, and the first label that is none.
func (l *loader) numbers() (numbers []float64, other string) {
	numbers = make([]float64, 0, len(l.items))
	for i := range l.items {
		x, ok := label.Number(l.items[i].Text)
		if !ok {
			return nil, l.items[i].Text
		}
		numbers = append(numbers, x)
	}
	return numbers, ""
}

// propose returns the bins to propose for the labels, or nil.
func (l *loader) propose() *Proposal {
	if l.o.Unlabelled || l.o.Space != nil || l.o.Order != nil || l.o.Bins != nil || l.o.AutoBins ||
		len(l.voteClasses) > 0 {
		return nil
	}
	numbers, _ := l.numbers()
	images := make(map[float64]int)
	for _, x := range numbers {
		images[x]++
	}
	p := &Proposal{Of: len(images)}
	for _, n := range images {
		if n < fewImages {
			p.Rare++
		}
	}
	if p.Of < manyClasses || p.Rare == 0 {
		return nil
	}
	p.Edges = label.ProposeBins(numbers)
	space, err := label.Bins(p.Edges)
	if err != nil {
		return nil
	}
	p.Classes, p.Counts = space.Classes(), make([]int, space.Len())
	for _, x := range numbers {
		if class, err := space.BinOf(x); err == nil {
			p.Counts[class]++
		}
	}
	return p
}

// takeBins sets the bins that the labels suggest.
func (l *loader) takeBins() error {
	numbers, other := l.numbers()
	if other != "" || len(l.voteClasses) > 0 {
		return &invalid.Error{
			Field: "Data.Bins",
			Path:  l.o.Path,
			Found: fmt.Sprintf("automatic bins for the label %q", short(other)),
			Want:  "labels that are numbers",
			Hint:  "leave {Data.Bins} out",
		}
	}
	if l.o.Bins = label.ProposeBins(numbers); l.o.Bins == nil {
		return &invalid.Error{
			Field: "Data.Bins",
			Path:  l.o.Path,
			Found: count(len(numbers), "label") + ", too few for automatic bins",
			Want:  "at least five in each of two bins",
			Hint:  "give the edges",
		}
	}
	l.notes = append(l.notes, "the lower edges of the bins are "+joinNumbers(l.o.Bins))
	return nil
}
