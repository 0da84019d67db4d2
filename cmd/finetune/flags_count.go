package main

import (
	"strconv"

	"github.com/spf13/pflag"

	"finetune/invalid"
)

// countFlag is how many of something there are to be: 1 or more. Left out, the job chooses.
type countFlag struct {
	n    *int
	name string
}

var _ pflag.Value = (*countFlag)(nil)

// Type is what help shows for the value.
func (*countFlag) Type() string { return "int" }

func (c *countFlag) String() string {
	if c.n == nil || *c.n == 0 {
		return ""
	}
	return strconv.Itoa(*c.n)
}

// Set reads the number.
func (c *countFlag) Set(text string) error {
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return &invalid.Error{Field: c.name, Found: strconv.Quote(text), Want: "a whole number from 1 up", Hint: "leave it out for the default"}
	}
	*c.n = n
	return nil
}
