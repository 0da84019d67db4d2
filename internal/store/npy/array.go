package npy

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
)

// maxAxes keeps the header of an array within headerSize.
const maxAxes = 4

// WriteArray writes a whole float32 array of one to four axes, in C order.
func WriteArray(w io.Writer, shape []int, data []float32) error {
	if len(shape) < 1 || len(shape) > maxAxes {
		return fmt.Errorf("npy: an array of %d axes", len(shape))
	}
	n := 1
	for _, d := range shape {
		n *= d
	}
	if n != len(data) {
		return fmt.Errorf("npy: %d elements for the shape %v", len(data), shape)
	}
	if _, err := w.Write(header("f4", shape)); err != nil {
		return err
	}
	buf := make([]byte, 0, 4*min(len(data), chunkElements))
	for i, v := range data {
		buf = binary.LittleEndian.AppendUint32(buf, math.Float32bits(v))
		if len(buf) == cap(buf) || i == len(data)-1 {
			if _, err := w.Write(buf); err != nil {
				return err
			}
			buf = buf[:0]
		}
	}
	return nil
}
