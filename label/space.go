package label

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"finetune/invalid"
)

// The limits of a space. They hold for every way of making one.
const (
	MinClasses = 2    // one class leaves nothing to tell apart
	MaxClasses = 1000 // the losses are tested up to here
	MaxName    = 255  // bytes of a class name, the longest that a folder can have
)

// A Space is an ordered list of classes, lowest first, with an optional value each. The zero Space has no
// classes. A Space is immutable and may be shared and copied freely.
type Space struct {
	classes []string
	values  []float64 // nil, or strictly increasing
	edges   []float64 // nil, or the lower edge of each class
	index   map[string]int
	numbers map[float64]int // the classes that are single numbers, where every class is a number or a range; else nil
}

// New returns the space of the classes in the given order, lowest first, with their values in label units.
// Nil values mean that the classes have none; otherwise there is one finite value a class, strictly
// increasing. Names are brought to Unicode NFC, so that the same name typed and read from a disk agree; after
// that they must differ. What is wrong is reported as a *invalid.Error.
func New(classes []string, values []float64) (Space, error) {
	if len(classes) < MinClasses || len(classes) > MaxClasses {
		return Space{}, &invalid.Error{Field: "classes", Found: fmt.Sprintf("%d%s", len(classes), sample(classes)),
			Want: fmt.Sprintf("%d to %d", MinClasses, MaxClasses)}
	}
	s := Space{classes: make([]string, len(classes)), index: make(map[string]int, len(classes))}
	for i, name := range classes {
		name, err := CleanName(name)
		if err != nil {
			return Space{}, err
		}
		if _, twice := s.index[name]; twice {
			return Space{}, &invalid.Error{Field: "classes", Found: fmt.Sprintf("%q twice", name), Want: "each class once"}
		}
		s.classes[i] = name
		s.index[name] = i
	}
	s.numbers = numbersOf(s.classes)
	if values == nil {
		return s, nil
	}
	return s.WithValues(values)
}

// CleanName returns a class name as a Space keeps it, in Unicode NFC. A name that is empty, not UTF-8, longer than
// MaxName bytes or has control characters in it is a *invalid.Error.
func CleanName(name string) (string, error) {
	bad := func(expected string) (string, error) {
		if len(name) > 40 {
			name = name[:40] + "…"
		}
		return "", &invalid.Error{Field: "classes", Found: fmt.Sprintf("the name %q", name), Want: expected}
	}
	switch {
	case name == "":
		return bad("a name that isn't empty")
	case len(name) > MaxName:
		return bad(fmt.Sprintf("a name of at most %d bytes", MaxName))
	case !utf8.ValidString(name):
		return bad("a name in UTF-8")
	}
	for _, r := range name {
		if unicode.IsControl(r) {
			return bad("a name without control characters")
		}
	}
	return norm.NFC.String(name), nil
}

// WithValues returns the same classes with other values: one finite number a class, strictly increasing; else a
// *invalid.Error of the option Data.Positions, from which such values come.
func (s Space) WithValues(values []float64) (Space, error) {
	if len(values) != len(s.classes) {
		return Space{}, &invalid.Error{
			Field: "Data.Positions",
			Found: fmt.Sprintf("%d values for %d classes", len(values), len(s.classes)),
			Want:  "one number for each class, lowest class first",
		}
	}
	if i := firstNotIncreasing(values); i >= 0 {
		return Space{}, &invalid.Error{
			Field: "Data.Positions",
			Found: fmt.Sprintf("%v for class %q", values[i], s.classes[i]),
			Want:  "finite numbers that increase from class to class",
		}
	}
	s.values = slices.Clone(values)
	return s, nil
}

// Len is the number of classes, K.
func (s Space) Len() int { return len(s.classes) }

// Classes returns the names, lowest first, in a slice of the caller's own.
func (s Space) Classes() []string { return slices.Clone(s.classes) }

// Class returns the name of class i.
func (s Space) Class(i int) string { return s.classes[i] }

// Index returns the class of that name. The name may be in any Unicode normal form, and where all classes are numbers
// or ranges a number may be spelt in another way: "1.0" and "01" are the class "1".
func (s Space) Index(name string) (int, bool) {
	i, ok := s.index[name]
	if !ok && !norm.NFC.IsNormalString(name) {
		i, ok = s.index[norm.NFC.String(name)]
	}
	if !ok && s.numbers != nil {
		if x, isNumber := Number(name); isNumber {
			i, ok = s.numbers[x]
		}
	}
	return i, ok
}

// Values returns the value of each class in label units, in a slice of the caller's own, or nil when the
// classes have none.
func (s Space) Values() []float64 { return slices.Clone(s.values) }

// Edges returns the lower edges of a space made by Bins, in a slice of the caller's own, or nil.
func (s Space) Edges() []float64 { return slices.Clone(s.edges) }

// Equal reports whether both have the same classes in the same order, the same values and the same edges.
func (s Space) Equal(o Space) bool {
	return slices.Equal(s.classes, o.classes) && slices.Equal(s.values, o.values) && slices.Equal(s.edges, o.edges)
}

// stored is the form of a Space in JSON.
type stored struct {
	Classes []string  `json:"classes"`
	Values  []float64 `json:"values,omitempty"`
	Edges   []float64 `json:"edges,omitempty"`
}

// MarshalJSON writes {"classes": […], "values": […], "edges": […]}, without values and edges that there aren't.
func (s Space) MarshalJSON() ([]byte, error) {
	return json.Marshal(stored{Classes: s.classes, Values: s.values, Edges: s.edges})
}

// UnmarshalJSON reads what MarshalJSON writes, with the checks of New and Bins.
func (s *Space) UnmarshalJSON(b []byte) error {
	var in stored
	if err := json.Unmarshal(b, &in); err != nil {
		return fmt.Errorf("label space: %w", err)
	}
	out, err := New(in.Classes, in.Values)
	if err != nil {
		return fmt.Errorf("label space: %w", err)
	}
	if in.Edges != nil {
		if err := checkEdges(in.Edges); err != nil {
			return fmt.Errorf("label space: %w", err)
		}
		if len(in.Edges) != len(in.Classes) {
			return fmt.Errorf("label space: %d edges for %d classes", len(in.Edges), len(in.Classes))
		}
		out.edges = in.Edges
	}
	*s = out
	return nil
}

// firstNotIncreasing returns the first place where values stop being finite and growing, or -1.
func firstNotIncreasing(values []float64) int {
	for i, v := range values {
		if math.IsNaN(v) || math.IsInf(v, 0) || i > 0 && v <= values[i-1] {
			return i
		}
	}
	return -1
}
