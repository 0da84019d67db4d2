package neon

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// encodings are the instructions by name and kinds of operands. The bits of registers, indices and shifts are zero, but
// for shifts: the size of an element, from which or to which the distance is counted, is among them.
var encodings = map[string]uint32{
	"add v.4s, v.4s, v.4s":    0x4ea08400,
	"add v.8h, v.8h, v.8h":    0x4e608400,
	"and v.16b, v.16b, v.16b": 0x4e201c00,
	"cmhi v.4s, v.4s, v.4s":   0x6ea03400,
	"eor v.16b, v.16b, v.16b": 0x6e201c00,
	"mla v.8h, v.8h, v.8h":    0x4e609400,
	"mul v.4s, v.4s, v.4s":    0x4ea09c00,
	"sub v.8h, v.8h, v.8h":    0x6e608400,
	"sub v.4s, v.4s, v.4s":    0x6ea08400,

	"fadd v.4s, v.4s, v.4s":  0x4e20d400,
	"fadd v.2d, v.2d, v.2d":  0x4e60d400,
	"faddp v.4s, v.4s, v.4s": 0x6e20d400,
	"fdiv v.4s, v.4s, v.4s":  0x6e20fc00,
	"fmla v.4s, v.4s, v.4s":  0x4e20cc00,
	"fmls v.4s, v.4s, v.4s":  0x4ea0cc00,
	"fmul v.4s, v.4s, v.4s":  0x6e20dc00,
	"fmul v.2d, v.2d, v.2d":  0x6e60dc00,
	"fsub v.2d, v.2d, v.2d":  0x4ee0d400,
	"fsub v.4s, v.4s, v.4s":  0x4ea0d400,

	"fmla v.2d, v.2d, v.d[]":     0x4fc01000,
	"fmla v.4s, v.4s, v.s[]":     0x4f801000,
	"mla v.4s, v.4s, v.s[]":      0x6f800000,
	"mul v.4s, v.4s, v.s[]":      0x4f808000,
	"smlal v.4s, v.4h, v.h[]":    0x0f402000,
	"smlal2 v.4s, v.8h, v.h[]":   0x4f402000,
	"smull v.4s, v.4h, v.h[]":    0x0f40a000,
	"smull2 v.4s, v.8h, v.h[]":   0x4f40a000,
	"sqrdmulh v.8h, v.8h, v.h[]": 0x4f40d000,

	"uaddl v.8h, v.8b, v.8b":    0x2e200000,
	"uaddl2 v.8h, v.16b, v.16b": 0x6e200000,
	"uaddw v.8h, v.8h, v.8b":    0x2e201000,
	"uaddw2 v.8h, v.8h, v.16b":  0x6e201000,
	"umlal v.8h, v.8b, v.8b":    0x2e208000,
	"umlal2 v.8h, v.16b, v.16b": 0x6e208000,
	"umull v.8h, v.8b, v.8b":    0x2e20c000,
	"umull2 v.8h, v.16b, v.16b": 0x6e20c000,
	"usubl v.8h, v.8b, v.8b":    0x2e202000,
	"usubl2 v.8h, v.16b, v.16b": 0x6e202000,

	"rshrn v.8b, v.8h, #right":     0x0f108c00,
	"rshrn2 v.16b, v.8h, #right":   0x4f108c00,
	"rshrn v.4h, v.4s, #right":     0x0f208c00,
	"rshrn2 v.8h, v.4s, #right":    0x4f208c00,
	"shl v.4s, v.4s, #left":        0x4f205400,
	"shrn v.4h, v.4s, #right":      0x0f208400,
	"shrn v.8b, v.8h, #right":      0x0f108400,
	"shrn2 v.16b, v.8h, #right":    0x4f108400,
	"sqshrun v.8b, v.8h, #right":   0x2f108400,
	"sqshrun2 v.16b, v.8h, #right": 0x6f108400,
	"sshr v.4s, v.4s, #right":      0x4f400400,
	"ushr v.4s, v.4s, #right":      0x6f400400,

	"fcvtl v.2d, v.2s":    0x0e617800,
	"fcvtl2 v.2d, v.4s":   0x4e617800,
	"fcvtn v.2s, v.2d":    0x0e616800,
	"fcvtn2 v.4s, v.2d":   0x4e616800,
	"fsqrt v.4s, v.4s":    0x6ea1f800,
	"sqxtun v.8b, v.8h":   0x2e212800,
	"sqxtun2 v.16b, v.8h": 0x6e212800,

	"tbl v.16b, {v.16b}, v.16b": 0x4e000000,
	"trn1 v.2d, v.2d, v.2d":     0x4ec02800,
	"trn1 v.4s, v.4s, v.4s":     0x4e802800,
	"trn2 v.2d, v.2d, v.2d":     0x4ec06800,
	"trn2 v.4s, v.4s, v.4s":     0x4e806800,
	"uzp2 v.8h, v.8h, v.8h":     0x4e405800,
	"zip1 v.16b, v.16b, v.16b":  0x4e003800,
	"zip2 v.16b, v.16b, v.16b":  0x4e007800,
}

