// Command gen writes the assembly of package kernel. It is a module of its own, so that building finetune needs
// nothing of it. Run it with go generate in the folder above.
package main

import . "github.com/mmcloughlin/avo/build"

func main() {
	ConstraintExpr("amd64")
	maskTable()
	weylTable()
	dotAVX2()
	dotAVX512()
	outer(avx2)
	outer(avx512)
	dotAtAVX2()
	dotAtAVX512()
	outerAt("outerAtAVX2", avx2)
	outerAt("outerAtAVX512", avx512)
	for _, w := range widths {
		add(w)
		mul(w)
		sgd(w)
		adamW(w)
		drop(w)
	}
	Generate()
}
