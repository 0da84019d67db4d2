package source

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/format"

	"finetune/invalid"
)

// tableColumns says which columns of a Parquet table are read, and what they mean. bytes and path are places in
// indexes, or -1.
type tableColumns struct {
	indexes []int
	bytes   int
	path    int
	labels  []string   // for each of indexes the field of Labels, or ""
	classes [][]string // for each of indexes the names that its numbers stand for, or nil
}

// The columns that are looked for, the first ones first. An image column may also be a group of bytes and path, as
// Hugging Face's datasets write them; Spark's binary files have path and content.
var (
	byteColumns = []string{"image.bytes", "image", "bytes", "content"}
	pathColumns = []string{"image.path", "path", "image"}
)

func findColumns(f *parquet.File, o Options) (tableColumns, error) {
	c := tableColumns{bytes: -1, path: -1}
	byBytes, byPath := byteColumns, pathColumns
	if o.ImageColumn != "" {
		byBytes = []string{o.ImageColumn + ".bytes", o.ImageColumn}
		byPath = []string{o.ImageColumn + ".path", o.ImageColumn, "path"}
	}
	leaves := f.Schema().Columns()
	c.bytes = c.find(f, leaves, byBytes, false)
	c.path = c.find(f, leaves, byPath, true)
	if c.bytes < 0 && c.path < 0 {
		names := make([]string, len(leaves))
		for i, l := range leaves {
			names[i] = strings.Join(l, ".")
		}
		return c, &invalid.Error{Found: fmt.Sprintf("the columns %.200s", strings.Join(names, ", ")),
			Want: "a column of paths or of encoded images, named " + cmp.Or(o.ImageColumn,
				"image, bytes, content or path")}
	}
	classes := huggingFaceClasses(f)
	names := make([]string, len(leaves))
	for i, l := range leaves {
		if len(l) == 1 {
			names[i] = l[0]
		}
	}
	fields := meanings(names, o.LabelColumn)
	for n, l := range leaves {
		column := fields[n]
		if leaf, ok := f.Schema().Lookup(l...); ok && len(l) == 1 && leaf.MaxRepetitionLevel == 0 &&
			(&Labels{}).set(column, "") {
			i := c.add(leaf.ColumnIndex)
			c.labels[i], c.classes[i] = column, classes[l[0]]
		}
	}
	return c, nil
}

// find adds the first of the columns that exists and holds text, or bytes that aren't text.
func (c *tableColumns) find(f *parquet.File, leaves [][]string, names []string, text bool) int {
	for _, name := range names {
		i := slices.IndexFunc(leaves, func(l []string) bool { return strings.Join(l, ".") == name })
		if i < 0 {
			continue
		}
		leaf, ok := f.Schema().Lookup(leaves[i]...)
		if ok && leaf.MaxRepetitionLevel == 0 && leaf.Node.Type().Kind() == parquet.ByteArray &&
			isText(leaf.Node) == text {
			return c.add(leaf.ColumnIndex)
		}
	}
	return -1
}

func (c *tableColumns) add(index int) int {
	c.indexes, c.labels, c.classes = append(c.indexes, index), append(c.labels, ""), append(c.classes, nil)
	return len(c.indexes) - 1
}

// isText reports whether a column of bytes is marked as text.
func isText(n parquet.Node) bool {
	if logical := n.Type().LogicalType(); logical != nil {
		_, ok := logical.Value.(*format.StringType)
		return ok
	}
	converted := n.Type().ConvertedType()
	return converted != nil && *converted == deprecated.UTF8
}

// text returns a value as text: the name of the class where the column's numbers stand for classes.
func (c *tableColumns) text(i int, v parquet.Value) string {
	switch v.Kind() {
	case parquet.Boolean:
		return strconv.FormatBool(v.Boolean())
	case parquet.Int32, parquet.Int64:
		n := v.Int64()
		if v.Kind() == parquet.Int32 {
			n = int64(v.Int32())
		}
		if names := c.classes[i]; n >= 0 && n < int64(len(names)) {
			return names[n]
		}
		return strconv.FormatInt(n, 10)
	case parquet.Float:
		return strconv.FormatFloat(float64(v.Float()), 'g', -1, 32)
	case parquet.Double:
		return strconv.FormatFloat(v.Double(), 'g', -1, 64)
	}
	return string(v.ByteArray())
}

// huggingFaceClasses returns the class names of label columns, by column, from the metadata that Hugging Face's
// datasets write.
func huggingFaceClasses(f *parquet.File) map[string][]string {
	raw, ok := f.Lookup("huggingface")
	if !ok {
		return nil
	}
	var meta struct {
		Info struct {
			Features map[string]json.RawMessage `json:"features"`
		} `json:"info"`
	}
	if json.Unmarshal([]byte(raw), &meta) != nil {
		return nil
	}
	classes := map[string][]string{}
	for name, feature := range meta.Info.Features {
		var label struct {
			Names []string `json:"names"`
		}
		if json.Unmarshal(feature, &label) == nil && len(label.Names) > 0 {
			classes[name] = label.Names
		}
	}
	return classes
}
