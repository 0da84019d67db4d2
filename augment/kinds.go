package augment

import (
	"fmt"
	"strings"

	"finetune/invalid"
)

// Kinds is a set of augmentations, combined by or.
type Kinds uint8

// The augmentations. No image is turned upside down: few subjects look the same that way.
const (
	Flip   Kinds = 1 << iota // left and right swapped
	Crop                     // a window of 80 to 100 % of each side, anywhere
	Scale                    // 0.8 to 1.25 times as large about the centre: cut off, or padded with its mean colour
	Colour                   // other brightness, contrast and saturation

	All = Flip | Crop | Scale | Colour
)

var kindNames = []string{"flip", "crop", "scale", "colour"} // in the order of the bits

// ParseKinds reads names with commas between. An unknown name is a *invalid.Error.
func ParseKinds(text string) (Kinds, error) {
	var k Kinds
next:
	for name := range strings.SplitSeq(text, ",") {
		name = strings.ToLower(strings.TrimSpace(name))
		if name == "color" {
			name = "colour"
		}
		for bit, known := range kindNames {
			if name == known {
				k |= 1 << bit
				continue next
			}
		}
		return 0, &invalid.Error{Field: "Images.Augment", Found: fmt.Sprintf("%q", name),
			Want: "some of " + strings.Join(kindNames, ", ") + ", with commas between"}
	}
	return k, nil
}

// String returns what ParseKinds reads, and "" for no change.
func (k Kinds) String() string {
	var names []string
	for bit, name := range kindNames {
		if k&(1<<bit) != 0 {
			names = append(names, name)
		}
	}
	return strings.Join(names, ",")
}

// MarshalText returns String.
func (k Kinds) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (k *Kinds) UnmarshalText(text []byte) (err error) {
	if *k = 0; len(text) > 0 {
		*k, err = ParseKinds(string(text))
	}
	return err
}
