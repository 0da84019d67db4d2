package head

import "math"

// rate is the learning rate of a step, of steps in all: LR·(1 + cos(π·step/steps))/2 for the cosine
// schedule (Loshchilov and Hutter, arXiv 1608.03983, without restarts).
func (c Config) rate(step, steps int) float64 {
	if c.Schedule == Constant {
		return c.LR
	}
	return c.LR * (1 + math.Cos(math.Pi*float64(step)/float64(steps))) / 2
}
