package kernel

// A Drop says which elements of a vector are kept: each with the probability Kept / 65,536, by the random numbers of
// Key, which should itself be random in all its bits. They are the same on every processor.
type Drop struct {
	Scale float32
	Kept  uint32
	Key   uint64
}

// drawn is how many elements share a round of draws: number i of its sixteen has 16 bits for element i and for
// element 16+i.
const drawn = 32

// drawPlain is number i of a key: the finaliser of MurmurHash3, with a second half of the key inside, of a Weyl
// sequence that the first half starts. Being a function of i alone it needs no state, and vectors of any length
// compute the same.
func drawPlain(key uint64, i int) uint32 {
	x := uint32(key) + 0x9e3779b9*uint32(i)
	x ^= x >> 16
	x *= 0x85ebca6b
	x ^= uint32(key >> 32)
	x ^= x >> 13
	x *= 0xc2b2ae35
	return x ^ x>>16
}

func dropPlain(dst, a, shift []float32, d Drop) { dropFrom(0, dst, a, shift, d) }

// dropFrom does the elements from number first on, a multiple of drawn.
func dropFrom(first int, dst, a, shift []float32, d Drop) {
	a, shift = a[:len(dst)], shift[:len(dst)]
	factors := [2]float32{0, d.Scale}
	for j := first; j < len(dst); j += drawn {
		for i := range min(drawn/2, len(dst)-j) {
			x := drawPlain(d.Key, j/2+i)
			// The difference wraps around, and so has the highest bit set, just where the value is kept. A branch on
			// random bits would cost ten times as much.
			dst[j+i] = (a[j+i] + shift[j+i]) * factors[(x&0xffff-d.Kept)>>31]
			if k := j + drawn/2 + i; k < len(dst) {
				dst[k] = (a[k] + shift[k]) * factors[(x>>16-d.Kept)>>31]
			}
		}
	}
}
