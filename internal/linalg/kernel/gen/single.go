package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
)

const singleSignature = "func(k int, a *float32, b *float32, ldb int, c *float64, ldc int)"

// single sums k rank-1 updates in registers of float32 and adds them to a tile of float64.
func single(s shape) {
	name := "single" + s.name
	TEXT(name, 0, singleSignature)
	Pragma("noescape")
	Doc(fmt.Sprintf("%s adds to the %d × %d tile c the product of k packed columns of %d and k rows of b, summed in float32.",
		name, s.rows, s.vectors*s.lanes, s.rows))
	f := &outerFrame{shape: s, k: load("k"), a: load("a"), b: load("b"), ldb: load("ldb"), c: load("c"), ldc: load("ldc")}
	SHLQ(operand.Imm(2), f.ldb)
	SHLQ(operand.Imm(3), f.ldc)
	free := s.registers[s.rows*s.vectors:]
	f.right, f.left = free[:s.vectors], free[s.vectors:]
	for _, r := range s.registers[:s.rows*s.vectors] {
		VXORPS(r, r, r)
	}
	f.updates()
	wide, half := f.right[0], s.lanes/2
	for i := range s.rows {
		for v := range s.vectors {
			sums := f.tile(i, v)
			for part := range 2 {
				to := operand.Mem{Base: f.c, Disp: 8 * (s.lanes*v + half*part)}
				if s.lanes == 16 {
					if part == 1 {
						VEXTRACTF64X4(operand.Imm(1), sums, sums.AsY())
					}
					VCVTPS2PD(sums.AsY(), wide)
				} else {
					if part == 1 {
						VEXTRACTF128(operand.Imm(1), sums, sums.AsX())
					}
					VCVTPS2PD(sums.AsX(), wide)
				}
				VADDPD(to, wide, wide)
				VMOVUPD(wide, to)
			}
		}
		if i+1 < s.rows {
			ADDQ(f.ldc, f.c)
		}
	}
	VZEROUPPER()
	RET()
}
