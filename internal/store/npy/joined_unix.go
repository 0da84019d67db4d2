//go:build unix

package npy

import (
	"fmt"
	"math"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// join maps each part to where its first row lies a whole number of rows after that of the first part. Addresses are plentiful, so a
// gap costs nothing.
func join(parts []part, unit int) (*Joined, error) {
	page, row := int64(os.Getpagesize()), 4*int64(parts[0].header.Cols)
	step, base := row*int64(unit), parts[0].header.Offset // base is where row 0 is
	offsets := make([]int64, len(parts))                  // of the mappings, whole pages
	end := int64(0)
	for i := range parts {
		h := parts[i].header
		at, ok := place(end, h.Offset-base, step, page)
		if !ok {
			return nil, fmt.Errorf("%s: %w", parts[i].file.Name(), ErrNotMappable)
		}
		offsets[i], parts[i].at = at, int((at+h.Offset-base)/row)
		if h.Size() > math.MaxInt64/2-at {
			return nil, fmt.Errorf("%s: too large", parts[i].file.Name())
		}
		end = (at + h.Size() + page - 1) / page * page
	}
	// Reading between parts gives zeros of no file.
	room, err := unix.MmapPtr(-1, 0, nil, uintptr(end), unix.PROT_READ, unix.MAP_PRIVATE|unix.MAP_ANON|unix.MAP_NORESERVE)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errMap, err)
	}
	j := &Joined{Cols: parts[0].header.Cols, close: func() error { return unix.MunmapPtr(room, uintptr(end)) }}
	for i, p := range parts {
		j.Starts = append(j.Starts, p.at)
		j.Rows = p.at + p.header.Rows
		if _, err := unix.MmapPtr(int(p.file.Fd()), 0, unsafe.Add(room, offsets[i]), uintptr(p.header.Size()), unix.PROT_READ,
			unix.MAP_SHARED|unix.MAP_FIXED); err != nil {
			j.Close()
			return nil, fmt.Errorf("%w: %w", errMap, err)
		}
		j.watched = append(j.watched, watch(unsafe.Add(room, offsets[i]), int(p.header.Size()), p.file.Name(), p.info))
	}
	j.Data = unsafe.Slice((*float32)(unsafe.Add(room, base)), j.Rows*j.Cols)
	return j, nil
}

// place returns the first page from end on at which a file whose data is shifted by shift begins a multiple of step after the origin.
func place(end, shift, step, page int64) (at int64, ok bool) {
	for at = end; at < end+step*page; at += page {
		if at+shift >= 0 && (at+shift)%step == 0 {
			return at, true
		}
		if (at-end)/page > step {
			break
		}
	}
	return 0, false
}
