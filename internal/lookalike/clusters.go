package lookalike

// Clusters returns the connected components of pairs of rows below n, the rows of each in ascending order,
// the cluster of the lowest row first.
func Clusters(n int, pairs []Pair) [][]int {
	root := make([]int, n)
	for i := range root {
		root[i] = i
	}
	find := func(i int) int {
		for root[i] != i {
			root[i] = root[root[i]]
			i = root[i]
		}
		return i
	}
	for _, p := range pairs {
		a, b := find(p.A), find(p.B)
		root[max(a, b)] = min(a, b)
	}
	var clusters [][]int
	number := map[int]int{}
	for i := range n {
		r := find(i)
		if r == i {
			continue // the lowest row of its cluster, or alone
		}
		at, known := number[r]
		if !known {
			at = len(clusters)
			number[r] = at
			clusters = append(clusters, []int{r})
		}
		clusters[at] = append(clusters[at], i)
	}
	return clusters
}
