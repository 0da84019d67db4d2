package head

import (
	"math"
	"math/rand/v2"

	"finetune/internal/randstream"
)

// dropout sets values to zero at random and scales up those it keeps, so that their mean stays (Srivastava et al.
// 2014). The zero value keeps everything. Sixteen random bits decide on a value; what is scaled by is the
// probability that they really give.
type dropout struct {
	kept uint64 // of 65,536 values; 0: dropout is off
	key  uint64 // of the epoch
	part uint64 // which chunk of the epoch
}

func newDropout(probability float64, seed uint64, epoch int) dropout {
	if probability == 0 {
		return dropout{}
	}
	return dropout{
		kept: max(1, uint64(math.Round((1-probability)*(1<<16)))),
		key:  randstream.New(seed, "dropout", uint64(epoch)).Uint64(),
	}
}

// seed starts the generator of a block of rows. Blocks are the same whatever the number of workers.
func (d dropout) seed(r *rand.PCG, block int) {
	if d.kept != 0 {
		r.Seed(d.key, (d.part*chunkRows+uint64(block))*0x9e3779b97f4a7c15) // an odd number: all blocks differ
	}
}

// scale is what kept values are multiplied by.
func (d dropout) scale() float32 {
	if d.kept == 0 {
		return 1
	}
	return float32(1<<16) / float32(d.kept)
}

func (d dropout) apply(row []float32, r *rand.PCG) {
	if d.kept == 0 {
		return
	}
	factors := [2]float32{0, d.scale()}
	var bits uint64
	for j := range row {
		if j%4 == 0 {
			bits = r.Uint64()
		}
		// The difference wraps around, and so has the highest bit set, just where the value is kept. A branch
		// on random bits would cost ten times as much.
		row[j] *= factors[(bits&0xffff-d.kept)>>63]
		bits >>= 16
	}
}
