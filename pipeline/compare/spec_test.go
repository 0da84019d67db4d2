package compare

import (
	"reflect"
	"strings"
	"testing"

	"finetune/head"
	"finetune/invalid"
	"finetune/loss"
)

func TestSplitLosses(t *testing.T) {
	for list, want := range map[string][]string{
		"emd2":                      {"emd2"},
		"cross-entropy, emd2,corn":  {"cross-entropy", "emd2", "corn"},
		"xemd2:self-guided,omega=2": {"xemd2:self-guided,omega=2"},
		"emd2,xemd2:self-guided,omega=2,mu=0.25,emd:exponent=1,lr=0.01,l2": {
			"emd2", "xemd2:self-guided,omega=2,mu=0.25", "emd:exponent=1,lr=0.01", "l2",
		},
	} {
		got, err := SplitLosses(list)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %q, %v; want %q", list, got, err, want)
		}
	}
	if got, err := SplitLosses(strings.Join(DefaultLosses(), ",")); err != nil ||
		!reflect.DeepEqual(got, DefaultLosses()) {
		t.Errorf("the default losses come back as %q, %v", got, err)
	}
}

func TestSplitLossesRefuses(t *testing.T) {
	for list, want := range map[string]string{
		"":                                 "one of cross-entropy, emd2",
		"emd":                              "",
		"emd3":                             `the loss "emd3"; expected one of cross-entropy, emd2`,
		"emd2,omega=2":                     `the loss "omega=2"`,
		"emd2:":                            `option ""; expected self-guided, weight=NUMBER or auto`,
		"xemd2:weight":                     `option "weight"`,
		"xemd2:weight=heavy":               `weight=heavy: "heavy"; expected a number above 0`,
		"xemd2:weight=1,weight=auto":       `"weight" twice`,
		"xemd2:self-guided,warmup=2.5":     `"2.5"; expected 0 or more`,
		"emd2:tuned=3":                     `option "tuned=3"`,
		"emd2:tuned,tuned":                 `"tuned" twice`,
		"xemd2:self-guided=1":              `option "self-guided=1"`,
		"cross-entropy,emd2:lr=0.1,, corn": `option ""`,
	} {
		_, err := SplitLosses(list)
		if want == "" {
			if err != nil {
				t.Errorf("%q: %v", list, err)
			}
			continue
		}
		if !invalid.Is(err) || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "Losses") {
			t.Errorf("%q: %v; want a mistake with %q", list, err, want)
		}
	}
}

func TestLossSettings(t *testing.T) {
	common := head.Defaults(loss.Config{Name: "none"}, 0)
	common.Epochs, common.WeightDecay, common.AutoLambda = 24, 0.5, true
	for _, c := range []struct {
		spec string
		want func(*head.Config)
	}{
		{"emd2", func(*head.Config) {}},
		{"emd:exponent=1,lr=0.5,weight-decay=0", func(c *head.Config) {
			c.Loss.Exponent, c.LR, c.WeightDecay = 1, 0.5,
				0
		}},
		{"sinkhorn:gamma=30", func(c *head.Config) { c.Loss.Gamma = 30 }},
		{"xemd2:weight=2", func(c *head.Config) { c.Loss.Lambda = 2 }},
		{"xemd2:weight=auto", func(c *head.Config) { c.AutoLambda = true }},
		{"xemd2:self-guided,omega=2,mu=0.25", func(c *head.Config) {
			c.SelfGuided, c.Loss.Omega, c.Loss.Mu = true, 2, 0.25
		}},
		{"emd2:optimizer=lbfgs", func(c *head.Config) { c.Optimizer = head.LBFGS }},
		{"emd2:optimizer=lbfgs,tuned", func(c *head.Config) { c.Optimizer = head.LBFGS }},
		{"emd2:optimizer=closed-form", func(c *head.Config) {
			c.Optimizer, c.Epochs, c.WeightDecay = head.ClosedForm, head.Auto, head.Auto
		}},
		{"emd2:self-guided,warmup=9", func(c *head.Config) { c.SelfGuided, c.WarmupEpochs = true, 9 }},
	} {
		s, err := parseLoss(c.spec)
		if err != nil {
			t.Fatal(err)
		}
		want := common
		want.Loss, want.AutoLambda, want.WarmupEpochs = loss.Config{Name: lossName(c.spec)}, false, head.Auto
		c.want(&want)
		if got := s.config(common); !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\n%+v, want\n%+v", c.spec, got, want)
		}
	}
}
