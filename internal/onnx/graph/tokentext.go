package graph

import (
	"fmt"
	"regexp"
	"strconv"

	"finetune/invalid"
)

// What becomes of tokens stands behind the tensor's name in a feature's text: "x[1:]" is the mean over the tokens of x from
// the second on, as Python would slice them, and "x[class+1:]" the first token and then that mean. Rows kept under such a
// text are those of no other choice of tokens. And where a file doesn't show which tokens stand for no place, somebody who knows
// the network can say so in the tap's name.

var tokenMark = regexp.MustCompile(`^(.+)\[(class\+)?([0-9]{1,4}):\]$`)

// A tokenSlice says what becomes of tokens.
type tokenSlice struct {
	class  bool // the first one stands before the mean
	prefix int  // how many are in no mean
}

// splitTokens takes what is said of tokens off a tap's name; nil where nothing is.
func (m *Model) splitTokens(name string) (string, *tokenSlice) {
	parts := tokenMark.FindStringSubmatch(name)
	if parts == nil || m.isTensor(name) {
		return name, nil
	}
	prefix, _ := strconv.Atoi(parts[3]) // at most four digits
	return parts[1], &tokenSlice{class: parts[2] != "", prefix: prefix}
}

// text returns the tap's name with what becomes of its tokens. A mean over all of them, which is what is found in most
// networks, needs no words.
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

// checkTokens refuses what is said of a tensor that has no such tokens.
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
