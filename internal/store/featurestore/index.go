package featurestore

import (
	"encoding/binary"
	"maps"
)

// A place is where a row is: the number of a segment, and the row in it.
type place struct{ segment, row int32 }

// An index finds rows by the first eight bytes of their keys: 16 bytes a row and what the map adds, without a
// pointer, instead of 48 with one. The whole key is compared where it stands, in the segment. Of keys that share
// these bytes, which even a billion random ones hardly do, all but the first are kept whole.
type index struct {
	first map[uint64]place
	other map[Key]place
}

func newIndex(rows int) index {
	return index{first: make(map[uint64]place, rows), other: map[Key]place{}}
}

func short(key Key) uint64 { return binary.LittleEndian.Uint64(key[:]) }

func (x *index) len() int { return len(x.first) + len(x.other) }

// find returns the place of a key. keyAt returns the key of a place, or false when the row there is gone.
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

// remove takes a key out.
func (x *index) remove(key Key, at place) {
	if x.first[short(key)] == at {
		delete(x.first, short(key))
	}
	delete(x.other, key)
}

// removeSegment takes all rows of a segment out.
func (x *index) removeSegment(number int32) {
	maps.DeleteFunc(x.first, func(_ uint64, at place) bool { return at.segment == number })
	maps.DeleteFunc(x.other, func(_ Key, at place) bool { return at.segment == number })
}
