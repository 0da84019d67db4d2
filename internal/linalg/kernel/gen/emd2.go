package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// A lossFrame holds the registers of emd2. Its vectors hold a number of float64 for each of eight samples.
type lossFrame struct {
	k       reg.GPVirtual // classes
	scratch reg.GPVirtual // arrays of a vector a class
	bytes   reg.GPVirtual // of an array
	at      reg.GPVirtual // the class under way
	class   reg.VecPhysical
	one     reg.VecPhysical
}

// array is the vector of the class under way, or of one so many classes further on, in an array of scratch.
func (f *lossFrame) array(number, further int) operand.Mem {
	m := operand.Mem{Base: f.scratch, Index: f.at, Scale: 1, Disp: 64 * further}
	if number > 0 {
		base := GP64()
		MOVQ(f.scratch, base)
		for range number {
			ADDQ(f.bytes, base)
		}
		m.Base = base
	}
	return m
}

// up runs the body for each class from the first on, down from the last on. class is its number.
func (f *lossFrame) up(label string, body func()) {
	XORQ(f.at, f.at)
	VPXORQ(f.class, f.class, f.class)
	Label(label)
	body()
	VADDPD(f.one, f.class, f.class)
	ADDQ(operand.Imm(64), f.at)
	CMPQ(f.at, f.bytes)
	JL(operand.LabelRef(label))
}

func (f *lossFrame) down(label string, body func()) {
	MOVQ(f.bytes, f.at)
	Label(label)
	VSUBPD(f.one, f.class, f.class)
	SUBQ(operand.Imm(64), f.at)
	body()
	TESTQ(f.at, f.at)
	JNZ(operand.LabelRef(label))
}

const (
	lessThan    = 0x11 // of VCMPPD, ordered and quiet
	lessOrEqual = 0x12
	notEqual    = 0x04
)

