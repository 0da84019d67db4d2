package dataset

import (
	"fmt"
	"strconv"
)

// ViewColumn is the column of the index of a feature folder that numbers the views of an image, from 0, the image
// itself. A table of images may have a column of that name for something else, so it has this meaning with
// Options.NoFiles alone.
const ViewColumn = "view"

const extractAgain = "extract the features again"

// setView puts the number of a view into the record.
func (l *loader) setView(r *record, value string) error {
	view, err := strconv.Atoi(value)
	if err != nil || view < 0 {
		return l.wrongAt(r.line, fmt.Sprintf("the view %q", short(value)), "a whole number from 0", "")
	}
	r.view = view
	return nil
}

// gatherViews makes one item of the views of each image, so that they stay within one part, and returns the number of
// views. They must follow each other, and be equally many for every image.
func (l *loader) gatherViews() (int, error) {
	if l.views == nil {
		return 1, nil
	}
	views := 1
	for views < len(l.items) && l.views[views] > 0 {
		views++
	}
	line := func(i int) int { return int(l.lines[i]) }
	for i := range l.items {
		switch view := i % views; {
		case int(l.views[i]) != view:
			return 0, l.wrongAt(line(i), fmt.Sprintf("the view %d", l.views[i]),
				fmt.Sprintf("%d: every image has %s, one after the other", view, count(views, "view")), extractAgain)
		case view > 0 && l.items[i].Path != l.items[i-1].Path:
			return 0, l.wrongAt(line(i), fmt.Sprintf("the path %q", short(l.items[i].Path)),
				fmt.Sprintf("another view of %q", short(l.items[i-1].Path)), extractAgain)
		}
	}
	if rest := len(l.items) % views; rest != 0 {
		return 0, l.wrongAt(
			line(len(l.items)-1),
			fmt.Sprintf("%s of the last image", count(rest, "view")),
			fmt.Sprint(views),
			extractAgain,
		)
	}
	l.filter(func(i int) bool { return l.views[i] == 0 })
	return views, nil
}
