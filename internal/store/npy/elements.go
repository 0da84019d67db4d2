package npy

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"

	"finetune/internal/store/half"
)

// chunkElements bounds what is allocated ahead of data that may not come.
const chunkElements = 1 << 18

func readElements(r io.Reader, h Header) ([]float32, error) {
	total, width := h.Rows*h.Cols, h.width()
	data := make([]float32, 0, min(total, chunkElements))
	buf := make([]byte, min(total, chunkElements)*width)
	for len(data) < total {
		n := min(total-len(data), chunkElements)
		if _, err := io.ReadFull(r, buf[:n*width]); err != nil {
			return nil, fmt.Errorf("the .npy file ends after %d of %d elements: %w", len(data), total, err)
		}
		for i := range n {
			data = append(data, element(buf[i*width:], width))
		}
	}
	return data, nil
}

func element(b []byte, width int) float32 {
	switch width {
	case 2:
		return half.Float32(binary.LittleEndian.Uint16(b))
	case 4:
		return math.Float32frombits(binary.LittleEndian.Uint32(b))
	default:
		return float32(math.Float64frombits(binary.LittleEndian.Uint64(b)))
	}
}
