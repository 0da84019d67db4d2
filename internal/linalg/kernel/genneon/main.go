// Command genneon writes the assembly of package kernel for arm64. Run it with go generate in the folder above.
package main

import (
	"log"

	"finetune/internal/neon"
)

func main() {
	if err := kernels().Write("kernel_arm64.s", "stubs_arm64.go"); err != nil {
		log.Fatal("genneon: ", err)
	}
}

func kernels() *neon.File {
	f := neon.New("kernel", "go run ./genneon")
	dot(f)
	for cols := 1; cols <= dotCols; cols++ {
		dotAt(f, cols)
	}
	outer(f)
	for rows := 1; rows <= 8; rows++ {
		outerAt(f, rows)
	}
	double(f)
	single(f)
	add(f)
	mul(f)
	mulSpread(f)
	sgd(f)
	adamW(f)
	drop(f)
	standardise(f)
	moments(f)
	return f
}
