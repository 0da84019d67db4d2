package graph

import (
	"encoding/json"
	"strconv"
	"strings"

	"finetune/internal/onnx/onnxpb"
)

// A Dim is one dimension of a tensor: a size, a symbol of the file ("batch"), or nothing known.
type Dim struct {
	Size   int64  // -1 when it isn't fixed
	Symbol string // the file's name for a size that isn't fixed, or ""
}

var unknownDim = Dim{Size: -1}

// Fixed reports whether the size is a number.
func (d Dim) Fixed() bool { return d.Size >= 0 }

// String returns the size, the symbol or "?".
func (d Dim) String() string {
	switch {
	case d.Fixed():
		return strconv.FormatInt(d.Size, 10)
	case d.Symbol != "":
		return d.Symbol
	}
	return "?"
}

// MarshalJSON writes a number, or a string for a size that isn't fixed.
func (d Dim) MarshalJSON() ([]byte, error) {
	if d.Fixed() {
		return strconv.AppendInt(nil, d.Size, 10), nil
	}
	return json.Marshal(d.String())
}

// A Shape lists the dimensions of a tensor; nil means that not even their number is known.
type Shape []Dim

// String returns the dimensions as in "batch×3×224×224", "scalar", or "unknown shape".
func (s Shape) String() string {
	if s == nil {
		return "unknown shape"
	}
	if len(s) == 0 {
		return "scalar"
	}
	parts := make([]string, len(s))
	for i, d := range s {
		parts[i] = d.String()
	}
	return strings.Join(parts, "×")
}

// A Value is a tensor of the graph: an input, an output or one in between.
type Value struct {
	Name  string `json:"name"`
	Type  string `json:"type,omitempty"` // "float32", "uint8", …; "" when it isn't known
	Shape Shape  `json:"shape"`
}

// String returns name, type and shape as in "features float32 N×512".
func (v Value) String() string {
	return strings.Join(strings.Fields(v.Name+" "+v.Type+" "+v.Shape.String()), " ")
}

// tensorInfo is what is known of a tensor. Elems holds the elements of small tensors, from which graphs compute
// shapes; nil when they aren't known.
type tensorInfo struct {
	elem  onnxpb.TensorProto_DataType
	shape Shape
	elems []element
}

// An element is one number of a tensor, or the symbol of a dimension. The tensor's type decides which of value and
// real holds it.
type element struct {
	value  int64   // of integers and booleans
	real   float64 // of floating-point numbers
	known  bool
	symbol string
}

func (d Dim) element() element {
	if d.Fixed() {
		return element{value: d.Size, known: true}
	}
	return element{symbol: d.Symbol}
}

func (e element) dim() Dim {
	if e.known && e.value >= 0 {
		return Dim{Size: e.value}
	}
	return Dim{Size: -1, Symbol: e.symbol}
}

func (m *Model) value(name string) Value {
	i := m.info[name]
	return Value{Name: name, Type: elementName(i.elem), Shape: i.shape}
}

// elementName returns the common name of an element type, "" for undefined.
func elementName(t onnxpb.TensorProto_DataType) string {
	switch t {
	case onnxpb.TensorProto_UNDEFINED:
		return ""
	case onnxpb.TensorProto_FLOAT:
		return "float32"
	case onnxpb.TensorProto_DOUBLE:
		return "float64"
	}
	return strings.ToLower(t.String())
}

func isFloat(t onnxpb.TensorProto_DataType) bool {
	switch t {
	case onnxpb.TensorProto_FLOAT, onnxpb.TensorProto_FLOAT16, onnxpb.TensorProto_BFLOAT16, onnxpb.TensorProto_DOUBLE:
		return true
	}
	return false
}

func valueInfo(v *onnxpb.ValueInfoProto) tensorInfo {
	t := v.GetType().GetTensorType()
	info := tensorInfo{elem: onnxpb.TensorProto_DataType(t.GetElemType())}
	if t.GetShape() == nil || len(t.Shape.Dim) > maxRank {
		return info
	}
	info.shape = make(Shape, len(t.Shape.Dim))
	for i, d := range t.Shape.Dim {
		// Exporters write 0 and -1 for what they don't know.
		if size := d.GetDimValue(); size > 0 {
			info.shape[i] = Dim{Size: size}
		} else {
			info.shape[i] = Dim{Size: -1, Symbol: d.GetDimParam()}
		}
	}
	return info
}
