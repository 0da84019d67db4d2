package featurestore

import (
	"errors"
	"os"
	"slices"
	"time"

	"finetune/internal/store/flock"
)

// maxOpen is how many segments of a store are open at most. Rows come back in about the order in which they were
// stored, so that few segments are wanted at a time.
const maxOpen = 256

// openFiles are the segments that are open, the one used last at the end. Each is locked against removal by another
// process.
type openFiles struct {
	segments []*segment
	most     int
}

// use opens a segment where it isn't, and closes those that weren't used for longest.
func (o *openFiles) use(seg *segment) error {
	if n := len(o.segments); n > 0 && o.segments[n-1] == seg {
		return nil
	}
	if seg.file != nil {
		o.remove(seg)
	} else {
		f, err := openFile(seg.name)
		if err != nil {
			return err
		}
		if err := flock.Shared(f); err != nil && !errors.Is(err, flock.ErrUnsupported) {
			f.Close()
			return err
		}
		seg.file = f
		now := time.Now()
		os.Chtimes(seg.name, now, now) // for Prune; where it isn't allowed, nothing can be pruned either
	}
	o.segments = append(o.segments, seg)
	for i := 0; len(o.segments) > o.most && i < len(o.segments)-1; {
		if old := o.segments[i]; old.pins == 0 {
			o.close(old)
		} else {
			i++
		}
	}
	return nil
}

// close closes a segment.
func (o *openFiles) close(seg *segment) {
	if seg.file == nil {
		return
	}
	o.remove(seg)
	seg.file.Close()
	seg.file = nil
}

// remove takes an open segment out of the order.
func (o *openFiles) remove(seg *segment) {
	o.segments = slices.DeleteFunc(o.segments, func(s *segment) bool { return s == seg })
}

func (o *openFiles) closeAll() {
	for len(o.segments) > 0 {
		o.close(o.segments[0])
	}
}
