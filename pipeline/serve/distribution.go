package serve

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/danielgtaylor/huma/v2"
)

// A Distribution is the probability of each class. In JSON it is an object whose keys are the classes, in their order.
type Distribution []ClassProbability

// A ClassProbability is the probability of one class.
type ClassProbability struct {
	Class       string
	Probability float32
}

// MarshalJSON writes the classes in their order.
func (d Distribution) MarshalJSON() ([]byte, error) {
	var out bytes.Buffer
	for i, c := range d {
		key, err := json.Marshal(c.Class)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(c.Probability)
		if err != nil {
			return nil, err
		}
		separator := byte(',')
		if i == 0 {
			separator = '{'
		}
		out.WriteByte(separator)
		fmt.Fprintf(&out, "%s:%s", key, value)
	}
	if len(d) == 0 {
		out.WriteByte('{')
	}
	out.WriteByte('}')
	return out.Bytes(), nil
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (d *Distribution) UnmarshalJSON(data []byte) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	if _, err := dec.Token(); err != nil {
		return err
	}
	*d = nil
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return err
		}
		c := ClassProbability{Class: fmt.Sprint(key)}
		if err := dec.Decode(&c.Probability); err != nil {
			return err
		}
		*d = append(*d, c)
	}
	return nil
}

// Schema describes a Distribution in the OpenAPI document.
func (Distribution) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: "object", AdditionalProperties: &huma.Schema{Type: "number"}, Description: "the probability of each class, in the order of the classes"}
}
