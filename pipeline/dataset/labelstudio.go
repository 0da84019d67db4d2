package dataset

import (
	"encoding/json"
	"finetune/pipeline/source"
	"finetune/pipeline/textrows"
	"path"
	"slices"
	"strings"
)

// labelStudioPath takes the path from where Label Studio serves a file: /data/local-files/?d=photos/a.jpg is
// photos/a.jpg and /data/upload/3/0a1b2c3d-a.jpg is 0a1b2c3d-a.jpg.
func labelStudioPath(value string) string {
	if _, local, ok := strings.Cut(value, "/data/local-files/?d="); ok {
		return local
	}
	if _, upload, ok := strings.Cut(value, "/data/upload/"); ok {
		return path.Base(upload)
	}
	return value
}

// A task is an image with its annotations in an export of Label Studio as JSON, as far as it is read.
type task struct {
	Data        map[string]json.RawMessage
	Annotations []struct {
		Cancelled bool `json:"was_cancelled"`
		Result    []struct {
			Value struct {
				Choices []string
				Rating  json.Number
				Number  json.Number
			}
		}
	}
}

// isTask reports whether an object of a JSON list is such a task.
func isTask(fields map[string]json.RawMessage) bool {
	return fields["data"] != nil && fields["annotations"] != nil
}

// readTask takes a record for each annotation of a task: the first choice, rating or number in it. A task without one
// is left to the caller to count.
func (l *loader) readTask(raw []byte, item int) (annotated bool, err error) {
	var t task
	if err := json.Unmarshal(raw, &t); err != nil {
		return false, l.wrongAt(item, short(string(raw)), "a task as Label Studio exports it", err.Error())
	}
	if l.recipe == nil {
		l.recipe = &recipe{name: "Label Studio", raters: true, path: labelStudioPath}
	}
	image := t.image()
	for _, a := range t.Annotations {
		for _, r := range a.Result {
			label := string(r.Value.Rating + r.Value.Number)
			if len(r.Value.Choices) > 0 {
				label = r.Value.Choices[0]
			}
			if label == "" || a.Cancelled {
				continue
			}
			annotated = true
			if err := l.addTask(item, image, label); err != nil {
				return false, err
			}
			break
		}
	}
	if !annotated && l.o.Unlabelled {
		return true, l.addTask(item, image, "")
	}
	return annotated, nil
}

func (l *loader) addTask(item int, image, label string) error {
	rec := newRecord("", "", item)
	err := l.setField(&rec, pathColumn, image)
	if err == nil {
		err = l.setField(&rec, labelColumn, label)
	}
	if err == nil {
		err = l.add(rec)
	}
	return err
}

// image returns the value of the data that is the image: that of a likely name, else the first whose value is named
// as an image.
func (t *task) image() string {
	values := make(map[string]string, len(t.Data))
	var names []string
	for name, raw := range t.Data {
		if value, ok := textrows.Scalar(raw); ok {
			values[strings.ToLower(name)] = value
			names = append(names, strings.ToLower(name))
		}
	}
	for _, name := range slices.Concat(likelyImages, []string{"photo", "picture"}) {
		if values[name] != "" {
			return values[name]
		}
	}
	slices.Sort(names)
	for _, name := range names {
		if source.IsImage(values[name]) {
			return values[name]
		}
	}
	return ""
}

// mergeRaters makes one item of the lines of each image in a table where these are the labels of several people. The
// labels become votes.
func (l *loader) mergeRaters() {
	if l.recipe == nil || !l.recipe.raters {
		return
	}
	first := make(map[string]int, len(l.items))
	labels := make(map[int][]string) // of images with several lines, by the place of the first
	var several []int
	for i := range l.items {
		it := &l.items[i]
		j, again := first[it.Path]
		if !again {
			first[it.Path] = i
			continue
		}
		if labels[j] == nil {
			labels[j] = []string{l.items[j].Text}
			several = append(several, j)
		}
		labels[j] = append(labels[j], it.Text)
	}
	if len(several) == 0 {
		return
	}
	for _, j := range several {
		it := &l.items[j]
		it.Text = ""
		for _, label := range labels[j] {
			if label != "" {
				place := l.votePlace(label)
				it.Target = append(it.Target, make([]float64, max(0, place+1-len(it.Target)))...)
				it.Target[place]++
			}
		}
	}
	l.filter(func(i int) bool { return first[l.items[i].Path] == i })
	l.notes = append(l.notes, count(len(several), "image")+" with several labels, which are read as votes")
}
