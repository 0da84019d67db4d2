package main

import (
	"fmt"
	"io"
)

// checkedWriter remembers the first error of a stream, so that output that couldn't be written isn't taken for a success.
type checkedWriter struct {
	w   io.Writer
	err error
}

func (c *checkedWriter) Write(p []byte) (int, error) {
	if c.err != nil {
		return 0, c.err
	}
	n, err := c.w.Write(p)
	if err != nil {
		c.err = fmt.Errorf("write standard output: %w", err)
	}
	return n, c.err
}
