package head

import (
	"math"

	"finetune/internal/linalg/kernel"
	"finetune/internal/randstream"
)

// dropout sets values to zero at random and scales the others so that the mean is unchanged (Srivastava et al. 2014).
// The zero value keeps everything. Sixteen random bits decide on a value, and the scale is the inverse of the
// resulting probability to keep it. The bits depend only on the epoch and the position of a row in it, not on the
// pass.
type dropout struct {
	kept  uint32 // of 65,536 values; 0: dropout is off
	key   uint64 // of the epoch
	first uint64 // number of rows before these in the epoch
}

func newDropout(probability float64, seed uint64, epoch int) dropout {
	if probability == 0 {
		return dropout{}
	}
	return dropout{
		kept: max(1, uint32(math.Round((1-probability)*(1<<16)))),
		key:  randstream.New(seed, "dropout", uint64(epoch)).Uint64(),
	}
}

// scale returns the factor of kept values.
func (d dropout) scale() float32 {
	if d.kept == 0 {
		return 1
	}
	return float32(1<<16) / float32(d.kept)
}

// apply writes row + shift to dst, with the values of row number i dropped.
func (d dropout) apply(dst, row, shift []float32, i int) {
	kernel.Best().Drop(dst, row, shift, kernel.Drop{Scale: d.scale(), Kept: d.kept,
		Key: hash(d.key + (d.first+uint64(i))*0x9e3779b97f4a7c15)})
}

// hash is the finaliser of SplitMix64 (Steele, Lea and Flood 2014), a bijection that maps consecutive numbers to
// independent-looking ones.
func hash(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
