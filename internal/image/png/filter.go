package png

// unfilter restores a row from its differences to the pixel before, the row above or both; size is the number of
// bytes of a pixel, 1 if it has less. It returns false for an unknown kind of filter.
func unfilter(kind byte, row, above []byte, size int) bool {
	above = above[:len(row)]
	switch kind {
	case 0:
	case 1:
		for i := size; i < len(row); i++ {
			row[i] += row[i-size]
		}
	case 2:
		for i, v := range above {
			row[i] += v
		}
	case 3:
		for i := range min(size, len(row)) {
			row[i] += above[i] / 2
		}
		for i := size; i < len(row); i++ {
			row[i] += uint8((int(row[i-size]) + int(above[i])) / 2)
		}
	case 4:
		paeth(row, above, size)
	default:
		return false
	}
	return true
}

// paeth adds to each byte the one of left, above and above left that is nearest to left + above − above left.
func paeth(row, above []byte, size int) {
	for c := range min(size, len(row)) {
		left, corner := 0, 0
		for i := c; i < len(row); i += size {
			up := int(above[i])
			toLeft, toUp := up-corner, left-corner // distances of the estimate
			toCorner := abs(toLeft + toUp)
			toLeft, toUp = abs(toLeft), abs(toUp)
			nearest := corner
			if toLeft <= toUp && toLeft <= toCorner {
				nearest = left
			} else if toUp <= toCorner {
				nearest = up
			}
			left = (nearest + int(row[i])) & 255
			row[i] = uint8(left)
			corner = up
		}
	}
}

func abs(v int) int {
	sign := v >> 63
	return (v ^ sign) - sign
}
