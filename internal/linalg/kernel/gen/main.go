// Command gen writes the assembly of package kernel. It is a module of its own, so that building finetune needs
// nothing of it. Run it with go generate in the folder above.
package main

import . "github.com/mmcloughlin/avo/build"

func main() {
	ConstraintExpr("amd64")
	maskTable()
	weylTable()
	for _, at := range []bool{false, true} {
		dotAVX2(at)
		dotAVX512(at)
		outer(avx2, at)
		outer(avx512, at)
	}
	for _, w := range widths {
		add(w)
		mul(w)
		sgd(w)
		adamW(w)
		drop(w)
	}
	double(doubleAVX2)
	double(doubleAVX512)
	single(avx2)
	single(avx512)
	Generate()
}
