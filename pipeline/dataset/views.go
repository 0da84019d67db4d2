package dataset

import (
	"fmt"
	"strconv"
)

// ViewColumn is the column of the index of a feature folder that numbers the views of an image, from 0, the image itself. A manifest of
// images may have a column of that name for something else, so it means this with Options.NoFiles alone.
const ViewColumn = "view"

// setView puts the number of a view into the record.
func (l *loader) setView(r *record, value string) error {
	view, err := strconv.Atoi(value)
	if err != nil || view < 0 {
		return l.mistakeAt(r.line, fmt.Sprintf("the view %q", short(value)), "a whole number from 0", "")
	}
	r.view = view
	return nil
}

// gatherViews makes one record of the views of each image, so that no split can come between them, and returns how many views there
// are. They must follow each other, and be equally many of every image.
func (l *loader) gatherViews() (int, error) {
	views := 1
	for views < len(l.records) && l.records[views].view > 0 {
		views++
	}
	kept := l.records[:0]
	for i, r := range l.records {
		if view := i % views; r.view != view {
			return 0, l.mistakeAt(r.line, fmt.Sprintf("the view %d", r.view), fmt.Sprintf("%d: every image has %s, one after the other", view, count(views, "view")),
				"run finetune extract again")
		}
		if r.view == 0 {
			kept = append(kept, r)
		} else if image := kept[len(kept)-1]; r.path != image.path {
			return 0, l.mistakeAt(r.line, fmt.Sprintf("the path %q", short(r.path)), fmt.Sprintf("another view of %q", short(image.path)), "run finetune extract again")
		}
	}
	if rest := len(l.records) % views; rest != 0 {
		return 0, l.mistakeAt(l.records[len(l.records)-1].line, fmt.Sprintf("%s of the last image", count(rest, "view")), fmt.Sprint(views), "run finetune extract again")
	}
	l.records = kept
	return views, nil
}
