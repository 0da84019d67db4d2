package main

import (
	"fmt"

	"finetune/internal/neon"
)

// A tileFunc is a kernel that holds a tile of rows × vectors registers while products of columns and rows are added.
// 24 of the 32 registers are sums; of more, no factors would fit beside them.
type tileFunc struct {
	*neon.Func
	rows, vectors, elementSize int // elementSize: of the factors, in bytes
	at                         bool
	k, a, b, c, ldc            neon.R
	ldb                        neon.R // without at, in bytes
	places, ahead              neon.R // with at; ahead: bytes from a place to that of the row to prefetch
	sums, shift                []neon.V
}

// element is the letter of an element, and all of a vector.
func (t *tileFunc) element() (one, all string) {
	if t.elementSize == 8 {
		return "d", "2d"
	}
	return "s", "4s"
}

func (t *tileFunc) shiftOf(size int) int { return map[int]int{4: 2, 8: 3}[size] }

// begin loads the arguments; elements of c have a size of their own.
func (t *tileFunc) begin(f *neon.Func, resultSize int) {
	t.Func = f
	t.k, t.a, t.b, t.c, t.ldc = f.Arg("k"), f.Arg("a"), f.Arg("b"), f.Arg("c"), f.Arg("ldc")
	f.Go("LSL $%d, %s", t.shiftOf(resultSize), t.ldc)
	t.sums = f.Vecs(t.rows * t.vectors)
	if t.at {
		t.places, t.shift = f.Arg("rows"), f.Vecs(t.vectors)
		return
	}
	t.ldb = f.Arg("ldb")
	f.Go("LSL $%d, %s", t.shiftOf(t.elementSize), t.ldb)
}

// row are the sums of a row of the tile.
func (t *tileFunc) row(i int) []neon.V { return t.sums[i*t.vectors : (i+1)*t.vectors] }

// updates adds k products, at least one.
func (t *tileFunc) updates() {
	one, all := t.element()
	perVector := 16 / t.elementSize
	left, right := t.Vecs(t.rows/perVector), t.Vecs(t.vectors)
	single := t.Vecs(t.rows % perVector)
	from, next := t.b, t.a
	if t.at {
		from, next = t.Reg(), t.Reg()
	}
	t.Label("update")
	if t.at {
		t.Go("MOVD (%s)(%s), %s", t.places, t.ahead, next)
		t.Go("MOVD.P 8(%s), %s", t.places, from)
		t.Go("ADD %s<<%d, %s, %s", next, t.shiftOf(t.elementSize), t.b, next)
		t.Go("ADD %s<<%d, %s, %s", from, t.shiftOf(t.elementSize), t.b, from)
		t.Go("PRFM (%s), PLDL2KEEP", next)
	}
	t.LoadAll(from, right...)
	t.LoadNext(t.a, left...)
	for _, v := range single {
		t.Go("FMOVS.P 4(%s), F%d", t.a, int(v))
	}
	for v, s := range t.shift {
		t.Op("fadd %v.%s, %v.%s, %v.%s", right[v], all, right[v], all, s, all)
	}
	if !t.at {
		t.Comment("The strip beside this one is read next.")
		t.Go("PRFM %d(%s), PLDL1KEEP", 16*t.vectors, t.b)
		t.Go("ADD %s, %s", t.ldb, t.b)
	}
	for v := range t.vectors {
		for i := range t.rows {
			factor, lane := i/perVector, i%perVector
			if factor < len(left) {
				t.Op("fmla %v.%s, %v.%s, %v.%s[%d]", t.row(i)[v], all, right[v], all, left[factor], one, lane)
				continue
			}
			t.Op("fmla %v.%s, %v.%s, %v.%s[0]", t.row(i)[v], all, right[v], all, single[lane], one)
		}
	}
	t.Go("SUBS $1, %s", t.k)
	t.Go("BNE update")
	t.Free(left...)
	t.Free(single...)
	t.Free(right...)
}

// inPlace holds the tile of c itself in the registers.
func (t *tileFunc) inPlace() {
	from := t.Reg()
	t.Go("MOVD %s, %s", t.c, from)
	t.eachRow(from, t.LoadAll)
	t.updates()
	t.eachRow(t.c, t.StoreAll)
	t.Return()
}

