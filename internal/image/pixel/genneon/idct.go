package main

import "finetune/internal/neon"

const (
	factorBits = 13
	extraBits  = 2
	lastShift  = factorBits + extraBits + 3
)

// The factors of idct.go in the folder above.
const (
	f0298, f0390, f0541, f0765, f0899, f1175 = 2446, 3196, 4433, 6270, 7373, 9633
	f1501, f1847, f1961, f2053, f2562, f3072 = 12299, 15137, 16069, 16819, 20995, 25172
)

// odd are the factors of coefficients 1, 3, 5 and 7 in each of the sums o0 to o3, and even those of coefficients 2 and 6 in
// the two sums of them. Multiplied out they take fewer instructions than in steps, since a product is added for nothing, and
// sums of 32 bits are the same in any order.
var (
	odd = [4][4]int32{
		{f1501 - f0899 - f0390 + f1175, f1175, f1175 - f0390, f1175 - f0899},
		{f1175, f3072 - f2562 - f1961 + f1175, f1175 - f2562, f1175 - f1961},
		{f1175 - f0390, f1175 - f2562, f2053 - f2562 - f0390 + f1175, f1175},
		{f1175 - f0899, f1175 - f1961, f1175, f0298 - f0899 - f1961 + f1175},
	}
	even = [4]int32{f0541, f0541 - f1847, f0541 + f0765}
)

const (
	roundColumns = 1 << (factorBits - extraBits - 1)
	roundRows    = 128<<lastShift + 1<<(lastShift-1)
)

// An idct holds the constants: a vector for each sum of odd coefficients, one for the even.
type idct struct {
	*neon.Func
	odd  []neon.V
	even neon.V
}

// inverseDCT transforms the columns four at a time, exchanges rows and columns, and does the same again.
func inverseDCT(file *neon.File) {
	var table []uint32
	for _, row := range append(odd[:], even) {
		for _, v := range row {
			table = append(table, uint32(v))
		}
	}
	file.Table("factors", append(table, roundColumns, roundRows)...)
	a := idct{Func: file.Func("inverseDCTAssembly", "func(out *uint8, stride int, block *[64]int32)",
		"inverseDCTAssembly writes 8 rows of 8 samples and clears the block.")}
	out, stride, block, constants := a.Arg("out"), a.Arg("stride"), a.Arg("block"), a.Address("factors")
	all := a.Vecs(5)
	a.LoadNext(constants, all...)
	a.odd, a.even = all[:4], all[4]

	round := a.Vec()
	a.Go("VLD1R.P 4(%s), [V%d.S4]", constants, int(round))
	var columns [2][]neon.V // rows 0 to 7 of the left and the right half
	for half := range columns {
		columns[half] = a.Vecs(8)
		for y, v := range columns[half] {
			a.Load(v, block, 32*y+16*half)
		}
		columns[half] = a.butterflies(columns[half], round)
		for _, v := range columns[half] {
			a.Op("sshr %v.4s, %v.4s, #%d", v, v, factorBits-extraBits)
		}
	}
	a.Go("VLD1R (%s), [V%d.S4]", constants, int(round))
	var rows [2][]neon.V // columns 0 to 7 of the upper and the lower half
	for half := range rows {
		for side := range 2 {
			rows[half] = append(rows[half], a.transpose(columns[side][4*half:4*half+4])...)
		}
		rows[half] = a.butterflies(rows[half], round)
	}
	a.Free(round)
	a.Free(all...)

	// A sum's high half is the sum shifted by 16 bits.
	samples := make([]neon.V, 4) // columns 0 and 1, 4 and 5, 2 and 3, 6 and 7
	for i, x := range []int{0, 4, 2, 6} {
		for k := range 2 {
			upper, lower := rows[0][x+k], rows[1][x+k]
			a.Op("uzp2 %v.8h, %v.8h, %v.8h", upper, upper, lower)
			a.Free(lower)
		}
		samples[i] = a.Vec()
		a.Op("sqshrun %v.8b, %v.8h, #%d", samples[i], rows[0][x], lastShift-16)
		a.Op("sqshrun2 %v.16b, %v.8h, #%d", samples[i], rows[0][x+1], lastShift-16)
		a.Free(rows[0][x], rows[0][x+1])
	}
	// Three times the low and the high bytes of two vectors are interleaved; then each holds two rows.
	zero, left := a.Vec(), samples
	a.Zero(zero)
	zip := func(v, w neon.V) (low, high neon.V) {
		low, high = a.Vec(), a.Vec()
		a.Op("zip1 %v.16b, %v.16b, %v.16b", low, v, w)
		a.Op("zip2 %v.16b, %v.16b, %v.16b", high, v, w)
		a.Free(v, w)
		return low, high
	}
	first, second := zip(left[0], left[1]) // columns 0 and 4; 1 and 5
	third, fourth := zip(left[2], left[3]) // columns 2 and 6; 3 and 7
	evenTop, evenEnd := zip(first, third)  // columns 0, 2, 4, 6 of rows 0 to 3; of rows 4 to 7
	oddTop, oddEnd := zip(second, fourth)  // columns 1, 3, 5, 7
	rows01, rows23 := zip(evenTop, oddTop)
	rows45, rows67 := zip(evenEnd, oddEnd)
	for i, two := range []neon.V{rows01, rows23, rows45, rows67} {
		a.Go("FMOVD F%d, (%s)", int(two), out)
		a.Go("ADD %s, %s", stride, out)
		a.Go("VST1 V%d.D[1], (%s)", int(two), out)
		if i < 3 {
			a.Go("ADD %s, %s", stride, out)
		}
	}
	for at := 0; at < 256; at += 32 {
		a.Go("FSTPQ (F%d, F%d), %d(%s)", int(zero), int(zero), at, block)
	}
	a.Return()
}

