package preprocess

import (
	"errors"

	"finetune/internal/image/decode"
)

// Unreadable reports whether err means that an image file is at fault: its bytes are no image, damaged, cut off, too
// large, or of a kind that isn't supported. Reading it again can't help. Other errors are those of the machine or of
// whoever stopped the work.
func Unreadable(err error) bool {
	var e *decode.Error
	return errors.As(err, &e)
}

// LargestSample returns the largest sample of a file of 16 bits a sample, alpha not included, and 0 for a file of fewer
// bits, which costs no more than a look at its header. Errors are those of Decode.
func (t *Transformer) LargestSample(data []byte) (int, error) {
	t.decoder.Stop = t.Stop
	return t.decoder.LargestSample(data)
}

// White returns the value for Spec.White that the largest sample of all 16-bit files of a data set suggests: the largest
// value of 8, 10, 12 or 14 bits, which are the depths of cameras and scanners, or 0 where samples use more. A single
// dark picture proves nothing; hundreds of files with the same bound do.
func White(largest int) int {
	for _, bits := range []int{8, 10, 12, 14} {
		if white := 1<<bits - 1; largest <= white {
			return white
		}
	}
	return 0
}
