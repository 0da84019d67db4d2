// Package kernel holds the inner loops of training: matrix products, in float32 and in float64 ([Double]), in small tiles
// of a result that fit the vector registers, steps of optimisers, and the default loss. They are in assembly for amd64
// processors with AVX-512 or with AVX2 and FMA and for arm64 (NEON), and in plain Go for all others. Which one runs is decided
// by the processor when the program starts.
//
// It holds neither the blocking for caches nor threads nor shapes of any size: that is package dense.
package kernel

//go:generate go -C gen run . -pkg kernel -out ../kernel_amd64.s -stubs ../stubs_amd64.go
//go:generate go run ./genneon

// A Kernel is one implementation. The sums of one are the same bits in every run and in every place of a tile;
// those of two differ by rounding. Infinities and NaNs go the way of any sum.
type Kernel struct {
	Name string

	DotRows, DotCols int
	// Dot adds A·Bᵀ to the DotRows × DotCols tile c, for a of DotRows × k and b of DotCols × k. Element (i, j) of
	// a is a[i*lda+j], and so for the others.
	Dot func(k int, a []float32, lda int, b []float32, ldb int, c []float32, ldc int)

	// DotAt adds A·Bᵀ to c, of height rows, a multiple of DotRows, and 1 to DotCols columns, for rows of a that lie
	// anywhere, and to which shift is added first: element (i, j) is a[rows[i]+j] + shift[j]. DotRows places in rows
	// follow, of rows that will be read next. b is packed as Lanes says.
	DotAt func(height, cols, k int, a []float32, rows []int, shift, b, c []float32, ldc int)

	// Lanes is how many elements of a row of a packed b lie together: element (j, l) of cols rows is
	// b[(l/Lanes·cols+j)·Lanes + l%Lanes]. Elements up to a multiple of Lanes are there and are zeros.
	Lanes int

	OuterRows, OuterCols int
	// Outer adds A·B to the OuterRows × OuterCols tile c, for b of k × OuterCols. The columns of A lie behind each
	// other in a. Each element is summed in the order of k, onto what c holds.
	Outer func(k int, a, b []float32, ldb int, c []float32, ldc int)

	// OuterAt adds A·B to c, of 1 to OuterRows rows and a multiple of OuterCols columns, for k rows of b that lie
	// anywhere, and to which shift is added first: element (i, j) is b[rows[i]+j] + shift[j]. The columns of A, of
	// height elements, lie behind each other. The second k places in rows are of rows that will be read next.
	OuterAt func(height, cols, k int, a, b []float32, rows []int, shift, c []float32, ldc int)

	// EMD2 computes the loss of package loss's emd2 for LossRows samples or fewer, rows of k logits in z and k targets in
	// t, and the gradient by the logits times scale. exp holds the bits of 2^(i/128), scratch is of 3·LossRows·k. It is
	// nil where package loss's own loop is the fastest.
	EMD2 func(samples, k int, z, t []float32, gaps []float64, scale []float32, values *[LossRows]float64, grad []float32,
		exp *[128]uint64, scratch []float64)

	Vector
}

// LossRows is how many samples EMD2 takes.
const LossRows = 8

// Best returns the fastest kernel for this processor.
func Best() *Kernel { return &available[0] }

// All returns the kernels that run on this processor, the fastest first and the one in plain Go last.
func All() []Kernel { return available }

var available = append(native(), plain)
