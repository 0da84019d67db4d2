package dataset

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"finetune/pipeline/textrows"
)

// A recipe says how to read the table of a well-known data set or tool. Names of columns are in lower case, with spaces
// between.
type recipe struct {
	name                string
	file                string // the name of the file, where that tells the table; "" for any
	header              string // columns that are all there
	image, label, group string // columns of roles, of which the first that is there is taken
	votes               string // columns of votes; the class is the number at the end of the name
	oneHot              bool   // every other column is a class, with 1 for the label
	raters              bool   // an image may have several lines, the labels of several people
	path                func(string) string
	note                string // what else the user should know
}

// recipes are tried in this order.
var recipes = []recipe{
	{name: "Kaggle's diabetic retinopathy", header: "image level", image: "image", label: "level"},
	{name: "APTOS 2019", header: "id_code diagnosis", image: "id_code", label: "diagnosis"},
	{name: "PANDA", header: "image_id isup_grade", image: "image_id", label: "isup_grade"},
	{name: "PetFinder's Pawpularity", header: "id pawpularity", image: "id", label: "pawpularity"},
	{name: "PetFinder's adoption speed", header: "petid adoptionspeed", image: "petid", label: "adoptionspeed",
		group: "rescuerid", path: firstPhoto, note: "the first photo of each pet is read"},
	{name: "FairFace", header: "file age gender race", image: "file", label: "age"},
	{name: "KonIQ-10k", header: "image_name c1 c2 c3 c4 c5", image: "image_name", votes: "c1 c2 c3 c4 c5",
		note: "the column MOS is left alone"},
	{name: "Label Studio", header: "annotation_id", image: "image img photo picture url",
		label: "choice rating label class grade score number", raters: true, path: labelStudioPath},
	{name: "Roboflow", file: roboflowTable, header: "filename", image: "filename", oneHot: true},
}

// firstPhoto is the name of the first photo of a pet of PetFinder.
func firstPhoto(id string) string { return id + "-1" }

// The names of columns that are read as the image or the label where there is only one such column.
var (
	likelyImages = strings.Fields("image_path img_path filepath file_path filename file_name image_name image img file " +
		"image_id img_id id_code")
	likelyLabels = strings.Fields("class grade level rating severity diagnosis")
)

// findRecipe returns the recipe for a table, or nil. A table with the columns path and label needs none.
func findRecipe(table string, header []string) *recipe {
	names := make(map[string]bool, len(header))
	for _, h := range header {
		names[strings.ToLower(h)] = true
	}
	anyOf := func(columns string) bool {
		return columns == "" || slices.ContainsFunc(strings.Fields(columns), func(c string) bool { return names[c] })
	}
	if names[pathColumn] {
		return nil
	}
	for i := range recipes {
		r := &recipes[i]
		if (r.file == "" || strings.EqualFold(filepath.Base(table), r.file)) && anyOf(r.image) && anyOf(r.label) &&
			!slices.ContainsFunc(strings.Fields(r.header), func(c string) bool { return !names[c] }) {
			return r
		}
	}
	return nil
}

// apply sets the roles of the columns and notes what was understood. Roles that an option chose stay.
func (r *recipe) apply(l *loader, cols []column, header []string) {
	understood := []string{}
	for _, c := range [][2]string{{pathColumn, r.image}, {labelColumn, r.label}, {groupColumn, r.group}} {
		role := c[0]
		for _, name := range strings.Fields(c[1]) {
			if i := textrows.Find(header, name); i >= 0 && cols[i].role == "" && !has(cols, role) {
				cols[i].role = role
				understood = append(understood, fmt.Sprintf("%q is the %s", header[i], roleName(role)))
			}
		}
	}
	votes := strings.Fields(r.votes)
	for _, name := range votes {
		i := textrows.Find(header, name)
		cols[i].votes = l.votePlace(strings.TrimLeft(name, "abcdefghijklmnopqrstuvwxyz_"))
	}
	if len(votes) > 0 {
		understood = append(understood, fmt.Sprintf("%q to %q are votes", votes[0], votes[len(votes)-1]))
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
