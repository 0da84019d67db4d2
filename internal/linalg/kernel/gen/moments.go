package main

import (
	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// doubled reads eight bytes of a vector for each element of a loop.
func (l loop) doubled(vector string) operand.Mem {
	return operand.Mem{Base: l.vectors[vector], Index: l.at, Scale: 8}
}

// narrow is the register of half the width that shares its number.
func narrow(v reg.VecPhysical) reg.VecPhysical {
	if v.Size() == 64 {
		return v.AsY().(reg.VecPhysical)
	}
	return v.AsX().(reg.VecPhysical)
}

func spread(param string, register reg.VecPhysical) {
	at, err := Param(param).Resolve()
	if err != nil {
		panic(err)
	}
	VBROADCASTSD(at.Addr, register)
}

func standardise(w lanesOf) {
	l := beginLoop("standardise", "func(n int, dst, a *float32, mean, inverse *float64, scale float64)",
		"writes scale·inverse·(a − mean) to dst, computed in float64.", w, w.count/2, "dst", "a", "mean", "inverse")
	scale, v, t := w.registers[0], w.registers[1], w.registers[2]
	spread("scale", scale)
	l.each(func() {
		VMULPD(l.doubled("inverse"), scale, t)
		VCVTPS2PD(l.mem("a"), v)
		VSUBPD(l.doubled("mean"), v, v)
		VMULPD(v, t, v)
		if v.Size() == 64 {
			VCVTPD2PS(v, narrow(v))
		} else {
			VCVTPD2PSY(v, narrow(v))
		}
		VMOVUPS(narrow(v), l.mem("dst"))
	})
}

func moments(w lanesOf) {
	l := beginLoop("moments", "func(n int, a, origin *float32, mean, squares *float64, weight float64)",
		"adds weight times a − origin to mean, and weight times its square to squares.", w, w.count/2,
		"a", "origin", "mean", "squares")
	weight, v, u, t := w.registers[0], w.registers[1], w.registers[2], w.registers[3]
	spread("weight", weight)
	l.each(func() {
		VCVTPS2PD(l.mem("a"), v)
		VCVTPS2PD(l.mem("origin"), u)
		VSUBPD(u, v, v)
		VMULPD(v, weight, t)
		VADDPD(l.doubled("mean"), t, u)
		VMOVUPD(u, l.doubled("mean"))
		VMULPD(v, t, t)
		VADDPD(l.doubled("squares"), t, t)
		VMOVUPD(t, l.doubled("squares"))
	})
}
