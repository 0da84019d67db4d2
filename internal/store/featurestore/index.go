package featurestore

import (
	"encoding/binary"
	"maps"
)

// A place is where a row is: the number of a segment, or waiting, and the row in it.
type place struct{ segment, row int32 }

// waiting stands for the segment of the rows that aren't on disk yet.
const waiting = -1

// An index finds rows by the first eight bytes of their keys: 16 bytes a row and what the map adds, without a pointer, instead of 48
// with one. The whole key is compared where it stands, beside the row. Of keys that share these bytes, which even a billion random ones
// hardly do, all but the first are kept whole.
type index struct {
	first map[uint64]place
	other map[Key]place
}

func newIndex(rows int) index {
	return index{first: make(map[uint64]place, rows), other: map[Key]place{}}
}

func short(key Key) uint64 { return binary.LittleEndian.Uint64(key[:]) }

func (x *index) len() int { return len(x.first) + len(x.other) }

// find returns the place of a key. keyAt tells the key of a place, or that the row there is gone.
func (x *index) find(key Key, keyAt func(place) (Key, bool)) (place, bool) {
	if at, ok := x.first[short(key)]; ok {
		if found, ok := keyAt(at); ok && found == key {
			return at, true
		}
	}
	at, ok := x.other[key]
	if ok {
		_, ok = keyAt(at)
	}
	return at, ok
}

// put adds a key that isn't there yet.
func (x *index) put(key Key, at place) {
	if _, taken := x.first[short(key)]; taken {
		x.other[key] = at
		return
	}
	x.first[short(key)] = at
}

// removeSegment takes out all rows of a segment.
func (x *index) removeSegment(number int32) {
	maps.DeleteFunc(x.first, func(_ uint64, at place) bool { return at.segment == number })
	maps.DeleteFunc(x.other, func(_ Key, at place) bool { return at.segment == number })
}

// removeWaiting takes out a key whose row isn't on disk yet.
func (x *index) removeWaiting(key Key) {
	if _, ok := x.other[key]; ok {
		delete(x.other, key)
	} else if at, ok := x.first[short(key)]; ok && at.segment == waiting {
		delete(x.first, short(key))
	}
}
