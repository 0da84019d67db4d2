package run

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"math"
	"runtime"

	"finetune/head"
	"finetune/internal/linalg/dense"
)

// digestRows is how many rows one digest is of. It decides the digest of the whole.
const digestRows = 1024

// featuresDigest is the SHA-256 of the digests of all blocks of rows, each of the float32 in little-endian order. Unlike the data's own
// digest it tells that an image has other contents under the same name.
func featuresDigest(f head.Features) string {
	blocks := (f.Rows + digestRows - 1) / digestRows
	sums := make([]byte, blocks*sha256.Size)
	pool := dense.NewPool(runtime.GOMAXPROCS(0))
	defer pool.Close()
	pool.Run(blocks, func(b, _ int) {
		h, row := sha256.New(), make([]byte, 0, 4*f.Cols)
		for r := b * digestRows; r < min((b+1)*digestRows, f.Rows); r++ {
			row = row[:0]
			for _, v := range f.Row(r) {
				row = binary.LittleEndian.AppendUint32(row, math.Float32bits(v))
			}
			h.Write(row)
		}
		h.Sum(sums[b*sha256.Size : b*sha256.Size])
	})
	whole := sha256.Sum256(sums)
	return hex.EncodeToString(whole[:])
}
