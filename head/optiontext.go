package head

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"finetune/invalid"
	"finetune/loss"
)

// Set reads the option from text. c changes only where text is valid; the error is a *invalid.Error about Field.
func (o Option) Set(c *Config, text string) error {
	if o.Word != "" && text == o.Word {
		o.setWord(c)
		return nil
	}
	if !o.setValue(c, text) {
		return &invalid.Error{Field: o.Field, Found: strconv.Quote(text), Want: o.Values()}
	}
	if o.word != nil {
		*o.word(c) = false
	}
	return nil
}

// setWord sets the option to its word.
func (o Option) setWord(c *Config) {
	var number float64 = Auto
	if o.word != nil {
		*o.word(c), number = true, 0
	}
	switch p := o.valueIn(c).(type) {
	case *int:
		*p = int(number)
	case *float64:
		*p = number
	case *string:
		*p = ""
	case *[]float64:
		*p = nil
	}
}

// setValue sets the option to a value other than its word, and reports whether text is one.
func (o Option) setValue(c *Config, text string) bool {
	switch p := o.valueIn(c).(type) {
	case *int:
		v, err := strconv.Atoi(text)
		if err != nil || !o.Range.Contains(float64(v)) {
			return false
		}
		*p = v
	case *float64:
		v, err := strconv.ParseFloat(text, 64)
		if err != nil || !o.Range.Contains(v) {
			return false
		}
		*p = v
	case *[]float64:
		var list []float64
		for field := range strings.SplitSeq(text, ",") {
			v, err := strconv.ParseFloat(strings.TrimSpace(field), 64)
			if err != nil || !o.Range.Contains(v) || len(list) == loss.MaxClasses {
				return false
			}
			list = append(list, v)
		}
		*p = list
	case *string:
		if !slices.Contains(o.Choices, text) {
			return false
		}
		*p = text
	default:
		return slices.Contains(o.Choices, text)
	}
	return true
}

func (o Option) valueIn(c *Config) any {
	if o.value == nil {
		return nil
	}
	return o.value(c)
}

// Text returns the option's value in c as Set takes it; "" where it was left to a default that has no word.
func (o Option) Text(c Config) string {
	if o.word != nil && *o.word(&c) {
		return o.Word
	}
	switch p := o.valueIn(&c).(type) {
	case *int:
		if o.Word == auto && *p == Auto {
			return auto
		}
		return strconv.Itoa(*p)
	case *float64:
		switch {
		case o.word == nil && o.Word == auto && *p == Auto:
			return auto
		case o.Group == "Loss" && *p == 0: // the zero value of loss.Config stands for a default
			return ""
		}
		return formatNumber(*p)
	case *[]float64:
		var list []string
		for _, v := range *p {
			list = append(list, formatNumber(v))
		}
		return strings.Join(list, ",")
	case *string:
		if *p == "" {
			return o.Word
		}
		return *p
	}
	return o.Choices[0]
}

// Values describes what Set takes: "a number above 0, or auto".
func (o Option) Values() string {
	values := o.Range.String()
	switch o.Kind {
	case Choice:
		values = orList(o.Choices)
	case Numbers:
		values = "a number for each class, " + values
	}
	if o.Word != "" {
		values += ", or " + o.Word
	}
	return values
}

// check returns an error where the value in a resolved configuration is out of its range.
func (o Option) check(c *Config) error {
	switch p := o.valueIn(c).(type) {
	case *int:
		if !o.Range.Contains(float64(*p)) {
			return wrong(o.Field, *p, o.Range.String())
		}
	case *float64:
		if !o.Range.Contains(*p) {
			return wrong(o.Field, *p, o.Range.String())
		}
	case *[]float64:
		for _, v := range *p {
			if !o.Range.Contains(v) {
				return wrong(o.Field, v, o.Range.String())
			}
		}
	case *string:
		if !slices.Contains(o.Choices, *p) {
			return wrong(o.Field, strconv.Quote(*p), orList(o.Choices))
		}
	}
	return nil
}

// SetSpec reads an option of a specification of one loss, such as "omega=2" or "self-guided", by the option's Spec.
// An option whose Spec is its Word stands without a value.
func SetSpec(c *Config, text string) error {
	name, value, given := strings.Cut(text, "=")
	for _, o := range Options() {
		if o.Spec == "" || o.Spec != name || given == (o.Spec == o.Word) {
			continue
		}
		if !given {
			value = o.Word
		}
		return o.Set(c, value)
	}
	return &invalid.Error{Field: "Loss", Found: fmt.Sprintf("the option %q", text), Want: SpecOptions()}
}

// SpecOptions lists what SetSpec takes.
func SpecOptions() string {
	var list []string
	for _, o := range Options() {
		switch {
		case o.Spec == "":
		case o.Spec == o.Word:
			list = append(list, o.Spec)
		case o.Kind == Choice:
			list = append(list, o.Spec+"="+strings.Join(o.Choices, "|"))
		case o.Word != "":
			list = append(list, o.Spec+"=NUMBER or "+o.Word)
		default:
			list = append(list, o.Spec+"=NUMBER")
		}
	}
	return strings.Join(list, ", ")
}

// OptionsMarkdown returns the options as a table in Markdown, for the documentation.
func OptionsMarkdown() string {
	var b strings.Builder
	b.WriteString("| Option | Go field | Values | Default | Search | In a loss specification | Meaning |\n")
	b.WriteString("|---|---|---|---|---|---|---|\n")
	for _, o := range Options() {
		meaning := o.Help
		if o.Auto != "" {
			meaning += "; auto: " + o.Auto
		}
		switch o.Only {
		case Iterative:
			meaning += "; not for " + ClosedForm
		case Batches:
			meaning += "; not for " + LBFGS + " and " + ClosedForm
		}
		spec := o.Spec
		if spec != "" {
			spec = "`" + spec + "`"
		}
		fmt.Fprintf(&b, "| `%s` | `%s` | %s | %s | %s | %s | %s |\n", o.Name, o.Field, o.Values(), o.Default, o.Search,
			spec, meaning)
	}
	return b.String()
}

// String describes the values: "0.1 to 10 times auto"; "" for the zero value.
func (s Search) String() string {
	text := strings.Join(slices.Compact(slices.Clone(s.Choices)), ", ")
	if s.High > 0 {
		text = fmt.Sprintf("%.2g to %g", s.Low, s.High)
	}
	if s.Relative {
		text += " times auto"
	}
	if s.With != "" {
		text += ", with " + s.With
	}
	return text
}

func formatNumber(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

// orList returns "a, b or c".
func orList(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}
