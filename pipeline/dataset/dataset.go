// Package dataset turns what a user has into a list of items over one label space, and cuts that list into parts
// that keep groups whole. It reads names and manifests only; it opens no image.
//
// Data with labels comes in one of these layouts:
//
//   - A folder per class, with images at any depth below, and optionally train, val (or valid, validation, dev) and
//     test folders above.
//   - A flat folder, in fact at any depth, with the label in each name: Options.LabelRegex.
//   - A CSV manifest with a header (commas, or semicolons or tabs): path, label, and optionally split, fold, group
//     and weight, in any order; other columns are left alone. Paths are relative to the manifest's folder.
//   - A JSONL manifest: an object on each line with the same fields.
//   - Adience as it is distributed: a folder with its five fold files and pictures, or one of the files.
//
// Instead of, or beside, a label an item may have votes: columns votes_<class> with the number (or share) for each
// class, in JSONL also an object "votes". They become the target distribution; the label, where none is given,
// is the lower median of the votes, the class with the least mean distance to them.
//
// In folders, hidden files and what systems leave behind (Thumbs.db, __MACOSX) are passed over in silence, other
// files that aren't images with a note. Links are followed.
package dataset

import (
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
	Path   string    // as shown and stored: slash-separated, relative to the data, unique in its set
	File   string    // to open, in the system's own form
	Label  int       // the class, or -1 where there is none
	Text   string    // the label as written, also where labels aren't wanted; "" where there is none
	Target []float64 // a distribution over the classes from votes, K long and summing to 1; nil without votes. Without labels: over the columns of votes
	Value  float64   // the number behind a binned label, in its own units; NaN where there is none
	Weight float64   // above 0; 1 where none was given
	Group  string    // what must not straddle a split, such as a person; "" stands alone
	Part   Part      // as given by the user
	Fold   int       // as given by the user, from 0; -1 where none was
}

// A Set is the data of one run.
type Set struct {
	Space  label.Space // no classes where labels weren't wanted
	Items  []Item
	Layout Layout
	Source string   // the path that was loaded
	Views  int      // lines of each item in the index of a feature folder; 1 elsewhere
	Notes  []string // what the user should know: a sentence each, without a full stop

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
	Folder       Layout = "folder"
	FileList     Layout = "list of files"
	SingleImage  Layout = "single image"
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
