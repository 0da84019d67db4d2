package source

import (
	"context"
	"errors"
	"strings"

	"finetune/invalid"
)

// MaxBytes is the size that an image may have at most.
const MaxBytes = 1 << 29

// An Item is one image of a [Source], or what stands in its place: Bytes then returns the error.
type Item struct {
	// Name identifies the image in results. It is a slash-separated path: of a file relative to the input (the name of
	// an image that is the whole input), or as the input writes it; of a member of an archive that of the archive, a
	// slash and the member's; of a table's row without a path that of the table, a slash and the number of the row
	// from 0.
	Name string

	Labels Labels

	// Line is a digest of the line of standard input and of its number; "" elsewhere. Items with the same are the same image where its
	// bytes stand in the line, and otherwise the image of the same name.
	Line string

	content content
}

// Labels holds what the input says of an image besides its name, as text and unchecked. A field that the input
// lacks is "".
type Labels struct {
	Label, Split, Fold, Group, Weight string

	Votes []Vote // columns votes_<class>, in their order
}

// A Vote is the number or share of votes for a class.
type Vote struct{ Class, Value string }

// Bytes returns the encoded image, at most [MaxBytes]. It may be called several times and from several goroutines.
//
// An error that belongs to the image is an *invalid.Error; any other is a failure of the machine or the end of ctx.
func (it Item) Bytes(ctx context.Context) ([]byte, error) { return it.Append(ctx, nil) }

// Append appends the encoded image to buf, so that a buffer can serve several images. See [Item.Bytes].
func (it Item) Append(ctx context.Context, buf []byte) ([]byte, error) {
	if err := context.Cause(ctx); err != nil {
		return buf, err
	}
	return it.content.appendTo(ctx, buf)
}

// File returns the path of an image that is a file of its own, and "" for any other.
func (it Item) File() string {
	if f, ok := it.content.(file); ok {
		return string(f)
	}
	return ""
}

// Held returns how many bytes of memory the image takes while the item is kept: none where it lies in a file.
func (it Item) Held() int {
	if h, ok := it.content.(held); ok {
		return len(h)
	}
	return 0
}

// Err returns the error of an item that stands for something other than an image, such as a line that can't be read.
func (it Item) Err() error {
	if f, ok := it.content.(failed); ok {
		return f.err
	}
	return nil
}

// Reason returns the text of an item's error without the path, for a place where the item's name stands already.
func Reason(err error) string {
	var e *invalid.Error
	if !errors.As(err, &e) {
		return err.Error()
	}
	short := *e
	short.Path, short.Field = "", ""
	return strings.TrimPrefix(short.Error(), ": ")
}

// isNumber reports whether a field of Labels that set knows may hold a number with a decimal comma.
func isNumber(field string) bool {
	field = strings.ToLower(field)
	return field == "label" || field == "weight" || strings.HasPrefix(field, "votes_")
}

// set puts the value of a column into the field that it means. It reports whether there is one.
func (l *Labels) set(column, value string) bool {
	value = strings.TrimSpace(value)
	switch strings.ToLower(column) {
	case "label":
		l.Label = value
	case "split":
		l.Split = value
	case "fold":
		l.Fold = value
	case "group":
		l.Group = value
	case "weight":
		l.Weight = value
	default:
		const votes = "votes_"
		if len(column) <= len(votes) || !strings.EqualFold(column[:len(votes)], votes) {
			return false
		}
		if value != "" {
			l.Votes = append(l.Votes, Vote{column[len(votes):], value})
		}
	}
	return true
}
