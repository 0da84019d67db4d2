package graph

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// chain returns a network of n consecutive blocks of three nodes.
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

// Work must be linear in the number of nodes. 100,000 take a second; a step for each pair of them, such as a walk back
// from each node, would take minutes.
func TestLinearInNodes(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a second")
	}
	data, start := chain(t, 33_333), time.Now()
	describeAll(t, data)
	if took := time.Since(start); took > 30*time.Second {
		t.Errorf("100,000 nodes took %v", took)
	}
}

func BenchmarkDescribe(b *testing.B) {
	data := chain(b, 33_333)
	for b.Loop() {
		describeAll(b, data)
	}
}
