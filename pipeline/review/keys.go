package review

import (
	"fmt"
	"strings"
)

// keysOf returns what is typed for each class: its name where all names are whole numbers, since 2 must not stand for grade 1, otherwise
// its place, counted from 1.
func keysOf(classes []string) []string {
	keys := make([]string, len(classes))
	for k, name := range classes {
		if name == "" || strings.Trim(name, "0123456789") != "" {
			for place := range keys {
				keys[place] = fmt.Sprint(place + 1)
			}
			return keys
		}
		keys[k] = name
	}
	return keys
}
