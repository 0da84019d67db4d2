// Command gen writes the assembly of package kernel. It is a module of its own, so that building finetune needs
// nothing of it. Run it with go generate in the folder above.
package main

import . "github.com/mmcloughlin/avo/build"

func main() {
	ConstraintExpr("amd64")
	maskTable()
	weylTable()
	laneTable()
	dotAVX2(beginDot("AVX2", 3, 8))
	dotAVX512(beginDot("AVX512", 4, 16))
	for cols := 1; cols <= dotCols; cols++ {
		dotAVX2(beginDotAt("AVX2", 3, cols, 8))
		dotAVX512(beginDotAt("AVX512", 4, cols, 16))
	}
	for _, s := range []shape{avx2, avx512} {
		outer(beginOuter(s))
		for rows := 1; rows <= s.rows; rows++ {
			outerAt(s, rows)
		}
	}
	for _, w := range widths {
		add(w)
		mul(w)
		mulSpread(w)
		sgd(w)
		adamW(w)
		drop(w)
		standardise(w)
		moments(w)
	}
	double(doubleAVX2)
	double(doubleAVX512)
	single(avx2)
	single(avx512)
	emd2()
	Generate()
}