// eachRow calls move for each row of the tile, and leaves the address at the last.
func (t *tileFunc) eachRow(address neon.R, move func(neon.R, ...neon.V)) {
	for i := range t.rows {
		move(address, t.row(i)...)
		if i+1 < t.rows {
			t.Go("ADD %s, %s", t.ldc, address)
		}
	}
}

func outer(file *neon.File) {
	t := &tileFunc{rows: 8, vectors: 3, elementSize: 4}
	t.begin(file.Func("outerNEON", "func(k int, a, b *float32, ldb int, c *float32, ldc int)",
		"outerNEON adds to the 8 × 12 tile c the product of k packed columns of 8 and k rows of b."), 4)
	t.inPlace()
}

// outerAt is outer for rows of b at their places, for tiles beside each other, of so many rows.
func outerAt(file *neon.File, rows int) {
	t := &tileFunc{rows: rows, vectors: 3, elementSize: 4, at: true}
	name := fmt.Sprintf("outerAtNEONBy%d", rows)
	t.begin(file.Func(name, "func(tiles, k int, a, b *float32, rows *int, shift, c *float32, ldc int)",
		fmt.Sprintf("%s adds to tiles of %d × 12 beside each other in c, at least one, the product of k packed columns of %d, at", name, rows, rows),
		"least one, and k rows of b, shifted. It prefetches the same columns of k more rows of b."), 4)
	tiles, shift := t.Arg("tiles"), t.Arg("shift")
	first, firstA, firstPlace, count := t.c, t.a, t.places, t.k
	t.c, t.a, t.places, t.k, t.ahead = t.Reg(), t.Reg(), t.Reg(), t.Reg(), t.Reg()
	t.Go("LSL $3, %s, %s", count, t.ahead)
	t.Label("tile")
	t.LoadNext(shift, t.shift...)
	t.Go("MOVD %s, %s", first, t.c)
	t.eachRow(t.c, t.LoadAll)
	t.Go("MOVD %s, %s", firstA, t.a)
	t.Go("MOVD %s, %s", firstPlace, t.places)
	t.Go("MOVD %s, %s", count, t.k)
	t.updates()
	t.Go("MOVD %s, %s", first, t.c)
	t.eachRow(t.c, t.StoreAll)
	t.Go("ADD $%d, %s", 16*t.vectors, first)
	t.Go("ADD $%d, %s", 16*t.vectors, t.b)
	t.Go("SUBS $1, %s", tiles)
	t.Go("BNE tile")
	t.Return()
}

func double(file *neon.File) {
	t := &tileFunc{rows: 4, vectors: 6, elementSize: 8}
	t.begin(file.Func("doubleNEON", "func(k int, a, b *float64, ldb int, c *float64, ldc int)",
		"doubleNEON adds to the 4 × 12 tile c the product of k packed columns of 4 and k rows of b."), 8)
	t.inPlace()
}

// single sums in float32 and adds the sums to a tile of float64.
func single(file *neon.File) {
	t := &tileFunc{rows: 4, vectors: 6, elementSize: 4}
	t.begin(file.Func("singleNEON", "func(k int, a, b *float32, ldb int, c *float64, ldc int)",
		"singleNEON adds to the 4 × 24 tile c the product of k packed columns of 4 and k rows of b, summed in float32."), 8)
	t.Zero(t.sums...)
	t.updates()
	tile, wide := t.Vecs(2), t.Vecs(2)
	t.eachRow(t.c, func(c neon.R, sums ...neon.V) {
		for v, s := range sums {
			t.Go("FLDPQ %d(%s), (F%d, F%d)", 32*v, c, int(tile[0]), int(tile[1]))
			t.Op("fcvtl %v.2d, %v.2s", wide[0], s)
			t.Op("fcvtl2 %v.2d, %v.4s", wide[1], s)
			for half := range 2 {
				t.Op("fadd %v.2d, %v.2d, %v.2d", tile[half], tile[half], wide[half])
			}
			t.Go("FSTPQ (F%d, F%d), %d(%s)", int(tile[0]), int(tile[1]), 32*v, c)
		}
	})
	t.Return()
}
