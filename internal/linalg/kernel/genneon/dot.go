package main

import (
	"fmt"

	"finetune/internal/neon"
)

// The largest tile of the dot kernel: 16 sums of four lanes each, which leave 16 registers for the factors. Those of rows at
// their places come in every width up to it.
const dotRows, dotCols = 4, 4

// A dotFunc holds the registers of a dot kernel.
type dotFunc struct {
	*neon.Func
	at      bool // each row of a has a place of its own and is shifted, and b is packed
	cols    int
	k       neon.R
	a, next []neon.R // rows of a, and those to prefetch
	b       []neon.R // rows of b; with at one address
	shift   neon.R
	c, ldc  neon.R
	sums    []neon.V
}

func dot(file *neon.File) {
	d := &dotFunc{cols: dotCols}
	d.Func = file.Func("dotNEON", "func(k int, a *float32, lda int, b *float32, ldb int, c *float32, ldc int)",
		"dotNEON adds to the 4 × 4 tile c the dot products of 4 rows of a with 4 rows of b. It prefetches 4 more rows of a.")
	rows := d.rows("a", "lda", 2*dotRows)
	d.a, d.next = rows[:dotRows], rows[dotRows:]
	d.b = d.rows("b", "ldb", dotCols)
	d.k = d.Arg("k")
	d.c, d.ldc = d.Reg(), d.Reg()
	d.LoadArg("c", d.c)
	d.LoadArg("ldc", d.ldc)
	d.body(func() {
		d.add(2, true)
		d.add(2, true)
	})
	d.Return()
}

// dotAt is dot for rows of a at their places and cols packed rows of b, for tiles below each other.
func dotAt(file *neon.File, cols int) {
	d := &dotFunc{at: true, cols: cols}
	name := fmt.Sprintf("dotAtNEONBy%d", cols)
	d.Func = file.Func(name, "func(tiles, k int, a *float32, rows *int, shift, b, c *float32, ldc int)",
		fmt.Sprintf("%s adds to tiles of 4 × %d below each other in c, at least one, the dot products of rows of a, shifted, with", name, cols),
		fmt.Sprintf("%d packed rows of b. It prefetches the 4 rows of a that follow.", cols))
	tiles, base, places := d.Arg("tiles"), d.Arg("a"), d.Arg("rows")
	d.c, d.ldc = d.Arg("c"), d.Arg("ldc")
	for range dotRows {
		d.a, d.next = append(d.a, d.Reg()), append(d.next, d.Reg())
	}
	d.b, d.shift, d.k = []neon.R{d.Reg()}, d.Reg(), d.Reg()
	d.Label("tile")
	for i, row := range append(d.a[:dotRows:dotRows], d.next...) {
		d.Go("MOVD %d(%s), %s", 8*i, places, row)
		d.Go("ADD %s<<2, %s, %s", row, base, row)
	}
	d.LoadArg("b", d.b[0])
	d.LoadArg("shift", d.shift)
	d.LoadArg("k", d.k)
	d.body(func() {
		for range 4 {
			d.add(1, true)
		}
	})
	d.Go("ADD %s<<2, %s", d.ldc, d.c)
	d.Go("ADD $%d, %s", 8*dotRows, places)
	d.Go("SUBS $1, %s", tiles)
	d.Go("BNE tile")
	d.Return()
}

// body adds all products and the tile. line adds those of a line of the cache.
func (d *dotFunc) body(line func()) {
	d.sums = d.Vecs(dotRows * d.cols)
	d.Zero(d.sums...)

	const step = 16 // elements in a line of the cache
	d.Go("SUBS $%d, %s", step, d.k)
	d.Go("BLT fours")
	d.Label("line")
	line()
	for _, row := range d.next {
		d.Go("PRFM (%s), PLDL2KEEP", row)
		d.Go("ADD $%d, %s", 4*step, row)
	}
	d.Go("SUBS $%d, %s", step, d.k)
	d.Go("BGE line")

	d.Label("fours")
	d.Go("ADDS $%d, %s", step-4, d.k)
	d.Go("BLT ones")
	d.Label("four")
	d.add(1, true)
	d.Go("SUBS $4, %s", d.k)
	d.Go("BGE four")

	d.Label("ones")
	d.Go("ADDS $4, %s", d.k)
	d.Go("BEQ reduce")
	d.Comment("One element: loads of one clear the other lanes.")
	d.Label("one")
	d.add(1, false)
	d.Go("SUBS $1, %s", d.k)
	d.Go("BNE one")

	d.Label("reduce")
	d.reduce()
}

