package dataset

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// A recipe says how to read the table of a well-known data set or tool.
type recipe struct {
	name   string
	file   string   // the name of the file, where that tells the table; "" for any
	header []string // columns that are all there, in lower case
	// The columns of roles, in lower case; the first of them that is there is taken.
	image, label, group []string
	votes               []string // columns of votes in lower case; the class is the number at the end of the name
	oneHot              bool     // every other column is a class, with 1 for the label
	raters              bool     // an image may have several lines, the labels of several people
	path                func(string) string
	note                string // what else the user should know
}

// recipes are tried in this order.
var recipes = []recipe{
	{name: "Kaggle's diabetic retinopathy", header: []string{"image", "level"}, image: []string{"image"}, label: []string{"level"}},
	{name: "APTOS 2019", header: []string{"id_code", "diagnosis"}, image: []string{"id_code"}, label: []string{"diagnosis"}},
	{name: "PANDA", header: []string{"image_id", "isup_grade"}, image: []string{"image_id"}, label: []string{"isup_grade"}},
	{name: "PetFinder's Pawpularity", header: []string{"id", "pawpularity"}, image: []string{"id"}, label: []string{"pawpularity"}},
	{name: "PetFinder's adoption speed", header: []string{"petid", "adoptionspeed"}, image: []string{"petid"}, label: []string{"adoptionspeed"},
		group: []string{"rescuerid"}, path: func(id string) string { return id + "-1" }, note: "the first photo of each pet is read"},
	{name: "FairFace", header: []string{"file", "age", "gender", "race"}, image: []string{"file"}, label: []string{"age"}},
	{name: "KonIQ-10k", header: []string{"image_name", "c1", "c2", "c3", "c4", "c5"}, image: []string{"image_name"},
		votes: []string{"c1", "c2", "c3", "c4", "c5"}, note: "the column MOS is left alone"},
	{name: "Label Studio", header: []string{"annotation_id"}, image: []string{"image", "img", "photo", "picture", "url"},
		label: []string{"choice", "rating", "label", "class", "grade", "score", "number"}, raters: true, path: labelStudioPath},
	{name: "Roboflow", file: "_classes.csv", header: []string{"filename"}, image: []string{"filename"}, oneHot: true},
}

// The names of columns that are read as the image or the label where there is only one such column.
var (
	likelyImages = []string{"image_path", "img_path", "filepath", "file_path", "filename", "file_name", "image_name", "image", "img", "file",
		"image_id", "img_id", "id_code"}
	likelyLabels = []string{"class", "grade", "level", "rating", "severity", "diagnosis"}
)

// findRecipe returns the recipe for a table, or nil. A table with the columns path and label needs none.
func findRecipe(table string, header []string) *recipe {
	names := make(map[string]bool, len(header))
	for _, h := range header {
		names[strings.ToLower(h)] = true
	}
	anyOf := func(columns []string) bool {
		return columns == nil || slices.ContainsFunc(columns, func(c string) bool { return names[c] })
	}
	if names[pathColumn] {
		return nil
	}
	for i := range recipes {
		r := &recipes[i]
		if (r.file == "" || strings.EqualFold(filepath.Base(table), r.file)) && anyOf(r.image) && anyOf(r.label) &&
			!slices.ContainsFunc(r.header, func(c string) bool { return !names[c] }) {
			return r
		}
	}
	return nil
}

// apply sets the roles of the columns and notes what was understood. Roles that an option chose stay.
func (r *recipe) apply(l *loader, cols []column, header []string) {
	understood := []string{}
	for _, c := range []struct {
		role  string
		names []string
	}{{pathColumn, r.image}, {labelColumn, r.label}, {groupColumn, r.group}} {
		for _, name := range c.names {
			if i := findColumn(header, name); i >= 0 && cols[i].role == "" && !has(cols, c.role) {
				cols[i].role = c.role
				understood = append(understood, fmt.Sprintf("%q is the %s", header[i], c.role))
			}
		}
	}
	for _, name := range r.votes {
		i := findColumn(header, name)
		cols[i].votes = l.votePlace(strings.TrimLeft(name, "abcdefghijklmnopqrstuvwxyz_"))
	}
	if len(r.votes) > 0 {
		understood = append(understood, fmt.Sprintf("%q to %q are votes", r.votes[0], r.votes[len(r.votes)-1]))
	}
	for i := range cols {
		if r.oneHot && cols[i].role == "" && header[i] != "" {
			cols[i] = column{votes: l.votePlace(header[i]), oneHot: true}
		}
	}
	if r.note != "" {
		understood = append(understood, r.note)
	}
	note := fmt.Sprintf("read as a table of %s: %s", r.name, strings.Join(understood, ", "))
	if !slices.Contains(l.notes, note) {
		l.notes = append(l.notes, note)
	}
}
