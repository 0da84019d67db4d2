package graph

import (
	"fmt"
	"regexp"
	"strconv"

	"finetune/invalid"
)

// The use of tokens follows the tensor's name in a feature's text: "x[1:]" is the mean over the tokens of x from the
// second on, as in Python, and "x[class+1:]" the first token and then that mean. Features are cached under this text,
// so another use of tokens has other rows. Where a file doesn't show which tokens belong to patches, the name of a
// tap can specify it.

var tokenMark = regexp.MustCompile(`^(.+)\[(class\+)?([0-9]{1,4}):\]$`)

// A tokenSlice is a use of tokens.
type tokenSlice struct {
	class  bool // the first one precedes the mean
	prefix int  // how many are in no mean
}

// splitTokens splits the use of tokens off a tap's name; nil where there is none.
func (m *Model) splitTokens(name string) (string, *tokenSlice) {
	parts := tokenMark.FindStringSubmatch(name)
	if parts == nil || m.isTensor(name) {
		return name, nil
	}
	prefix, _ := strconv.Atoi(parts[3]) // at most four digits
	return parts[1], &tokenSlice{class: parts[2] != "", prefix: prefix}
}

// text returns the tap's name with the use of its tokens; a mean over all of them is the default and adds nothing.
func (t Tap) text() string {
	if t.said == nil && t.Prefix == 0 {
		return t.Tensor.Name
	}
	class := ""
	if t.ClassToken {
		class = "class+"
	}
	return fmt.Sprintf("%s[%s%d:]", t.Tensor.Name, class, t.Prefix)
}

// checkTokens refuses a use of tokens that doesn't fit a tensor's shape.
func (m *Model) checkTokens(t Tap) error {
	s := t.Tensor.Shape
	if t.said == nil || s == nil || len(s) == 3 && (!s[1].Fixed() || s[1].Size > int64(t.said.prefix)) {
		return nil
	}
	t.Prefix, t.ClassToken = t.said.prefix, t.said.class
	return &invalid.Error{Field: "Images.Tap", Found: fmt.Sprintf("%q: %q is %s", t.text(), t.Tensor.Name, s),
		Want: fmt.Sprintf("N×T×D with more than %d tokens", t.Prefix),
		Hint: "name the tensor alone; its tokens are found in the graph then"}
}
