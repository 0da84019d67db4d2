package main

import "testing"

func TestFilesAreUpToDate(t *testing.T) {
	if err := kernels().Check("../kernel_arm64.s", "../stubs_arm64.go"); err != nil {
		t.Errorf("%v: run go generate in the folder above", err)
	}
}