// emd2 is package loss's emd2 for ordered classes, step by step: in float64, without fused operations, so that it has
// the same bits.
func emd2() {
	TEXT("emd2AVX512", 0, "func(n, k int, z, t *float32, gaps *float64, scale *float32, values *float64, grad *float32, exp *uint64, scratch *float64)")
	Pragma("noescape")
	Doc("emd2AVX512 computes the squared earth mover's distance of n samples, 1 to 8, and its gradient.")
	f := &lossFrame{k: load("k"), scratch: load("scratch"), bytes: GP64(), at: GP64(), class: z[31], one: z[30]}
	MOVQ(f.k, f.bytes)
	SHLQ(operand.Imm(6), f.bytes)
	constant := func(v float64, to reg.VecPhysical) {
		bits := GP64()
		MOVQ(operand.U64(math.Float64bits(v)), bits)
		VPBROADCASTQ(bits, to)
	}
	constant(1, f.one)

	samples := reg.K1
	Comment("A bit for each sample.")
	bits := GP64()
	MOVQ(load("n"), reg.RCX)
	MOVQ(operand.U32(1), bits)
	SHLQ(reg.CL, bits)
	DECQ(bits)
	KMOVW(bits.As32(), samples)
	Comment("Where the samples' rows begin, in elements.")
	index := y[29]
	VMOVUPS(lanes, index)
	VPBROADCASTD(f.k.As32(), y[0])
	VPMULLD(y[0], index, index)
	// gather loads an element of each sample, and moves on to the next class.
	gather := func(from reg.Register, to reg.VecPhysical, half reg.VecPhysical) {
		VXORPS(half, half, half)
		KMOVW(samples, reg.K2)
		VGATHERDPS(operand.Mem{Base: from, Index: index, Scale: 4}, reg.K2, half)
		VCVTPS2PD(half, to)
		ADDQ(operand.Imm(4), from)
	}

	Comment("The logits, array 0, and the largest and its class.")
	largest, top := z[28], z[27]
	from := load("z")
	f.up("logits", func() {
		gather(from, z[0], y[0])
		VMOVUPD(z[0], f.array(0, 0))
		TESTQ(f.at, f.at)
		JNZ(operand.LabelRef("compare"))
		VMOVAPD(z[0], largest)
		VMOVAPD(f.class, top)
		Label("compare")
		VCMPPD(operand.Imm(lessThan), z[0], largest, reg.K3)
		VMOVAPD(z[0], reg.K3, largest)
		VMOVAPD(f.class, reg.K3, top)
	})

	Comment("exp(z - largest), array 0, and its sum without the largest.")
	odds := z[26]
	VPXORQ(odds, odds, odds)
	const step = math.Ln2 / 128
	round, inverse, high, low := z[25], z[24], z[23], z[22]
	constant(3<<51, round)
	constant(1/step, inverse)
	constant(0x1.62e42fefap-8, high)
	constant(step-0x1.62e42fefap-8, low)
	c120, c24, c6, c2, least := z[21], z[20], z[19], z[18], z[17]
	constant(1./120, c120)
	constant(1./24, c24)
	constant(1./6, c6)
	constant(1./2, c2)
	constant(-708, least)
	cells := z[16]
	mask := GP64()
	MOVQ(operand.U32(127), mask)
	VPBROADCASTQ(mask, cells)
	table := load("exp")
	f.up("exp", func() {
		x, n, r, power, tail := z[0], z[1], z[2], z[3], z[4]
		VMOVUPD(f.array(0, 0), x)
		VSUBPD(largest, x, x)
		VMULPD(inverse, x, n)
		VADDPD(round, n, n)
		VSUBPD(round, n, tail)
		VMULPD(high, tail, r)
		VSUBPD(r, x, r)
		VMULPD(low, tail, tail)
		VSUBPD(tail, r, r)
		VPSLLQ(operand.Imm(12), n, n)
		VPSRAQ(operand.Imm(12), n, n)
		VPANDQ(cells, n, z[5])
		KXNORW(reg.K2, reg.K2, reg.K2)
		VPXORQ(power, power, power)
		VPGATHERQQ(operand.Mem{Base: table, Index: z[5], Scale: 8}, reg.K2, power)
		VPSRAQ(operand.Imm(7), n, n)
		VPSLLQ(operand.Imm(52), n, n)
		VPADDQ(n, power, power)
		VMULPD(c120, r, tail)
		VADDPD(c24, tail, tail)
		VMULPD(tail, r, tail)
		VADDPD(c6, tail, tail)
		VMULPD(tail, r, tail)
		VADDPD(c2, tail, tail)
		VMULPD(r, r, z[5])
		VMULPD(tail, z[5], tail)
		VADDPD(tail, r, tail)
		VMULPD(tail, power, tail)
		VADDPD(tail, power, tail)
		Comment("Less than float64's smallest normal number is nothing. NaNs stay.")
		VCMPPD(operand.Imm(lessOrEqual), least, x, reg.K3)
		VPXORQ(z[5], z[5], z[5])
		VMOVAPD(z[5], reg.K3, tail)
		VMOVUPD(tail, f.array(0, 0))
		VCMPPD(operand.Imm(notEqual), top, f.class, reg.K3)
		VADDPD(tail, odds, reg.K3, odds)
	})
	VADDPD(f.one, odds, odds)
	VDIVPD(odds, f.one, odds)

	Comment("Probabilities, array 0, less the target, array 1, and from the first class up to the top one summed, array 2.")
	below := z[28]
	VPXORQ(below, below, below)
	from = load("t")
	f.up("below", func() {
		gather(from, z[1], y[1])
		VMULPD(f.array(0, 0), odds, z[0])
		VMOVUPD(z[0], f.array(0, 0))
		VSUBPD(z[1], z[0], z[0])
		VMOVUPD(z[0], f.array(1, 0))
		VADDPD(z[0], below, below)
		VMOVUPD(below, f.array(2, 0))
	})
	Comment("The others are summed from the last class down.")
	above := z[28]
	VPXORQ(above, above, above)
	VPXORQ(z[2], z[2], z[2])
	f.down("above", func() {
		VCMPPD(operand.Imm(lessOrEqual), f.class, top, reg.K3)
		VSUBPD(above, z[2], z[0])
		VMOVUPD(z[0], reg.K3, f.array(2, 0))
		VADDPD(f.array(1, 0), above, above)
	})

	Comment("The value and the derivatives by the sums, array 2.")
	value, gaps := z[28], load("gaps")
	VPXORQ(value, value, value)
	last := GP64()
	MOVQ(f.bytes, last)
	SUBQ(operand.Imm(64), last)
	f.up("value", func() {
		CMPQ(f.at, last)
		JGE(operand.LabelRef("constant"))
		VMOVUPD(f.array(2, 0), z[0])
		VPBROADCASTQ(operand.Mem{Base: gaps}, z[1])
		ADDQ(operand.Imm(8), gaps)
		VMULPD(z[1], z[0], z[2])
		VMULPD(z[0], z[2], z[2])
		VADDPD(z[2], value, value)
		VADDPD(z[1], z[1], z[1])
		VMULPD(z[1], z[0], z[0])
		VMOVUPD(z[0], f.array(2, 0))
		Label("constant")
	})
	VMOVUPD(value, operand.Mem{Base: load("values")})

	Comment("The derivatives by the probabilities, array 1: sums from the top class down and up.")
	sum := z[28]
	VPXORQ(sum, sum, sum)
	f.down("down", func() {
		VCMPPD(operand.Imm(lessThan), top, f.class, reg.K3)
		VADDPD(f.array(2, 0), sum, reg.K3, sum)
		VMOVUPD(sum, f.array(1, 0))
	})
	mean := z[25]
	VPXORQ(sum, sum, sum)
	VPXORQ(mean, mean, mean)
	f.up("up", func() {
		VCMPPD(operand.Imm(lessThan), f.class, top, reg.K3)
		VMOVUPD(f.array(1, 0), z[0])
		TESTQ(f.at, f.at)
		JZ(operand.LabelRef("first"))
		VSUBPD(f.array(2, -1), sum, reg.K3, sum)
		VMOVAPD(sum, reg.K3, z[0])
		VMOVUPD(z[0], f.array(1, 0))
		Label("first")
		VMULPD(f.array(0, 0), z[0], z[0])
		VADDPD(z[0], mean, mean)
	})

	Comment("The gradient.")
	scale, to := y[24], load("grad")
	VMOVUPS(operand.Mem{Base: load("scale")}, scale)
	f.up("gradient", func() {
		VMOVUPD(f.array(1, 0), z[0])
		VSUBPD(mean, z[0], z[0])
		VMULPD(f.array(0, 0), z[0], z[0])
		VCVTPD2PS(z[0], y[0])
		VMULPS(scale, y[0], y[0])
		KMOVW(samples, reg.K2)
		VSCATTERDPS(y[0], reg.K2, operand.Mem{Base: to, Index: index, Scale: 4})
		ADDQ(operand.Imm(4), to)
	})
	VZEROUPPER()
	RET()
}

// lanes is a table of the numbers 0 to 7.
var lanes operand.Mem

func laneTable() {
	lanes = GLOBL("lanes", 8|16) // RODATA, NOPTR
	for i := range 8 {
		DATA(4*i, operand.U32(uint32(i)))
	}
}
