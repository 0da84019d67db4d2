// Package randstream gives each use of randomness its own generator, derived from the run's seed and the
// name of the use ("split", "shuffle", "dropout"). So adding a draw in one place changes nothing elsewhere,
// and the same seed gives the same bytes.
package randstream

import (
	"crypto/sha256"
	"encoding/binary"
	"math/rand/v2"
)

// New returns the generator of the named stream. Further numbers (an epoch, a fold) select independent
// sub-streams. The generator must not be shared between goroutines.
func New(seed uint64, name string, sub ...uint64) *rand.Rand {
	h := sha256.New()
	var b [8]byte
	put := func(v uint64) {
		binary.LittleEndian.PutUint64(b[:], v)
		h.Write(b[:])
	}
	put(seed)
	put(uint64(len(name)))
	h.Write([]byte(name))
	for _, s := range sub {
		put(s)
	}
	return rand.New(rand.NewChaCha8([32]byte(h.Sum(nil))))
}
