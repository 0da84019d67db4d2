package head

import "math/rand/v2"

// Features of more than fullShuffle bytes are shuffled in two steps. They may lie in a file larger than memory, and
// random rows of it would be read a page at a time: so chunks of chunkBytes are put in random order, and the examples
// in each windowBytes of them are shuffled. A batch still holds examples of hundreds of chunks. The choice depends on
// the size of the features and not on the memory, so that every machine trains alike.
const (
	fullShuffle = 1 << 30
	chunkBytes  = 1 << 20
	windowBytes = 1 << 28
)

// shuffle writes a random permutation of 0 … len(order)−1 to order. exampleBytes is the size of an example's
// features.
func shuffle(order []int, exampleBytes int, r *rand.Rand) {
	for i := range order {
		order[i] = i
	}
	n := len(order)
	if n*exampleBytes <= fullShuffle {
		mix(order, r)
		return
	}
	size := max(1, chunkBytes/exampleBytes)
	chunks := make([]int, (n+size-1)/size)
	for i := range chunks {
		chunks[i] = i
	}
	mix(chunks, r)
	filled, window := 0, max(1, windowBytes/(size*exampleBytes))
	for i := 0; i < len(chunks); i += window {
		from := filled
		for _, c := range chunks[i:min(i+window, len(chunks))] {
			for example := c * size; example < min((c+1)*size, n); example++ {
				order[filled] = example
				filled++
			}
		}
		mix(order[from:filled], r)
	}
}

func mix(list []int, r *rand.Rand) {
	r.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
}