// butterflies transforms four columns of eight coefficients, with a constant added to each result, and gives the registers
// back that it doesn't return.
func (a *idct) butterflies(v []neon.V, round neon.V) []neon.V {
	// products returns the sum of some coefficients times the factors in a vector.
	products := func(factors neon.V, elements []int, of ...neon.V) neon.V {
		sum := a.Vec()
		for i, c := range of {
			name := "mla"
			if i == 0 {
				name = "mul"
			}
			a.Op("%s %v.4s, %v.4s, %v.s[%d]", name, sum, c, factors, elements[i])
		}
		return sum
	}
	var o [4]neon.V
	for i := range o {
		o[i] = products(a.odd[i], []int{0, 1, 2, 3}, v[1], v[3], v[5], v[7])
	}
	a.Free(v[1], v[3], v[5], v[7])
	low, high := products(a.even, []int{0, 1}, v[2], v[6]), products(a.even, []int{2, 0}, v[2], v[6])
	a.Free(v[2], v[6])

	// sumAndDifference gives the registers of b back, and takes those of a over.
	sumAndDifference := func(x, y neon.V) (sum, difference neon.V) {
		sum = a.Vec()
		a.Op("add %v.4s, %v.4s, %v.4s", sum, x, y)
		a.Op("sub %v.4s, %v.4s, %v.4s", x, x, y)
		a.Free(y)
		return sum, x
	}
	for _, c := range []neon.V{v[0], v[4]} {
		a.Op("shl %v.4s, %v.4s, #%d", c, c, factorBits)
	}
	a.Op("add %v.4s, %v.4s, %v.4s", v[0], v[0], round)
	total, rest := sumAndDifference(v[0], v[4])
	var e [4]neon.V
	e[0], e[3] = sumAndDifference(total, high)
	e[1], e[2] = sumAndDifference(rest, low)
	out := make([]neon.V, 8)
	for i := range 4 {
		out[i], out[7-i] = sumAndDifference(e[i], o[i])
	}
	return out
}

// transpose exchanges rows and columns of a 4 × 4 matrix, in registers of its own.
func (a *idct) transpose(v []neon.V) []neon.V {
	pair := func(size string, x, y neon.V) (first, second neon.V) {
		first, second = a.Vec(), a.Vec()
		a.Op("trn1 %v.%s, %v.%s, %v.%s", first, size, x, size, y, size)
		a.Op("trn2 %v.%s, %v.%s, %v.%s", second, size, x, size, y, size)
		a.Free(x, y)
		return first, second
	}
	evenUpper, oddUpper := pair("4s", v[0], v[1])
	evenLower, oddLower := pair("4s", v[2], v[3])
	c0, c2 := pair("2d", evenUpper, evenLower)
	c1, c3 := pair("2d", oddUpper, oddLower)
	return []neon.V{c0, c1, c2, c3}
}
