package kernel

// A Double is one implementation of the inner loop of products that are summed in float64: what [Kernel.Outer] is for
// float32. With factors of float32 the sum of one call is in float32 and what it is added to in float64, so that the
// caller decides how many products may round as float32 do.
type Double[F float32 | float64] struct {
	Name       string
	Rows, Cols int
	// Outer adds A·B to the Rows × Cols tile c, for b of k × Cols. The columns of A lie behind each other in a. Each
	// element is summed in the order of k.
	Outer func(k int, a, b []F, ldb int, c []float64, ldc int)
}

// BestDouble returns the fastest kernel of factors in float64 for this processor.
func BestDouble() *Double[float64] { return &doubles[0] }

// Doubles returns the kernels of factors in float64 that run on this processor, the fastest first and the one in plain
// Go last.
func Doubles() []Double[float64] { return doubles }

// BestSingle returns the fastest kernel of factors in float32 for this processor.
func BestSingle() *Double[float32] { return &singles[0] }

// Singles returns the kernels of factors in float32 that run on this processor, in the order of Doubles.
func Singles() []Double[float32] { return singles }

var (
	doubles = append(nativeDouble(), Double[float64]{Name: "plain", Rows: 2, Cols: 4, Outer: doublePlain})
	singles = append(nativeSingle(), Double[float32]{Name: "plain", Rows: 2, Cols: 4, Outer: singlePlain})
)

// plainTile returns the 2 × 4 tile that begins with c, plus the product of k packed columns of 2 and k rows of b.
func plainTile[F float32 | float64](k int, a, b []F, ldb int, c [8]F) [8]F {
	a = a[:2*k]
	s00, s01, s02, s03, s10, s11, s12, s13 := c[0], c[1], c[2], c[3], c[4], c[5], c[6], c[7]
	for i := range k {
		u, v, w := a[2*i], a[2*i+1], b[i*ldb:][:4]
		s00 += u * w[0]
		s01 += u * w[1]
		s02 += u * w[2]
		s03 += u * w[3]
		s10 += v * w[0]
		s11 += v * w[1]
		s12 += v * w[2]
		s13 += v * w[3]
	}
	return [8]F{s00, s01, s02, s03, s10, s11, s12, s13}
}

func doublePlain(k int, a, b []float64, ldb int, c []float64, ldc int) {
	if k <= 0 {
		return
	}
	var tile [8]float64
	copy(tile[:4], c[:4])
	copy(tile[4:], c[ldc:][:4])
	tile = plainTile(k, a, b, ldb, tile)
	copy(c[:4], tile[:4])
	copy(c[ldc:][:4], tile[4:])
}

func singlePlain(k int, a, b []float32, ldb int, c []float64, ldc int) {
	if k <= 0 {
		return
	}
	for i, v := range plainTile(k, a, b, ldb, [8]float32{}) {
		c[i/4*ldc+i%4] += float64(v)
	}
}
