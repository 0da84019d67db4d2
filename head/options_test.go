package head

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"finetune/invalid"
	"finetune/loss"
)

// TestOptionsCoverConfig checks that every hyper-parameter has one option, which names a field that exists.
func TestOptionsCoverConfig(t *testing.T) {
	// Seed and Threads belong to the job, Raw has no option, and the bools are words of other options.
	covered := map[string]bool{"Head.Loss": true, "Head.Raw": true, "Head.Seed": true, "Head.Threads": true,
		"Head.AutoLambda": true, "Head.SelfGuided": true, "Head.Balanced": true, "Loss.Classes": true}
	names := map[string]bool{}
	for _, o := range Options() {
		if covered[o.Field] || names[o.Name] {
			t.Errorf("%s (%s) stands twice", o.Name, o.Field)
		}
		covered[o.Field], names[o.Name] = true, true
		if o.Help == "" || o.Group == "" || (o.Auto != "") != (o.Word == auto) {
			t.Errorf("%s: %+v", o.Name, o)
		}
		if found, ok := OptionOf(o.Name); !ok || found.Field != o.Field {
			t.Errorf("OptionOf(%q) is %+v, %v", o.Name, found, ok)
		}
	}
	fields := map[string]bool{}
	for prefix, config := range map[string]any{"Head.": Config{}, "Loss.": loss.Config{}} {
		for _, f := range reflect.VisibleFields(reflect.TypeOf(config)) {
			fields[prefix+f.Name] = true
			if !covered[prefix+f.Name] {
				t.Errorf("%s%s has no option", prefix, f.Name)
			}
		}
	}
	for field := range covered {
		if !fields[field] {
			t.Errorf("there is no field %s", field)
		}
	}
	if _, ok := OptionOf("nosuch"); ok {
		t.Error("found an option that doesn't exist")
	}
}

// TestOptionSet sets each option to what it accepts and rejects, and reads it back.
func TestOptionSet(t *testing.T) {
	for name, c := range map[string]struct{ good, bad []string }{
		"loss":            {loss.Names(), []string{"", "hinge", "auto"}},
		"ground-distance": {[]string{"ordered", "self-guided"}, []string{"", "auto", "far"}},
		"emd-weight":      {[]string{"auto", "0.1", "1000"}, []string{"0", "-1", "much", "NaN", "Inf"}},
		"emd-omega":       {[]string{"0.5", "2"}, []string{"0", "auto", "-1"}},
		"emd-mu":          {[]string{"-0.25", "0.5"}, []string{"NaN", "1e16"}},
		"emd-exponent":    {[]string{"1", "2.5"}, []string{"0.9", "Inf"}},
		"sinkhorn-gamma":  {[]string{"30"}, []string{"0"}},
		"warmup-epochs":   {[]string{"auto", "0", "7"}, []string{"-1", "1.5", "many"}},
		"hidden":          {[]string{"0", "65536"}, []string{"-1", "65537", "auto"}},
		"dropout":         {[]string{"auto", "0", "0.99"}, []string{"-1", "1", "NaN", "-0.1"}},
		"decision":        {decisionNames(), []string{"mode"}},
		"optimizer":       {[]string{"auto", "sgd", "adamw", "lbfgs"}, []string{"adam", ""}},
		"lr":              {[]string{"auto", "0.01"}, []string{"0", "-1", "NaN", "Inf", "fast"}},
		"momentum":        {[]string{"auto", "0", "0.9"}, []string{"1", "-1"}},
		"weight-decay":    {[]string{"auto", "0", "1e-05"}, []string{"-1", "Inf"}},
		"epochs":          {[]string{"auto", "1", "1000000"}, []string{"0", "-1", "1000001", "1e3"}},
		"batch-size":      {[]string{"auto", "1"}, []string{"0", "-1", "99999999999999999999"}},
		"schedule":        {[]string{"auto", "cosine", "constant"}, []string{"step"}},
		"patience":        {[]string{"auto", "0", "5"}, []string{"-1"}},
		"class-weights":   {[]string{"balanced", "1,2,0.5"}, []string{"", "1,-2", "1,,2", "auto", "1;2"}},
	} {
		o, ok := OptionOf(name)
		if !ok {
			t.Fatalf("no option %s", name)
		}
		config := Defaults(loss.Config{Name: loss.EMD2}, 0)
		for _, text := range c.good {
			if err := o.Set(&config, text); err != nil || o.Text(config) != text {
				t.Errorf("%s %q: %v, reads back as %q", name, text, err, o.Text(config))
			}
		}
		before := fmt.Sprint(config)
		for _, text := range c.bad {
			err := o.Set(&config, text)
			var e *invalid.Error
			if !errors.As(err, &e) || e.Field != o.Field || e.Want != o.Values() {
				t.Errorf("%s %q: %v", name, text, err)
			}
		}
		if after := fmt.Sprint(config); after != before {
			t.Errorf("%s: rejected values changed %s to %s", name, before, after)
		}
	}
}

