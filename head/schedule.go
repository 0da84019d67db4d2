package head

import "math"

// rate returns the learning rate of a step out of the given number: LR·(1 + cos(π·step/steps))/2 with the cosine
// schedule (Loshchilov and Hutter, arXiv 1608.03983, without restarts).
func (c Config) rate(step, steps int) float64 {
	if c.Schedule == Constant {
		return c.LR
	}
	return c.LR * (1 + math.Cos(math.Pi*float64(step)/float64(steps))) / 2
}
