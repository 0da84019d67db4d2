// Command gen writes the assembly of package pixel. It is a module of its own, so that building finetune needs
// nothing of it. Run it with go generate in the folder above.
package main

import (
	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func main() {
	ConstraintExpr("amd64")
	inverseDCT()
	colours()
	widen()
	widenBetween()
	across()
	down()
	Generate()
}

// begin declares a function.
func begin(name, signature string, doc ...string) {
	TEXT(name, NOSPLIT, signature)
	Pragma("noescape")
	Doc(doc...)
}

func pointer(param string) reg.GPVirtual { return Load(Param(param), GP64()).(reg.GPVirtual) }

// eight returns a vector in memory of eight equal 32-bit numbers.
func eight(name string, v int32) operand.Mem {
	m := GLOBL(name, 8|16) // RODATA, NOPTR
	for i := range 8 {
		DATA(4*i, operand.U32(uint32(v)))
	}
	return m
}

func at(base reg.Register, bytes int) operand.Mem { return operand.Mem{Base: base, Disp: bytes} }
