package features

import (
	"fmt"
	"strings"
)

// What batches on a device of its own may be.
const (
	usualDeviceBatch = 32
	mostDeviceBatch  = 256
	deviceBatchBytes = 64 << 20 // of pictures as bytes
	manyForDevice    = 2000     // pictures from which the fastest batch is worth looking for
)

// largestDeviceBatch is the largest batch of pictures of that many values, a multiple of the batch that the network's file fixes.
func largestDeviceBatch(numbers, fixed int) int {
	n := max(1, min(mostDeviceBatch, deviceBatchBytes/numbers))
	return max(n/max(fixed, 1), 1) * max(fixed, 1)
}

// A batchRate is how many pictures a second a network does in batches of a size.
type batchRate struct {
	batch int
	rate  float64
}

// fastestBatch looks for the fastest batch: from the first one on it doubles them up to the largest, as long as that gains. rate
// measures one; it isn't ok where the device has no room for it, and then half of it is tried, down to 1. All that were measured
// are returned too.
func fastestBatch(first, largest int, rate func(batch int) (perSecond float64, ok bool, err error)) (best int, tried []batchRate, err error) {
	try := func(batch int) (float64, bool, error) {
		r, ok, err := rate(batch)
		if ok && err == nil {
			tried = append(tried, batchRate{batch, r})
		}
		return r, ok, err
	}
	best = min(first, largest)
	fastest, ok, err := try(best)
	for ; !ok && err == nil && best > 1; fastest, ok, err = try(best) {
		best /= 2
	}
	if err != nil || len(tried) > 0 && tried[0].batch < min(first, largest) {
		return best, tried, err // twice as many found no room
	}
	for ok && 2*best <= largest {
		r, fits, err := try(2 * best)
		if err != nil || !fits || r < clearly*fastest {
			return best, tried, err
		}
		best, fastest = 2*best, r
	}
	return best, tried, nil
}

// describeBatches names the batch that was chosen and those that were tried.
func describeBatches(chosen int, tried []batchRate) string {
	text := fmt.Sprintf("speed:    batches of %d", chosen)
	var others []string
	for _, t := range tried {
		if t.batch == chosen {
			text += fmt.Sprintf(": the network alone does %.4g images a second", t.rate)
		} else {
			others = append(others, fmt.Sprintf("%d: %.4g", t.batch, t.rate))
		}
	}
	if len(others) > 0 {
		text += "; tried " + strings.Join(others, "; ")
	}
	return text
}
