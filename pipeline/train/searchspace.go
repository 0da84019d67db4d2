package train

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"finetune/head"
	"finetune/invalid"
	"finetune/loss"
)

// SearchSettings lists the options that a search may vary.
func SearchSettings() []string {
	var names []string
	for _, o := range head.Options() {
		if o.Search.String() != "" && o.Search.With == "" {
			names = append(names, o.Name)
		}
	}
	return names
}

func checkSearchSettings(names []string) error {
	for _, name := range names {
		if !slices.Contains(SearchSettings(), name) {
			return &invalid.Error{Field: "Search.Trials", Found: fmt.Sprintf("the setting %q", name), Want: "one of " + strings.Join(SearchSettings(), ", ")}
		}
	}
	return nil
}

// propose draws settings: those of base, with the options of the names in over drawn anew. Whatever base leaves open follows what
// was drawn.
func propose(base head.Config, over []string, r *rand.Rand, columns, examples int) head.Config {
	c := base
	if slices.Contains(over, "loss") {
		c.SelfGuided, c.AutoLambda = false, false
		c.Loss = loss.Config{Ground: base.Loss.Ground}
	}
	var resolved *head.Config // once the options that others follow are drawn
	drawn := map[string]int{} // which choice of an option was drawn
	for _, o := range head.Options() {
		if !slices.Contains(over, cmp.Or(o.Search.With, o.Name)) || !applies(o, c) {
			continue
		}
		if o.Search.Relative && resolved == nil {
			full := c.Resolved(columns, examples)
			resolved = &full
		}
		if err := o.Set(&c, draw(o, resolved, drawn, r)); err != nil {
			panic(err) // a range of the table of options that its own check refuses
		}
	}
	return c
}

// applies reports whether an option means anything for the settings drawn so far.
func applies(o head.Option, c head.Config) bool {
	switch o.Name {
	case "ground-distance":
		// Positions and measured distances are two answers to one question; the user's stands.
		return c.Loss.Name == loss.XEMD2 && c.Loss.Ground.Positions == nil && c.Loss.Ground.Matrix == nil
	case "emd-weight":
		return c.Loss.Name == loss.XEMD2
	case "emd-omega", "emd-mu":
		return c.SelfGuided
	case "lr":
		o := c.Resolved(1, 1).Optimizer
		return o != head.LBFGS && o != head.ClosedForm
	case "weight-decay":
		return c.Resolved(1, 1).Optimizer != head.ClosedForm
	}
	return true
}

// draw returns a value of an option as text. Options whose choices are pairs, such as the paper's ω and μ, are drawn together.
func draw(o head.Option, resolved *head.Config, drawn map[string]int, r *rand.Rand) string {
	s := o.Search
	if len(s.Choices) > 0 {
		leader, _ := head.OptionOf(s.With)
		i, paired := drawn[s.With]
		if !paired || len(leader.Search.Choices) != len(s.Choices) {
			i = r.IntN(len(s.Choices))
		}
		drawn[o.Name] = i
		return s.Choices[i]
	}
	v := logUniform(r, s.Low, s.High)
	if s.Relative {
		auto, _ := strconv.ParseFloat(o.Text(*resolved), 64)
		v *= auto
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}

// logUniform draws a number between low and high, every doubling as likely as any other. It keeps three digits, so that what
// is printed can be typed again.
func logUniform(r *rand.Rand, low, high float64) float64 {
	v := low * math.Pow(high/low, r.Float64())
	digit := math.Pow(10, math.Floor(math.Log10(v))-2)
	return math.Round(v/digit) * digit
}

// describeSettings lists settings, as far as a search varies them.
func describeSettings(c head.Config) string {
	var list []string
	for _, o := range head.Options() {
		text := o.Text(c)
		if o.Search.String() == "" || text == "" || !applies(o, c) {
			continue
		}
		if v, err := strconv.ParseFloat(text, 64); err == nil {
			text = strconv.FormatFloat(v, 'g', 3, 64)
		}
		list = append(list, o.Name+"="+text)
	}
	return strings.Join(list, " ")
}
