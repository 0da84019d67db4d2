//go:build amd64 || arm64

package kernel

type tileFunc[F float32 | float64] = func(k int, a, b *F, ldb int, c *float64, ldc int)

// assembledDouble checks for a function that checks nothing that it stays inside the slices.
func assembledDouble[F float32 | float64](name string, rows, cols int, outer tileFunc[F]) Double[F] {
	return Double[F]{Name: name, Rows: rows, Cols: cols, Outer: func(k int, a, b []F, ldb int, c []float64, ldc int) {
		if k <= 0 {
			return
		}
		_, _, _ = a[k*rows-1], b[last(k, cols, ldb)], c[last(rows, cols, ldc)]
		outer(k, &a[0], &b[0], ldb, &c[0], ldc)
	}}
}
