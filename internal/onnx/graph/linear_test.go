package graph

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"
)

// chain returns a network of n blocks of three nodes, one behind the other.
func chain(t testing.TB, n int) []byte {
	var b strings.Builder
	b.WriteString("in x 1 N,3,32,32\nweight k 3,3,1,1\nt0 = Conv x k {name: 'strides' ints: [2,2]}\n")
	for i := range n {
		fmt.Fprintf(&b, "r%d = Relu t%d\nc%d = Conv r%d k\nt%d = Add c%d t%d\n", i, i, i, i, i+1, i, i)
	}
	fmt.Fprintf(&b, "p = GlobalAveragePool t%d\nf = Flatten p\nweight w 3,5\ny = MatMul f w\nout y\n", n)
	return encode(t, 13, b.String())
}

func describeAll(t testing.TB, data []byte) {
	m, err := Parse("chain.onnx", data)
	if err != nil {
		t.Fatal(err)
	}
	m.Candidates()
	for _, tap := range []string{"", Multi} {
		f, err := m.FindFeature(tap, []int{1, 3})
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := m.Cut(f); err != nil {
			t.Fatal(err)
		}
	}
}

// Work must be linear in the number of nodes: 32 times as many may take at most 250 times as long, which leaves room for
// caches and other processes. Quadratic work takes 1,024 times as long.
func TestLinearInNodes(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a second")
	}
	small, large := chain(t, 500), chain(t, 16_000)
	describeAll(t, small)
	measure := func(data []byte) time.Duration {
		best := time.Hour
		for range 3 {
			runtime.GC()
			start := time.Now()
			describeAll(t, data)
			best = min(best, time.Since(start))
		}
		return best
	}
	if a, b := measure(small), measure(large); b > 250*a {
		t.Errorf("%v for 1,500 nodes, %v for 48,000", a, b)
	}
}

func BenchmarkDescribe(b *testing.B) {
	data := chain(b, 33_333)
	for b.Loop() {
		describeAll(b, data)
	}
}