var (
	registerOperand = regexp.MustCompile(`^(\{?v)(\d+)(\.\d*([bhsd])\}?)(?:\[(\d+)\])?$`)
	shiftOperand    = regexp.MustCompile(`^#(\d+)$`)
)

// encode returns the word of an instruction in the syntax of Arm's manuals.
func encode(text string) (uint32, error) {
	name, rest, _ := strings.Cut(text, " ")
	var numbers []uint32 // of registers
	var kinds []string
	index, size, shift := -1, "", -1
	for _, operand := range strings.Split(rest, ", ") {
		if m := registerOperand.FindStringSubmatch(operand); m != nil {
			number, err := strconv.Atoi(m[2])
			if err != nil || number > 31 {
				return 0, fmt.Errorf("%s: no register %s", text, operand)
			}
			kind := m[1] + m[3]
			if m[5] != "" {
				kind += "[]"
				size = m[4]
				if index, err = strconv.Atoi(m[5]); err != nil {
					return 0, fmt.Errorf("%s: index of %s", text, operand)
				}
			}
			numbers, kinds = append(numbers, uint32(number)), append(kinds, kind)
			continue
		}
		m := shiftOperand.FindStringSubmatch(operand)
		if m == nil {
			return 0, fmt.Errorf("%s: what is %q?", text, operand)
		}
		var err error
		if shift, err = strconv.Atoi(m[1]); err != nil {
			return 0, fmt.Errorf("%s: shift %s", text, operand)
		}
	}
	word, left, known := lookUp(name, kinds, shift >= 0)
	if !known || len(numbers) < 2 {
		return 0, fmt.Errorf("%s isn't among the instructions", text)
	}
	word |= numbers[0] | numbers[1]<<5
	if len(numbers) > 2 {
		word |= numbers[2] << 16
	}
	if index >= 0 {
		bits, err := indexBits(size, index, numbers[2])
		if err != nil {
			return 0, fmt.Errorf("%s: %w", text, err)
		}
		word |= bits
	}
	if shift >= 0 {
		bits, err := shiftBits(word, left, uint32(shift))
		if err != nil {
			return 0, fmt.Errorf("%s: %w", text, err)
		}
		word = bits
	}
	return word, nil
}

// lookUp also returns whether the instruction shifts to the left.
func lookUp(name string, kinds []string, shifts bool) (word uint32, left, known bool) {
	key := name + " " + strings.Join(kinds, ", ")
	if !shifts {
		word, known = encodings[key]
		return word, false, known
	}
	if word, known = encodings[key+", #left"]; known {
		return word, true, true
	}
	word, known = encodings[key+", #right"]
	return word, false, known
}

// indexBits places the number of an element in bits 11, 21 and 20, as many as it needs, the lowest last.
func indexBits(size string, index int, register uint32) (uint32, error) {
	i := uint32(index)
	switch {
	case size == "d" && i < 2:
		return i << 11, nil
	case size == "s" && i < 4:
		return i>>1<<11 | i&1<<21, nil
	case size == "h" && i < 8 && register < 16:
		return i>>2<<11 | i>>1&1<<21 | i&1<<20, nil
	}
	return 0, fmt.Errorf("no element %d of size %s in register %d", index, size, register)
}

// shiftBits replaces bits 16 to 22, which hold the size of an element: twice the size less the distance for a shift to the
// right, the size and the distance for one to the left. The table has twice the size in the first case.
func shiftBits(word uint32, left bool, distance uint32) (uint32, error) {
	held := word >> 16 & 0x7f
	if left {
		if distance >= held {
			return 0, fmt.Errorf("a shift by %d bits", distance)
		}
		return word + distance<<16, nil
	}
	if distance < 1 || distance > held/2 {
		return 0, fmt.Errorf("a shift by %d bits", distance)
	}
	return word - distance<<16, nil
}
