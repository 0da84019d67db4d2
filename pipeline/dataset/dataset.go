package dataset

import (
	"context"
	"fmt"
	"math"
	"strings"

	"finetune/label"
)

// A Part is the part of the data that an item was assigned to by the user.
type Part uint8

// Unassigned leaves the choice to Split.
const (
	Unassigned Part = iota
	Train
	Val
	Test
)

// String returns "train", "val" or "test", and "" for Unassigned.
func (p Part) String() string { return [...]string{"", "train", "val", "test"}[p] }

// An Item is one image.
type Item struct {
	// Path is shown and stored: slash-separated, relative to the data, valid UTF-8, unique in its set. Bytes of a file
	// name that aren't UTF-8 are written as %XX.
	Path string
	Line string // see source.Item.Line
	File string // to open, in the form of the operating system
	// Open returns the bytes of an image that isn't a file of its own, such as a member of an archive, appended to buf;
	// nil: File is read.
	Open  func(ctx context.Context, buf []byte) ([]byte, error)
	Label int    // the class, or -1 where there is none
	Text  string // the label as written, also where labels aren't wanted; "" where there is none
	// Target is the distribution of the votes over the classes, K long and summing to 1; nil without votes. In a set
	// without labels it is over the columns of votes.
	Target []float64
	Votes  float64 // the sum of the votes behind Target: as many as raters, or 1 where they are shares; 0 without votes
	Value  float64 // the number of a binned label, in its own units; NaN where there is none
	Weight float64 // above 0; 1 where none was given
	By     string  // the value of the column Options.By
	Group  string  // such as a person; a group stays within one part; "" for an item on its own
	Part   Part    // as given by the user
	Fold   int     // as given by the user, from 0; -1 where none was
}

// A Set is the data of one run.
type Set struct {
	Space  label.Space // no classes where labels weren't wanted
	Items  []Item
	Layout Layout
	Source string   // the path that was loaded
	Views  int      // lines of each item in the index of a feature folder; 1 elsewhere
	Notes  []string // what the user should know: a sentence each, without a full stop
	// Undecoded are the paths of image files that were left out because their format isn't decoded, such as HEIC.
	Undecoded []string
	// Proposal is set where labels are numbers and some class has so few images that bins are advisable.
	Proposal *Proposal

	voteClasses []string // what Target is over where labels weren't wanted, so that Records keeps votes
}

// A Layout says how the data was laid out.
type Layout string

// The layouts that Load knows.
const (
	ClassFolders Layout = "folder per class"
	FlatFolder   Layout = "flat folder"
	CSV          Layout = "CSV manifest"
	JSONL        Layout = "JSONL manifest"
	JSON         Layout = "JSON manifest"
	Folder       Layout = "folder"
	FileList     Layout = "list of files"
	SingleImage  Layout = "single image"
	AVA          Layout = "AVA's table"
)

// Counts returns the number of items of each class, K long.
func (s *Set) Counts() []int {
	counts := make([]int, s.Space.Len())
	for _, it := range s.Items {
		if it.Label >= 0 {
			counts[it.Label]++
		}
	}
	return counts
}

// Grouped reports whether any item belongs to a group.
func (s *Set) Grouped() bool {
	for _, it := range s.Items {
		if it.Group != "" {
			return true
		}
	}
	return false
}

// Soft reports whether any item has a target distribution from votes.
func (s *Set) Soft() bool {
	for _, it := range s.Items {
		if it.Target != nil {
			return true
		}
	}
	return false
}

// Summary describes the set in lines for the user to check before the work starts: what was read, then the
// classes in order with their counts.
func (s *Set) Summary() []string {
	head := fmt.Sprintf("%s: %s, %s", s.Source, s.Layout, count(len(s.Items), "image"))
	if groups := s.groups(); groups > 0 {
		head += " in " + count(groups, "group")
	}
	if s.Space.Len() == 0 {
		return []string{head}
	}
	lines := []string{head, fmt.Sprintf("%d classes, lowest first:", s.Space.Len())}
	width := 0
	for _, c := range s.Space.Classes() {
		width = max(width, len([]rune(c)))
	}
	for i, n := range s.Counts() {
		c := s.Space.Class(i)
		pad := strings.Repeat(" ", width-len([]rune(c)))
		share := 100 * float64(n) / math.Max(1, float64(len(s.Items)))
		lines = append(lines, fmt.Sprintf("  %s%s  %d (%.1f %%)", c, pad, n, share))
	}
	return lines
}

func (s *Set) groups() int {
	seen := map[string]bool{}
	for _, it := range s.Items {
		if it.Group != "" {
			seen[it.Group] = true
		}
	}
	return len(seen)
}

// count writes "1 image", "2 images", "2 classes".
func count(n int, noun string) string {
	switch {
	case n == 1:
		return "1 " + noun
	case strings.HasSuffix(noun, "s"):
		noun += "e"
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
