package dataset

import (
	"fmt"
	"path/filepath"
	"strings"
)

// setOneHot takes the class of a column that has 1 as the label.
func (l *loader) setOneHot(r *record, place int, value string) error {
	switch value = strings.TrimSpace(value); {
	case value == "" || value == "0":
		return nil
	case value != "1":
		return l.wrongAt(r.line, fmt.Sprintf("%q for the class %q", short(value), l.voteClasses[place]), "0 or 1", "")
	case r.label != "":
		return l.wrongAt(
			r.line,
			fmt.Sprintf("the classes %q and %q", r.label, l.voteClasses[place]),
			"one class for each image",
			"",
		)
	}
	r.label = l.voteClasses[place]
	return nil
}

// roboflowParts are the folders of an export of Roboflow in which each has its table.
var roboflowParts = []string{"train", "valid", "test"}

const roboflowTable = "_classes.csv"

func isRoboflow(folder string) bool { return isRegular(filepath.Join(folder, "train", roboflowTable)) }

// roboflowFolder reads the tables of the parts of an export of Roboflow.
func (l *loader) roboflowFolder() error {
	l.base = l.o.Path
	for _, part := range roboflowParts {
		table := filepath.Join(l.o.Path, part, roboflowTable)
		if !isRegular(table) {
			continue
		}
		from := len(l.items)
		l.under = part
		if err := l.readFile(table, maxManifest, l.readCSV); err != nil {
			return err
		}
		for i := from; i < len(l.items); i++ {
			l.items[i].Part = partOf(part)
			l.lines[i] = 0 // of another table than the last
		}
	}
	l.table = l.o.Path
	return nil
}
