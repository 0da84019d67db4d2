package main

import "finetune/internal/neon"

// The rounding of package resample.
const precision = 22

// A widener makes 32-bit numbers of bytes: the places of four bytes and of zeros, for each quarter of a vector.
type widener struct {
	*neon.Func
	places []neon.V
}

func newWidener(a *neon.Func) widener {
	w := widener{a, a.Vecs(4)}
	a.LoadAll(a.Address("quarters"), w.places...)
	return w
}

func quarters(file *neon.File) {
	var table []uint32
	for i := range uint32(16) {
		table = append(table, 0xffffff00|i)
	}
	file.Table("quarters", table...)
}

// quarter writes one quarter of the bytes.
func (w widener) quarter(to, bytes neon.V, i int) {
	w.Op("tbl %v.16b, {%v.16b}, %v.16b", to, bytes, w.places[i])
}

// half is what rounds a sum.
func (w widener) half() neon.V { return w.Fill("S4", 1<<(precision-1)) }

// across goes through a row of results. Each is summed four pixels at a time, in two accumulators, so that one sum needn't
// wait for the other.
func across(file *neon.File) {
	quarters(file)
	a := newWidener(file.Func("acrossAssembly", "func(dst, src *uint8, starts, counts *int, weights *int32, width int, n int)",
		"acrossAssembly writes n pixels of 3 bytes, and a byte after them, each the weighted sum of counts[i] pixels of 4 bytes",
		"from starts[i] on. The weights of a pixel begin width after those of the one before. n is above 0."))
	dst, src, starts, counts := a.Arg("dst"), a.Arg("src"), a.Arg("starts"), a.Arg("counts")
	row, width, n := a.Arg("weights"), a.Arg("width"), a.Arg("n")
	half := a.half()
	sums, levels, weights, spread := a.Vecs(2), a.Vec(), a.Vec(), a.Vecs(4)
	pixels, weight, left := a.Reg(), a.Reg(), a.Reg()

	a.Label("pixel")
	a.Go("MOVD.P 8(%s), %s", starts, pixels)
	a.Go("ADD %s<<2, %s, %s", pixels, src, pixels)
	a.Go("MOVD %s, %s", row, weight)
	a.Go("ADD %s<<2, %s", width, row)
	a.Go("MOVD.P 8(%s), %s", counts, left)
	a.Move(sums[0], half)
	a.Zero(sums[1])
	a.Go("SUBS $4, %s", left)
	a.Go("BLT rest")
	a.Label("four")
	a.LoadNext(pixels, levels)
	a.LoadNext(weight, weights)
	for i, v := range spread {
		a.quarter(v, levels, i)
	}
	for i, v := range spread {
		a.Op("mla %v.4s, %v.4s, %v.s[%d]", sums[i%2], v, weights, i)
	}
	a.Go("SUBS $4, %s", left)
	a.Go("BGE four")

	a.Label("rest")
	a.Op("add %v.4s, %v.4s, %v.4s", sums[0], sums[0], sums[1])
	a.Go("ADDS $4, %s", left)
	a.Go("BEQ done")
	a.Label("one")
	a.Go("FMOVS.P 4(%s), F%d", pixels, int(levels))
	a.Go("FMOVS.P 4(%s), F%d", weight, int(weights))
	a.quarter(spread[0], levels, 0)
	a.Op("mla %v.4s, %v.4s, %v.s[0]", sums[0], spread[0], weights)
	a.Go("SUBS $1, %s", left)
	a.Go("BNE one")

	a.Label("done")
	a.Op("shrn %v.4h, %v.4s, #16", sums[0], sums[0])
	a.Op("sqshrun %v.8b, %v.8h, #%d", sums[0], sums[0], precision-16)
	a.Go("FMOVS F%d, (%s)", int(sums[0]), dst)
	a.Go("ADD $3, %s", dst)
	a.Go("SUBS $1, %s", n)
	a.Go("BNE pixel")
	a.Return()
}

// down sums 32 columns at a time.
func down(file *neon.File) {
	a := newWidener(file.Func("downAssembly", "func(dst, rows *uint8, stride int, weights *int32, taps int, n int)",
		"downAssembly writes n bytes, a multiple of 32, above 0, each the weighted sum of taps bytes that are stride apart."))
	dst, rows, stride, weights, taps, n := a.Arg("dst"), a.Arg("rows"), a.Arg("stride"), a.Arg("weights"), a.Arg("taps"), a.Arg("n")
	half, sums, levels, w, spread := a.half(), a.Vecs(8), a.Vecs(2), a.Vec(), a.Vecs(4)
	row, weight, left := a.Reg(), a.Reg(), a.Reg()

	a.Label("columns")
	for _, s := range sums {
		a.Move(s, half)
	}
	a.Go("MOVD %s, %s", rows, row)
	a.Go("MOVD %s, %s", weights, weight)
	a.Go("MOVD %s, %s", taps, left)
	a.Label("tap")
	a.Go("FMOVS.P 4(%s), F%d", weight, int(w))
	a.LoadAll(row, levels...)
	a.Go("ADD %s, %s", stride, row)
	for i, s := range sums {
		v := spread[i%len(spread)]
		a.quarter(v, levels[i/4], i%4)
		a.Op("mla %v.4s, %v.4s, %v.s[0]", s, v, w)
	}
	a.Go("SUBS $1, %s", left)
	a.Go("BNE tap")
	// A sum's high half is the sum shifted by 16 bits.
	for i := range 2 {
		for k := 4 * i; k < 4*i+4; k += 2 {
			a.Op("uzp2 %v.8h, %v.8h, %v.8h", sums[k], sums[k], sums[k+1])
		}
		a.Op("sqshrun %v.8b, %v.8h, #%d", levels[i], sums[4*i], precision-16)
		a.Op("sqshrun2 %v.16b, %v.8h, #%d", levels[i], sums[4*i+2], precision-16)
	}
	a.Go("FSTPQ.P (F%d, F%d), 32(%s)", int(levels[0]), int(levels[1]), dst)
	a.Go("ADD $32, %s", rows)
	a.Go("SUBS $32, %s", n)
	a.Go("BNE columns")
	a.Return()
}
