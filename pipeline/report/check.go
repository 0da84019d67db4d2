package report

import (
	"fmt"
	"io"
)

// Check is the content of the page of a check of labelled images.
type Check struct {
	Finetune string         `json:"finetune"`
	Source   string         `json:"source"`
	Images   int            `json:"images"`
	Findings []CheckFinding `json:"findings"`
	Classes  []CheckClass   `json:"classes"`
	Copies   []CheckCopies  `json:"copies"` // the first of CopiesN
	CopiesN  int            `json:"copies_n"`
	Suspects []CheckImage   `json:"suspects"` // the first of SuspectN
	SuspectN int            `json:"suspects_n"`
}

// A CheckFinding is one kind of problem.
type CheckFinding struct {
	Severity string   `json:"severity"`
	Message  string   `json:"message"`
	Advice   string   `json:"advice"`
	Where    []string `json:"where"` // a line for each case
}

// A CheckClass counts the images of a class.
type CheckClass struct {
	Name                  string `json:"name"`
	All, Train, Val, Test int
}

// CheckCopies are images of one picture, or what looks like such.
type CheckCopies struct {
	Why    string       `json:"why"` // how sure that is, in a sentence
	Differ bool         `json:"differ"`
	Images []CheckImage `json:"images"`
}

// A CheckImage is one image.
type CheckImage struct {
	Path      string `json:"path"`
	Label     string `json:"label"`
	Suggested string `json:"suggested,omitempty"` // the class that predictions lean to
	Evidence  string `json:"evidence,omitempty"`
	Thumbnail []byte `json:"thumbnail,omitempty"`
	Missing   string `json:"missing,omitempty"` // why there is no thumbnail
}

// mostWhere bounds how many cases of a finding the page lists.
const mostWhere = 200

// WriteCheck writes the page of a check.
func WriteCheck(w io.Writer, c Check) error {
	return execute(w, "check.tmpl", newCheckView(&c))
}

// A checkView is the input of check.tmpl.
type checkView struct {
	*Check
	sheet
	Rows                 []checkRow
	CopiesOf, SuspectsOf string // how many of how many are shown
	OpenCopies           []CheckCopies
	FoldedCopies         []CheckCopies
	OpenSuspects         []CheckImage
	FoldedSuspects       []CheckImage
}

// A checkRow is a finding with the first of its cases.
type checkRow struct {
	CheckFinding
	More int
}

func newCheckView(c *Check) *checkView {
	v := &checkView{Check: c, sheet: fileSheet("check")}
	for _, f := range c.Findings {
		row := checkRow{CheckFinding: f}
		if row.More = len(f.Where) - mostWhere; row.More > 0 {
			row.Where = f.Where[:mostWhere]
		}
		v.Rows = append(v.Rows, row)
	}
	of := func(shown, total int, noun string) string {
		if shown < total {
			return fmt.Sprintf("The first %d of %s.", shown, count(total, noun))
		}
		return ""
	}
	v.CopiesOf, v.SuspectsOf = of(len(c.Copies), c.CopiesN, "group"), of(len(c.Suspects), c.SuspectN, "label")
	open := min(openCards, len(c.Copies))
	v.OpenCopies, v.FoldedCopies = c.Copies[:open], c.Copies[open:]
	open = min(2*openCards, len(c.Suspects))
	v.OpenSuspects, v.FoldedSuspects = c.Suspects[:open], c.Suspects[open:]
	return v
}
