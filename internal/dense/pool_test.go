package dense

import "testing"

func TestRunVisitsEveryBlockOnce(t *testing.T) {
	for _, workers := range []int{0, 1, 2, 7} {
		p := NewPool(workers)
		for _, blocks := range []int{0, 1, 5, 100} {
			visits := make([]int, blocks)
			p.Run(blocks, func(b, w int) {
				visits[b]++
				if w < 0 || w >= p.Workers() {
					t.Errorf("worker %d of %d", w, p.Workers())
				}
			})
			for b, n := range visits {
				if n != 1 {
					t.Errorf("%d workers: block %d ran %d times", workers, b, n)
				}
			}
		}
		p.Close()
	}
}
