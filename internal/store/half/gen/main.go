// Command gen writes the assembly of package half. It is a module of its own, so that building finetune needs nothing of it. Run it
// with go generate in the folder above.
package main

import (
	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// nearestEven rounds to the nearest number, of two as near to the even one, whatever the processor is set to.
const nearestEven = 0

func main() {
	ConstraintExpr("amd64")
	loop("encodeF16C", "func(dst *uint16, src *float32, n int)", "encodeF16C rounds n numbers, a multiple of 8.", 2, 4,
		func(dst, src reg.GPVirtual) {
			v := YMM()
			VMOVUPS(operand.Mem{Base: src}, v)
			VCVTPS2PH(operand.Imm(nearestEven), v, operand.Mem{Base: dst})
		})
	loop("decodeF16C", "func(dst *float32, src *uint16, n int)", "decodeF16C widens n halves, a multiple of 8.", 4, 2,
		func(dst, src reg.GPVirtual) {
			v := YMM()
			VCVTPH2PS(operand.Mem{Base: src}, v)
			VMOVUPS(v, operand.Mem{Base: dst})
		})
	Generate()
}

// loop declares a function that takes eight numbers, of so many bytes each, at a time.
func loop(name, signature, doc string, to, from uint64, body func(dst, src reg.GPVirtual)) {
	TEXT(name, NOSPLIT, signature)
	Pragma("noescape")
	Doc(doc)
	dst, src := Load(Param("dst"), GP64()).(reg.GPVirtual), Load(Param("src"), GP64()).(reg.GPVirtual)
	n := Load(Param("n"), GP64())
	Label("next")
	body(dst, src)
	ADDQ(operand.Imm(8*from), src)
	ADDQ(operand.Imm(8*to), dst)
	SUBQ(operand.Imm(8), n)
	JNE(operand.LabelRef("next"))
	VZEROUPPER()
	RET()
}
