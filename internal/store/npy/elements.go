package npy

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"slices"

	"finetune/internal/store/half"
)

// chunkElements bounds what is allocated ahead of data that may not come.
const chunkElements = 1 << 18

// readElements reads a matrix of unknown length.
func readElements(r io.Reader, h Header) ([]float32, error) {
	var data []float32
	total := h.Rows * h.Cols
	for len(data) < total {
		n := min(total-len(data), chunkElements)
		data = slices.Grow(data, n)[:len(data)+n]
		if err := readInto(r, h, data[len(data)-n:], len(data)-n); err != nil {
			return nil, err
		}
	}
	return data, nil
}

// readInto reads the next elements; before is how many were read.
func readInto(r io.Reader, h Header, dst []float32, before int) error {
	width := h.width()
	halves := make([]uint16, min(len(dst), chunkElements)*width/2) // so that it is aligned
	buf := half.Bytes(halves)
	for done := 0; done < len(dst); {
		part := dst[done:min(len(dst), done+chunkElements)]
		if n, err := io.ReadFull(r, buf[:len(part)*width]); err != nil {
			return fmt.Errorf("the .npy file ends after %d of %d elements: %w", before+done+n/width, h.Rows*h.Cols, err)
		}
		done += len(part)
		switch width {
		case 2:
			half.ToLittleEndian(halves[:len(part)])
			half.Decode(part, halves[:len(part)])
		case 4:
			for i := range part {
				part[i] = math.Float32frombits(binary.LittleEndian.Uint32(buf[4*i:]))
			}
		default:
			for i := range part {
				part[i] = float32(math.Float64frombits(binary.LittleEndian.Uint64(buf[8*i:])))
			}
		}
	}
	return nil
}
