package head

import (
	"math"

	"finetune/internal/linalg/kernel"
	"finetune/internal/randstream"
)

// dropout sets values to zero at random and scales up those it keeps, so that their mean stays (Srivastava et al.
// 2014). The zero value keeps everything. Sixteen random bits decide on a value; what is scaled by is the
// probability that they really give. The bits depend on the epoch and on the place of a row in it alone, whatever way
// the row takes through the network.
type dropout struct {
	kept  uint32 // of 65,536 values; 0: dropout is off
	key   uint64 // of the epoch
	first uint64 // how many rows of the epoch came before
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

// scale is what kept values are multiplied by.
func (d dropout) scale() float32 {
	if d.kept == 0 {
		return 1
	}
	return float32(1<<16) / float32(d.kept)
}

// apply writes row + shift to dst, as far as row number i is kept.
func (d dropout) apply(dst, row, shift []float32, i int) {
	kernel.Best().Drop(dst, row, shift, kernel.Drop{Scale: d.scale(), Kept: d.kept, Key: hash(d.key + (d.first+uint64(i))*0x9e3779b97f4a7c15)})
}

// hash makes numbers one after the other into such as have nothing to do with each other, and no two into one: the
// finaliser of SplitMix64 (Steele, Lea and Flood 2014).
func hash(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
