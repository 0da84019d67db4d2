package train

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"finetune/head"
	"finetune/invalid"
	"finetune/loss"
)

// The settings that a Search may vary.
const (
	SearchLoss   = "loss"         // cross-entropy, emd2, and xemd2 with ordered or self-guided distances
	SearchLambda = "emd-weight"   // λ of xemd2: from 0.1 to 10
	SearchOmega  = "emd-omega"    // ω and μ of self-guided xemd2: the paper's two pairs
	SearchLR     = "lr"           // from a third of what suits the rest to three times as much
	SearchDecay  = "weight-decay" // from a tenth of what suits the rest to ten times as much
	SearchHidden = "hidden"       // 0, 64, 128 or 256
)

// SearchSettings lists all of them.
func SearchSettings() []string {
	return []string{SearchLoss, SearchLambda, SearchOmega, SearchLR, SearchDecay, SearchHidden}
}

func checkSearchSettings(names []string) error {
	for _, name := range names {
		if !slices.Contains(SearchSettings(), name) {
			return &invalid.Error{Field: "Search.Trials", Found: fmt.Sprintf("the setting %q", name), Want: "one of " + strings.Join(SearchSettings(), ", ")}
		}
	}
	return nil
}

// propose draws settings: those of base, with what over names drawn anew. Whatever base leaves open follows what was drawn.
func propose(base head.Config, over []string, r *rand.Rand, columns, examples int) head.Config {
	varies := func(name string) bool { return slices.Contains(over, name) }
	c := base
	if varies(SearchLoss) {
		c.SelfGuided, c.AutoLambda = false, false
		c.Loss = loss.Config{Name: []string{loss.CrossEntropy, loss.EMD2, loss.XEMD2, loss.XEMD2}[r.IntN(4)], Ground: base.Loss.Ground}
		// Positions and measured distances are two answers to one question; the user's stands.
		c.SelfGuided = c.Loss.Name == loss.XEMD2 && r.IntN(2) == 0 && c.Loss.Ground.Positions == nil && c.Loss.Ground.Matrix == nil
	}
	if varies(SearchLambda) && c.Loss.Name == loss.XEMD2 {
		c.AutoLambda, c.Loss.Lambda = false, logUniform(r, 0.1, 10)
	}
	if varies(SearchOmega) && c.SelfGuided {
		pair := [][2]float64{{1, 0.5}, {2, 0.25}}[r.IntN(2)]
		c.Loss.Omega, c.Loss.Mu = pair[0], pair[1]
	}
	if varies(SearchHidden) {
		c.Hidden = []int{0, 0, 64, 128, 256}[r.IntN(5)]
	}
	suits := c.Resolved(columns, examples)
	if varies(SearchLR) && suits.Optimizer != head.LBFGS {
		c.LR = suits.LR * logUniform(r, 1./3, 3)
	}
	if varies(SearchDecay) {
		c.WeightDecay = suits.WeightDecay * logUniform(r, 0.1, 10)
	}
	return c
}

// logUniform draws a number between low and high, every doubling as likely as any other. It keeps three digits, so that what
// is printed can be typed again.
func logUniform(r *rand.Rand, low, high float64) float64 {
	v := low * math.Pow(high/low, r.Float64())
	digit := math.Pow(10, math.Floor(math.Log10(v))-2)
	return math.Round(v/digit) * digit
}

// describeTrial says in flags what a trial's settings are, as far as a search varies them.
func describeTrial(c head.Config) string {
	text := "--loss " + c.Loss.Name
	if c.SelfGuided {
		text += " --ground-distance self-guided"
	}
	if c.Loss.Lambda != 0 {
		text += fmt.Sprintf(" --emd-weight %.3g", c.Loss.Lambda)
	}
	if c.SelfGuided {
		text += fmt.Sprintf(" --emd-omega %.3g --emd-mu %.3g", c.Loss.Omega, c.Loss.Mu)
	}
	if c.Optimizer != head.LBFGS {
		text += fmt.Sprintf(" --lr %.3g", c.LR)
	}
	return text + fmt.Sprintf(" --weight-decay %.3g --hidden %d", c.WeightDecay, c.Hidden)
}
