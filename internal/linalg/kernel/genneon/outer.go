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
	places                     neon.R // with at
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
		t.places = f.Arg("rows")
		t.shift = f.Vecs(t.vectors)
		f.LoadAll(f.Arg("shift"), t.shift...)
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
	from := t.b
	if t.at {
		from = t.Reg()
	}
	t.Label("update")
	if t.at {
		t.Go("MOVD.P 8(%s), %s", t.places, from)
		t.Go("ADD %s<<%d, %s, %s", from, t.shiftOf(t.elementSize), t.b, from)
	}
	t.LoadAll(from, right...)
	t.LoadNext(t.a, left...)
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
			t.Op("fmla %v.%s, %v.%s, %v.%s[%d]", t.row(i)[v], all, right[v], all, left[i/perVector], one, i%perVector)
		}
	}
	t.Go("SUBS $1, %s", t.k)
	t.Go("BNE update")
	t.Free(left...)
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

func outer(file *neon.File, at bool) {
	t := &tileFunc{rows: 8, vectors: 3, elementSize: 4, at: at}
	name, signature, end := "outerNEON", "func(k int, a, b *float32, ldb int, c *float32, ldc int)", "."
	if at {
		name, signature, end = "outerAtNEON", "func(k int, a, b *float32, rows *int, shift, c *float32, ldc int)", ", shifted."
	}
	t.begin(file.Func(name, signature, fmt.Sprintf(
		"%s adds to the 8 × 12 tile c the product of k packed columns of 8 and k rows of b%s", name, end)), 4)
	t.inPlace()
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
