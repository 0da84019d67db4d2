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
	dot(f, false)
	dot(f, true)
	outer(f, false)
	outer(f, true)
	double(f)
	single(f)
	add(f)
	mul(f)
	sgd(f)
	adamW(f)
	drop(f)
	return f
}
