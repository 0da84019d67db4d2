//go:build !(linux && amd64)

package main

import (
	"errors"
	"runtime"
)

const filteredArg = "-filtered"

func canTrace() string {
	return "system calls can be made to fail on linux/amd64, this is " + runtime.GOOS + "/" + runtime.GOARCH
}

func runFiltered([]string) {}

func (t *torture) trace(string, []string, func(int, call) verdict) (end, error) {
	return end{}, errors.ErrUnsupported
}
