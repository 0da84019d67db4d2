// Command genneon writes the assembly of package pixel for arm64. Run it with go generate in the folder above.
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
	f := neon.New("pixel", "go run ./genneon")
	inverseDCT(f)
	colours(f)
	widen(f)
	widenBetween(f)
	across(f)
	down(f)
	return f
}