// rows returns the addresses of rows of a matrix.
func (d *dotFunc) rows(matrix, stride string, count int) []neon.R {
	rows, step := []neon.R{d.Arg(matrix)}, d.Arg(stride)
	d.Go("LSL $2, %s", step)
	for len(rows) < count {
		row := d.Reg()
		d.Go("ADD %s, %s, %s", step, rows[len(rows)-1], row)
		rows = append(rows, row)
	}
	return rows
}

// add takes one or two whole vectors of each row, or one element.
func (d *dotFunc) add(vectors int, whole bool) {
	load := func(from neon.R) []neon.V {
		v := d.Vecs(vectors)
		if whole {
			d.LoadNext(from, v...)
		} else {
			d.Go("FMOVS.P 4(%s), F%d", from, int(v[0]))
		}
		return v
	}
	var shift []neon.V
	if d.at {
		shift = load(d.shift)
	}
	var left [dotRows][]neon.V
	for i := range left {
		left[i] = load(d.a[i])
		for l, s := range shift {
			d.Op("fadd %v.4s, %v.4s, %v.4s", left[i][l], left[i][l], s)
		}
	}
	d.Free(shift...)
	multiply := func(j int, right []neon.V) {
		for l, b := range right {
			for i := range left {
				d.Op("fmla %v.4s, %v.4s, %v.4s", d.sums[i*d.cols+j], left[i][l], b)
			}
		}
	}
	if d.at {
		right := d.Vecs(d.cols)
		d.loadPacked(right, whole)
		for j := range right {
			multiply(j, right[j:j+1])
		}
		d.Free(right...)
	} else {
		var before []neon.V // so that a load needn't wait for the products before it
		for j := range d.cols {
			right := load(d.b[j])
			d.Free(before...)
			before = right
			multiply(j, right)
		}
		d.Free(before...)
	}
	for _, v := range left {
		d.Free(v...)
	}
}

// loadPacked loads a vector of each row of b, or an element.
func (d *dotFunc) loadPacked(right []neon.V, whole bool) {
	if whole {
		d.LoadNext(d.b[0], right...)
		return
	}
	for j, v := range right {
		d.Go("FMOVS %d(%s), F%d", 16*j, d.b[0], int(v))
	}
	d.Go("ADD $4, %s", d.b[0])
}

// reduce adds the lanes of each sum and adds the sums to c.
func (d *dotFunc) reduce() {
	tile := d.Vec()
	for i := range dotRows {
		s := d.sums[i*d.cols : (i+1)*d.cols]
		pair := func(to, with int) {
			with = min(with, len(s)-1) // a sum without a partner is its own
			d.Op("faddp %v.4s, %v.4s, %v.4s", s[to], s[to], s[with])
		}
		pair(0, 1)
		if d.cols > 2 {
			pair(2, 3)
			pair(0, 2)
		} else {
			pair(0, 0)
		}
		d.addToTile(s[0], tile, d.c)
		if i+1 < dotRows {
			d.Go("ADD %s<<2, %s", d.ldc, d.c)
		}
	}
}

// addToTile adds the first elements of sums to a row of c and touches nothing beside them.
func (d *dotFunc) addToTile(sums, tile neon.V, c neon.R) {
	if d.cols == dotCols {
		d.Load(tile, c, 0)
		d.Op("fadd %v.4s, %v.4s, %v.4s", sums, sums, tile)
		d.Store(sums, c, 0)
		return
	}
	for j := range d.cols {
		d.Go("FMOVS %d(%s), F%d", 4*j, c, int(tile))
		d.Go("FADDS F%d, F%d, F%d", int(sums), int(tile), int(tile))
		d.Go("FMOVS F%d, %d(%s)", int(tile), 4*j, c)
		if j+1 < d.cols {
			d.Go("VEXT $4, V%d.B16, V%d.B16, V%d.B16", int(sums), int(sums), int(sums))
		}
	}
}
