package featurestore

import "slices"

// windowBytes is how much of a store's segments is mapped. Rows come back in about the order in which they were stored, so that few
// segments are wanted at a time.
const windowBytes = 128 << 20

// A window is the segments that are mapped, the one used last at the end.
type window struct {
	segments []*segment
	bytes    int
	most     int // bytes, but for one segment that is larger
}

// show maps a segment where it isn't and hides those that weren't used for longest.
func (w *window) show(seg *segment) error {
	if n := len(w.segments); n > 0 && w.segments[n-1] == seg {
		return nil
	}
	if seg.mapping != nil {
		w.take(seg)
	} else if err := seg.open(); err != nil {
		return err
	} else {
		w.bytes += len(seg.mapping)
	}
	w.segments = append(w.segments, seg)
	for w.bytes > w.most && len(w.segments) > 1 {
		w.hide(w.segments[0])
	}
	return nil
}

// hide gives the mapping of a segment back.
func (w *window) hide(seg *segment) {
	if seg.mapping == nil {
		return
	}
	w.take(seg)
	w.bytes -= len(seg.mapping)
	seg.close()
}

// take takes a mapped segment out of the order.
func (w *window) take(seg *segment) {
	w.segments = slices.DeleteFunc(w.segments, func(s *segment) bool { return s == seg })
}

func (w *window) close() {
	for len(w.segments) > 0 {
		w.hide(w.segments[0])
	}
}
