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
		if size == 3 {
			paeth3(row, above)
		} else {
			paeth(row, above, size)
		}
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
			left = (nearest(left, up, corner) + int(row[i])) & 255
			row[i] = uint8(left)
			corner = up
		}
	}
}

// paeth3 is paeth for pixels of three bytes. The chains of the three don't depend on each other, so they take as long as one.
func paeth3(row, above []byte) {
	var left0, left1, left2, corner0, corner1, corner2 int
	for len(row) >= 3 && len(above) >= 3 {
		up0, up1, up2 := int(above[0]), int(above[1]), int(above[2])
		left0 = (nearest(left0, up0, corner0) + int(row[0])) & 255
		left1 = (nearest(left1, up1, corner1) + int(row[1])) & 255
		left2 = (nearest(left2, up2, corner2) + int(row[2])) & 255
		row[0], row[1], row[2] = uint8(left0), uint8(left1), uint8(left2)
		corner0, corner1, corner2 = up0, up1, up2
		row, above = row[3:], above[3:]
	}
}

// nearest returns the one of its arguments that is nearest to left + up − corner, the first of equals. That is corner where
// 3·corner − left − up is between left and up, and otherwise the one of these that is farther from it. The comparisons
// have no branches, which noise would mislead.
func nearest(left, up, corner int) int {
	middle := 3*corner - left - up
	low, high := min(left, up), max(left, up)
	best := corner
	if high <= middle {
		best = low
	}
	if middle <= low {
		best = high
	}
	return best
}
