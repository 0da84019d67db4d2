package source

import (
	"bytes"
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// setJSONLabels takes labels from the fields of an object: those that a table's columns have, and votes as an object of
// classes. column is the one with the label; "" is label.
func setJSONLabels(l *Labels, fields map[string]json.RawMessage, column string) {
	// In a fixed order, so that votes are, too.
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if value, ok := scalar(fields[name]); ok {
			l.set(labelName(name, column), value)
			continue
		}
		var votes map[string]json.RawMessage
		if name != "votes" || json.Unmarshal(fields[name], &votes) != nil {
			continue
		}
		for _, class := range slices.Sorted(maps.Keys(votes)) {
			if value, ok := scalar(votes[class]); ok {
				l.set("votes_"+class, value)
			}
		}
	}
}

// labelName returns the name that a column has where column is the one with the label.
func labelName(name, column string) string {
	switch {
	case name == cmp.Or(column, "label"):
		return "label"
	case strings.EqualFold(name, "label"):
		return "" // another column is the label
	}
	return name
}

// scalar returns a JSON string, number, truth value or null as text.
func scalar(raw json.RawMessage) (string, bool) {
	var v any
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber() // a label 1.10 stays as written
	if d.Decode(&v) != nil {
		return "", false
	}
	switch v := v.(type) {
	case nil:
		return "", true
	case string:
		return v, true
	case bool:
		return string(raw), true
	case json.Number:
		return v.String(), true
	}
	return "", false
}
