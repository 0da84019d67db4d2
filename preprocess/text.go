package preprocess

import (
	"fmt"
	"strconv"
	"strings"

	"finetune/invalid"
)

// String returns the canonical text form: every field as key=value, in a fixed order, numbers as short as they
// can be without loss.
//
//	size=224x224 crop-pct=0.875 resize=shorter interpolation=bilinear channel-order=rgb scale=255 mean=0.485,0.456,0.406 std=0.229,0.224,0.225
//
// The size is height x width, or auto for a side left to the network. White follows as white=4095 only if it is set, so
// that the texts of other specs stay as they were before it existed.
func (s Spec) String() string {
	text := fmt.Sprintf("size=%sx%s crop-pct=%s resize=%s interpolation=%s channel-order=%s scale=%s mean=%s std=%s",
		side(s.Height), side(s.Width), number(s.CropPct), s.Resize, s.Interpolation, s.ChannelOrder,
		number(s.Scale), numbers(s.Mean), numbers(s.Std))
	if s.White != 0 {
		text += fmt.Sprintf(" white=%d", s.White)
	}
	return text
}

// MarshalText returns String, or Validate's error: an invalid spec isn't written into files.
func (s Spec) MarshalText() ([]byte, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	return []byte(s.String()), nil
}

// UnmarshalText reads what MarshalText wrote; see [Parse].
func (s *Spec) UnmarshalText(text []byte) error {
	parsed, err := Parse(string(text))
	if err != nil {
		return err
	}
	*s = parsed
	return nil
}

// Parse reads the text form. Each key must be there once, in any order, save white, which may be absent; the spec must be
// valid.
func Parse(text string) (Spec, error) {
	var s Spec
	fields := map[string]func(string) error{
		"size":          func(v string) error { return parseSize(v, &s.Height, &s.Width) },
		"crop-pct":      func(v string) error { return parseNumber(v, &s.CropPct) },
		"resize":        func(v string) error { s.Resize = Resize(v); return nil },
		"interpolation": func(v string) error { s.Interpolation = Interpolation(v); return nil },
		"channel-order": func(v string) error { s.ChannelOrder = ChannelOrder(v); return nil },
		"scale":         func(v string) error { return parseNumber(v, &s.Scale) },
		"mean":          func(v string) (err error) { s.Mean, err = ParseTriple(v); return err },
		"std":           func(v string) (err error) { s.Std, err = ParseTriple(v); return err },
		"white":         func(v string) error { return parseWhite(v, &s.White) },
	}
	for _, field := range strings.Fields(text) {
		key, value, _ := strings.Cut(field, "=")
		read, ok := fields[key]
		if !ok {
			return Spec{}, broken(fmt.Sprintf("field %q, unknown or there twice", field), nil)
		}
		if err := read(value); err != nil {
			return Spec{}, broken(fmt.Sprintf("field %q", field), err)
		}
		delete(fields, key)
	}
	for _, key := range []string{"size", "crop-pct", "resize", "interpolation", "channel-order", "scale", "mean", "std"} {
		if _, missing := fields[key]; missing {
			return Spec{}, broken(fmt.Sprintf("no field %q", key), nil)
		}
	}
	if err := s.Validate(); err != nil {
		return Spec{}, err
	}
	return s, nil
}

// ParseTriple reads three numbers with commas between, the form of a mean and of a standard deviation. One number stands for
// three equal ones.
func ParseTriple(text string) ([3]float64, error) {
	var triple [3]float64
	parts := strings.Split(text, ",")
	if len(parts) == 1 {
		parts = []string{parts[0], parts[0], parts[0]}
	}
	if len(parts) != 3 {
		return triple, fmt.Errorf("%d numbers; expected three with commas between, or one", len(parts))
	}
	for i, part := range parts {
		if err := parseNumber(strings.TrimSpace(part), &triple[i]); err != nil {
			return triple, err
		}
	}
	return triple, nil
}

func broken(found string, err error) error {
	return &invalid.Error{Field: "preprocessing", Found: found, Err: err,
		Want: "a text like " + strconv.Quote(Default().String())}
}

const auto = "auto"

func side(v int) string {
	if v == 0 {
		return auto
	}
	return strconv.Itoa(v)
}

func parseSize(text string, height, width *int) error {
	h, w, ok := strings.Cut(text, "x")
	if !ok {
		return fmt.Errorf("no x between height and width")
	}
	for _, part := range []struct {
		text string
		to   *int
	}{{h, height}, {w, width}} {
		if part.text == auto {
			*part.to = 0
			continue
		}
		v, err := strconv.Atoi(part.text)
		if err != nil || v <= 0 {
			return fmt.Errorf("%q is no size", part.text)
		}
		*part.to = v
	}
	return nil
}

func parseWhite(text string, to *int) error {
	v, err := strconv.Atoi(text)
	if err != nil || v <= 0 {
		return fmt.Errorf("%q is no white level", text)
	}
	*to = v
	return nil
}

// number writes −0, which equals 0, as 0.
func number(v float64) string { return strconv.FormatFloat(v+0, 'g', -1, 64) }

func numbers(v [3]float64) string { return number(v[0]) + "," + number(v[1]) + "," + number(v[2]) }

func parseNumber(text string, to *float64) error {
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return fmt.Errorf("%q is no number", text)
	}
	*to = v
	return nil
}