// A word and a value of the same option replace each other.
func TestOptionWords(t *testing.T) {
	c := Defaults(loss.Config{Name: loss.XEMD2}, 0)
	set := func(name, text string) {
		t.Helper()
		o, _ := OptionOf(name)
		if err := o.Set(&c, text); err != nil {
			t.Fatal(err)
		}
	}
	set("emd-weight", "2")
	set("emd-weight", "auto")
	if !c.AutoLambda || c.Loss.Lambda != 0 {
		t.Errorf("auto after 2: %+v", c)
	}
	set("emd-weight", "3")
	if c.AutoLambda || c.Loss.Lambda != 3 {
		t.Errorf("3 after auto: %+v", c)
	}
	set("class-weights", "1,2")
	set("class-weights", "balanced")
	if !c.Balanced || c.ClassWeights != nil {
		t.Errorf("balanced after a list: %+v", c)
	}
	set("class-weights", "3,4")
	if c.Balanced || !slices.Equal(c.ClassWeights, []float64{3, 4}) {
		t.Errorf("a list after balanced: %+v", c)
	}
	set("ground-distance", "self-guided")
	set("ground-distance", "ordered")
	if c.SelfGuided {
		t.Error("still self-guided")
	}
}

// Text of an option that was left to its default is the word or nothing.
func TestOptionTextOfDefaults(t *testing.T) {
	c := Defaults(loss.Config{}, 0)
	for _, o := range Options() {
		want := o.Default
		switch {
		case o.Word == auto && o.word == nil:
			want = auto
		case o.Group == "Loss" && o.Name != "ground-distance", o.Name == "decision", o.Name == "class-weights":
			want = ""
		}
		if got := o.Text(c); got != want {
			t.Errorf("%s is %q, want %q", o.Name, got, want)
		}
	}
}

// Zero is zero and Auto is auto: neither stands for the other.
func TestZeroIsNotAuto(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"Head.LR": func(c *Config) { c.LR = 0 }, "Head.Epochs": func(c *Config) { c.Epochs = 0 },
		"Head.BatchSize": func(c *Config) { c.BatchSize = 0 }, "Head.Threads": func(c *Config) { c.Threads = 0 },
		"Head.Dropout":     func(c *Config) { c.Dropout = -0.5 },
		"Head.WeightDecay": func(c *Config) { c.WeightDecay = math.NaN() },
	} {
		c := Defaults(loss.Config{Classes: 3}, 0)
		if err := c.Check(); err != nil {
			t.Fatal(err)
		}
		change(&c)
		var e *invalid.Error
		if err := c.Check(); !errors.As(err, &e) || e.Field != name {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSetSpec(t *testing.T) {
	base := Defaults(loss.Config{Name: loss.XEMD2}, 0)
	for text, change := range map[string]func(*Config){
		"self-guided":    func(c *Config) { c.SelfGuided = true },
		"weight=auto":    func(c *Config) { c.AutoLambda = true },
		"weight=2":       func(c *Config) { c.Loss.Lambda = 2 },
		"omega=2":        func(c *Config) { c.Loss.Omega = 2 },
		"mu=0.25":        func(c *Config) { c.Loss.Mu = 0.25 },
		"exponent=1":     func(c *Config) { c.Loss.Exponent = 1 },
		"gamma=30":       func(c *Config) { c.Loss.Gamma = 30 },
		"warmup=9":       func(c *Config) { c.WarmupEpochs = 9 },
		"lr=0.5":         func(c *Config) { c.LR = 0.5 },
		"weight-decay=0": func(c *Config) { c.WeightDecay = 0 },
	} {
		got, want := base, base
		change(&want)
		if err := SetSpec(&got, text); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
		if name, _, _ := strings.Cut(text, "="); !strings.Contains(SpecOptions(), name) {
			t.Errorf("%s isn't in %q", name, SpecOptions())
		}
	}
	for _, text := range []string{"", "omega", "self-guided=1", "hidden=3", "warmup=1.5", "lr=-1", "omega=", "=2"} {
		c := base
		if err := SetSpec(&c, text); !invalid.Is(err) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// TestSearchChoices checks that what a search draws can be set.
func TestSearchChoices(t *testing.T) {
	for _, o := range Options() {
		c := Defaults(loss.Config{}, 0)
		for _, choice := range o.Search.Choices {
			if err := o.Set(&c, choice); err != nil {
				t.Errorf("%s: %v", o.Name, err)
			}
		}
		s := o.Search
		if s.High > 0 && !(0 < s.Low && s.Low < s.High) || s.Relative && o.Auto == "" {
			t.Errorf("%s: search %+v", o.Name, s)
		}
		if _, ok := OptionOf(s.With); s.With != "" && !ok {
			t.Errorf("%s is searched with %q", o.Name, s.With)
		}
	}
}

func TestOptionsMarkdown(t *testing.T) {
	lines := strings.Split(strings.TrimSuffix(OptionsMarkdown(), "\n"), "\n")
	if len(lines) != len(Options())+2 {
		t.Fatalf("%d lines for %d options", len(lines), len(Options()))
	}
	for i, line := range lines {
		if strings.Count(line, "|") != strings.Count(lines[0], "|") {
			t.Errorf("another number of columns: %s", line)
		}
		if i >= 2 && !strings.HasPrefix(line, "| `"+Options()[i-2].Name+"` | `"+Options()[i-2].Field+"` | ") {
			t.Errorf("line %d: %s", i, line)
		}
	}
	want := "| `lr` | `Head.LR` | a number above 0, or auto | auto | 0.33 to 3 times auto | `lr` | peak learning rate; " +
		"auto: "
	if !strings.Contains(OptionsMarkdown(), want) {
		t.Errorf("no %q in\n%s", want, OptionsMarkdown())
	}
}
