package loss

import (
	"cmp"
	"slices"
)

// settings are the fields of a Config that a loss reads besides Name, Classes and Ground.Positions.
type settings struct {
	name                            string
	matrix, lambda, exponent, gamma bool
	rule                            string // empty: softmax
}

// known lists the losses in the order of the documentation.
var known = []settings{
	{name: CrossEntropy},
	{name: EMD2, matrix: true},
	{name: XEMD2, matrix: true, lambda: true},
	{name: EMD, exponent: true},
	{name: Sinkhorn, matrix: true, gamma: true},
	{name: L2, rule: RulePosition},
	{name: CORAL, rule: RuleCumulative},
	{name: CORN, rule: RuleConditional},
}

// The rules by which logits become P(y = k).
const (
	RuleSoftmax     = "softmax"     // K logits, p = exp z / Σ exp z
	RuleCumulative  = "cumulative"  // K−1 logits of P(y > k), see [CORAL]
	RuleConditional = "conditional" // K−1 logits of P(y > k | y ≥ k), see [CORN]
	RulePosition    = "position"    // one output, on the scale of the positions, see [L2]
)

// Rule returns the name of the rule by which Probabilities works, for files that other programs read; empty for an
// unknown loss.
func (c Config) Rule() string {
	s, ok := settingsOf(cmp.Or(c.Name, CrossEntropy))
	if !ok {
		return ""
	}
	return cmp.Or(s.rule, RuleSoftmax)
}

// Names returns the names that Config.Name may have, cross-entropy first.
func Names() []string { return namesWith(func(settings) bool { return true }) }

func namesWith(has func(settings) bool) []string {
	var names []string
	for _, s := range known {
		if has(s) {
			names = append(names, s.name)
		}
	}
	return names
}

func settingsOf(name string) (settings, bool) {
	i := slices.IndexFunc(known, func(s settings) bool { return s.name == name })
	if i < 0 {
		return settings{}, false
	}
	return known[i], true
}
