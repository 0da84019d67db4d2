package dataset

import (
	"fmt"
	"slices"
	"strings"

	"finetune/invalid"
	"finetune/pipeline/source"
	"finetune/pipeline/textrows"
)

// A column is what one of a table means; a column without a role or votes is left alone.
type column struct {
	role   string // pathColumn, labelColumn, …, or ""
	votes  int    // the place of its class in voteClasses, or -1
	by     bool   // Item.By is taken from it
	oneHot bool   // 1 where its class is the label, else 0
}

// A columnChoice is an option that names a column.
type columnChoice struct{ field, role, name string }

func (o Options) columnChoices() []columnChoice {
	return []columnChoice{
		{"Data.ImageColumn", pathColumn, o.ImageColumn},
		{"Data.LabelColumn", labelColumn, o.LabelColumn},
		{"Data.SplitColumn", splitColumn, o.SplitColumn},
		{"Data.FoldColumn", foldColumn, o.FoldColumn},
		{"Data.GroupColumn", groupColumn, o.GroupColumn},
		{"Data.WeightColumn", weightColumn, o.WeightColumn},
	}
}

// columns finds what the columns of a header mean: those that options name, those of a recipe that knows the header,
// those with usual names, and, for the image and the label, the only one with a likely name.
func (l *loader) columns(header []string) ([]column, error) {
	cols, err := l.findColumns(header)
	if i := slices.IndexFunc(cols, func(c column) bool { return c.role == labelColumn }); i >= 0 {
		l.labelName = header[i]
	}
	return cols, err
}

func (l *loader) findColumns(header []string) ([]column, error) {
	for i := range header {
		header[i] = strings.TrimSpace(header[i])
	}
	cols := make([]column, len(header))
	for i := range cols {
		cols[i].votes = -1
	}
	if err := l.chosenColumns(cols, header); err != nil {
		return nil, err
	}
	if err := l.byColumn(cols, header); err != nil {
		return nil, err
	}
	if l.o.ImageColumn == "" && l.o.LabelColumn == "" && l.o.VoteColumns == nil {
		if l.recipe = findRecipe(l.table, header); l.recipe != nil {
			l.recipe.apply(l, cols, header)
			return cols, l.usualColumns(cols, header)
		}
	}
	if err := l.usualColumns(cols, header); err != nil {
		return nil, err
	}
	for _, likely := range []struct {
		role  string
		names []string
	}{{pathColumn, likelyImages}, {labelColumn, likelyLabels}} {
		labelled := likely.role == labelColumn && (l.o.Unlabelled || len(l.voteClasses) > 0)
		if i, only := onlyColumn(header, likely.names); only && !labelled && !has(cols, likely.role) && cols[i].role == "" {
			cols[i].role = likely.role
			l.notes = append(l.notes, fmt.Sprintf("the column %q is read as the %s", header[i], roleName(likely.role)))
		}
	}
	return cols, nil
}

// has reports whether a column has the role.
func has(cols []column, role string) bool {
	return slices.ContainsFunc(cols, func(c column) bool { return c.role == role })
}

// roleName is what a column of the role holds.
func roleName(role string) string {
	if role == pathColumn {
		return "image"
	}
	return role
}

// onlyColumn returns the place of the only column that has one of the names.
func onlyColumn(header, names []string) (int, bool) {
	at, n := -1, 0
	for i, h := range header {
		if slices.Contains(names, strings.ToLower(h)) {
			at, n = i, n+1
		}
	}
	return at, n == 1
}

// chosenColumns sets the roles of the columns that options name.
func (l *loader) chosenColumns(cols []column, header []string) error {
	for _, c := range l.o.columnChoices() {
		if c.name == "" {
			continue
		}
		i := textrows.Find(header, c.name)
		if i < 0 {
			return &invalid.Error{
				Field: c.field,
				Path:  l.table,
				Found: fmt.Sprintf("no column %q", c.name),
				Want:  "one of " + some(header),
			}
		}
		if cols[i].role != "" {
			return &invalid.Error{
				Field: c.field,
				Path:  l.table,
				Found: fmt.Sprintf("the column %q, which is chosen for the %s as well", c.name, roleName(cols[i].role)),
				Want:  "another of " + some(header),
			}
		}
		cols[i].role = c.role
	}
	for _, name := range l.o.VoteColumns {
		prefix, many := strings.CutSuffix(name, "*")
		found := false
		for i, h := range header {
			class := h
			if many && len(h) > len(prefix) && strings.EqualFold(h[:len(prefix)], prefix) {
				class = h[len(prefix):]
			} else if many || !strings.EqualFold(h, name) {
				continue
			}
			cols[i].votes = l.votePlace(class)
			found = true
		}
		if !found {
			return &invalid.Error{
				Field: "Data.VoteColumns",
				Path:  l.table,
				Found: fmt.Sprintf("no column %q", name),
				Want:  "some of " + some(header),
			}
		}
	}
	return nil
}

