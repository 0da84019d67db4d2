package kernel

// A Double is one implementation of the inner loop of float64 products: what [Kernel.Outer] is for float32.
type Double struct {
	Name       string
	Rows, Cols int
	// Outer adds A·B to the Rows × Cols tile c, for b of k × Cols. The columns of A lie behind each other in a. Each
	// element is summed in the order of k, onto what c holds.
	Outer func(k int, a, b []float64, ldb int, c []float64, ldc int)
}

// BestDouble returns the fastest float64 kernel for this processor.
func BestDouble() *Double { return &doubles[0] }

// Doubles returns the float64 kernels that run on this processor, the fastest first and the one in plain Go last.
func Doubles() []Double { return doubles }

var doubles = append(nativeDouble(), Double{Name: "plain", Rows: 2, Cols: 4, Outer: doublePlain})

func doublePlain(k int, a, b []float64, ldb int, c []float64, ldc int) {
	if k <= 0 {
		return
	}
	a = a[:2*k]
	c0, c1 := c[:4], c[ldc:][:4]
	s00, s01, s02, s03 := c0[0], c0[1], c0[2], c0[3]
	s10, s11, s12, s13 := c1[0], c1[1], c1[2], c1[3]
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
	c0[0], c0[1], c0[2], c0[3] = s00, s01, s02, s03
	c1[0], c1[1], c1[2], c1[3] = s10, s11, s12, s13
}
