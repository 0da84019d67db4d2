package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"finetune/invalid"
)

// aNumber is what the numeric options of jobs are made of. Seeds are not among them: every number is one.
type aNumber interface {
	int | int64 | float64 | time.Duration
}

// addNumber binds a number that a job declares. The word auto, as well as leaving the flag out, leaves the choice to the job.
func addNumber[T aNumber](f *pflag.FlagSet, p *T, n invalid.Number, name, usage string) {
	f.Var(newNumber(p, n, name), name, usage)
}

func newNumber[T aNumber](p *T, n invalid.Number, name string) *numberFlag[T] {
	n.Field = "--" + name
	return &numberFlag[T]{p, n}
}

type numberFlag[T aNumber] struct {
	p *T
	n invalid.Number
}

// Type is what help shows for the value.
func (f *numberFlag[T]) Type() string {
	switch any(f.p).(type) {
	case *float64:
		return "float64"
	case *time.Duration:
		return "duration"
	}
	return "int"
}

func (f *numberFlag[T]) String() string {
	if f.p == nil || f.n.AutoIs != "" && float64(*f.p) == f.n.Auto {
		return ""
	}
	return fmt.Sprint(*f.p)
}

// Set reads the number. Auto is a word only: a user who writes its number may mean that.
func (f *numberFlag[T]) Set(text string) error {
	if f.n.AutoIs != "" && text == autoDecision {
		*f.p = T(f.n.Auto)
		return nil
	}
	v, ok := parseNumber[T](text, f.n)
	if !ok {
		return f.n.Wrong(strconv.Quote(text), autoDecision)
	}
	*f.p = v
	return nil
}

// parseNumber reads a number, and reports whether text is one that n declares.
func parseNumber[T aNumber](text string, n invalid.Number) (v T, ok bool) {
	var err error
	switch p := any(&v).(type) {
	case *float64:
		*p, err = strconv.ParseFloat(text, 64)
	case *time.Duration:
		*p, err = time.ParseDuration(text)
	case *int:
		*p, err = strconv.Atoi(text)
	case *int64:
		*p, err = strconv.ParseInt(text, 10, 64)
	}
	return v, err == nil && n.Contains(float64(v))
}

// addList binds numbers with commas between, each of which n declares.
func addList[T aNumber](f *pflag.FlagSet, p *[]T, n invalid.Number, name, usage string) {
	n.Field = "--" + name
	f.Var(&listFlag[T]{p, n}, name, usage)
}

// listFlag reads numbers with commas between.
type listFlag[T aNumber] struct {
	p *[]T
	n invalid.Number
}

func (*listFlag[T]) Type() string { return "numbers" }

func (f *listFlag[T]) String() string {
	if f.p == nil {
		return ""
	}
	var parts []string
	for _, v := range *f.p {
		parts = append(parts, fmt.Sprint(v))
	}
	return strings.Join(parts, ",")
}

// Set replaces the numbers.
func (f *listFlag[T]) Set(text string) error {
	var list []T
	for part := range strings.SplitSeq(text, ",") {
		v, ok := parseNumber[T](strings.TrimSpace(part), f.n)
		if !ok {
			return &invalid.Error{Field: f.n.Field, Found: strconv.Quote(part), Want: "numbers with commas between, each " + f.n.Values()}
		}
		list = append(list, v)
	}
	*f.p = list
	return nil
}

// finite declares numbers of which only the data says what they may be.
func finite(field string) invalid.Number {
	return invalid.Number{Field: field, Range: invalid.Range{Low: -math.MaxFloat64, High: math.MaxFloat64}}
}