// byColumn marks the column of Options.By.
func (l *loader) byColumn(cols []column, header []string) error {
	if l.o.By == "" {
		return nil
	}
	i := textrows.Find(header, l.o.By)
	if i < 0 {
		return &invalid.Error{Field: "Data.By", Path: l.table, Found: fmt.Sprintf("no column %q", l.o.By), Want: "one of " + some(header)}
	}
	cols[i].by, l.hasBy = true, true
	return nil
}

// usualColumns sets the roles of the columns with usual names, where no option named another for the role.
func (l *loader) usualColumns(cols []column, header []string) error {
	usual := []string{pathColumn, labelColumn, splitColumn, foldColumn, groupColumn, weightColumn}
	if l.o.NoFiles {
		usual = append(usual, ViewColumn)
	}
	usual = slices.DeleteFunc(usual, func(role string) bool { return has(cols, role) })
	seen := make(map[string]bool)
	for i, h := range header {
		name := strings.ToLower(h)
		switch {
		case cols[i].role != "" || cols[i].votes >= 0:
			continue
		case l.o.VoteColumns == nil && strings.HasPrefix(name, votesPrefix):
			class := h[len(votesPrefix):]
			cols[i].votes = l.votePlace(class)
			name = votesPrefix + class // classes differ by case, columns don't
		case slices.Contains(usual, name):
			cols[i].role = name
		default:
			continue
		}
		if seen[name] {
			return l.wrongAt(l.header, fmt.Sprintf("the column %q twice", short(h)), "each column once", "")
		}
		seen[name] = true
	}
	return nil
}

// checkColumns returns an error for a table without a column for the image or for the label.
func (l *loader) checkColumns(cols []column, header []string) error {
	want := ""
	switch {
	case !has(cols, pathColumn):
		want = "a column named path"
	case !l.o.Unlabelled && !has(cols, labelColumn) && len(l.voteClasses) == 0:
		want = "a column named label, or votes_<class> for each class"
	default:
		return nil
	}
	const most = 40
	found := fmt.Sprintf("the header %q", strings.Join(header[:min(len(header), most)], ","))
	return l.wrongAt(l.header, found, want, l.columnHint(cols, header))
}

// columnHint proposes the options for the columns that are missing.
func (l *loader) columnHint(cols []column, header []string) string {
	if slices.ContainsFunc(header, source.IsImage) || len(header) < 2 {
		return "begin the file with a header such as path,label"
	}
	var options []string
	taken := make([]bool, len(header))
	for i, c := range cols {
		taken[i] = c.role != "" || c.votes >= 0 || header[i] == "" || l.o.NoFiles && (header[i] == "row" || header[i] == ViewColumn)
	}
	propose := func(option string, likely []string) {
		best, rank := -1, 0
		for i, h := range header {
			r := 1 + slices.Index(likely, strings.ToLower(h)) // 0 for any other column
			if r == 0 {
				r = len(likely) + 1
			}
			if !taken[i] && (best < 0 || r < rank) {
				best, rank = i, r
			}
		}
		if best >= 0 {
			taken[best] = true
			options = append(options, "{"+option+"} "+quoted(header[best]))
		}
	}
	if !has(cols, pathColumn) {
		propose("Data.ImageColumn", slices.Concat(likelyImages, []string{"id", "name", "photo", "picture", "url"}))
	}
	if !l.o.Unlabelled && !has(cols, labelColumn) && len(l.voteClasses) == 0 {
		propose(
			"Data.LabelColumn",
			slices.Concat(likelyLabels, []string{"age", "score", "mos", "stage", "target", "quality", "value", "y"}),
		)
	}
	switch {
	case len(options) > 0:
	case l.o.NoFiles && has(cols, pathColumn):
		return "extract the features of labelled images: a table with a column label, class folders, or {Data.LabelRegex}"
	default:
		return "add it to the header"
	}
	return "give " + strings.Join(options, ", ") + ", or other columns"
}

// quoted writes a value so that a shell takes it as one word.
func quoted(value string) string {
	if strings.ContainsFunc(value, func(r rune) bool {
		return !strings.ContainsRune("_-./:", r) &&
			(r < '0' || r > '9' && r < 'A' || r > 'Z' && r < 'a' || r > 'z' && r < 0x80)
	}) {
		return "'" + strings.ReplaceAll(value, "'", `'\''`) + "'"
	}
	return value
}
