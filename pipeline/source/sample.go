package source

import (
	"encoding/json"
	"fmt"
	"path"
	"strings"

	"finetune/invalid"
	"finetune/pipeline/textrows"
)

const (
	maxLabelBytes = 1 << 20 // of a .cls, .json or .txt member
	maxSample     = 1024    // images of one sample
)

// A sample gathers the members of an archive that follow each other and have one key, as WebDataset does: the name
// up to the first dot after the last slash. Every image among them is an item; the labels belong to all of them.
type sample struct {
	archive string // as shown
	key     string
	items   []Item
	bytes   int64 // that the items hold in memory
	text    map[string][]byte
}

// A part is a member of an archive as far as it matters for a sample.
type part int

const (
	otherPart part = iota
	imagePart
	labelPart
)

// splitMember returns the key of a member, what follows it, and what it is.
func splitMember(name string) (key, ending string, p part) {
	dir, base := path.Split(strings.TrimPrefix(name, "./"))
	for folder := range strings.SplitSeq(dir, "/") {
		if folder == "__MACOSX" {
			return "", "", otherPart
		}
	}
	if IsLitter(base) {
		return "", "", otherPart
	}
	stem, ending, _ := strings.Cut(base, ".")
	ending = strings.ToLower(ending)
	switch {
	case IsImage(base):
		p = imagePart
	case ending == "cls" || ending == "json" || ending == "txt":
		p = labelPart
	}
	return dir + stem, ending, p
}

// add takes an image. The items of a sample wait for its labels.
func (s *sample) add(it Item) {
	if h, ok := it.content.(held); ok {
		if s.bytes += int64(len(h)); s.bytes > maxHeld {
			it.content = failed{&invalid.Error{Path: it.Name, Found: "images of one sample that are too large together",
				Want: fmt.Sprintf("at most %d bytes in a compressed archive", maxHeld), Hint: "decompress the archive"}}
		}
	}
	s.items = append(s.items, it)
}

// flush emits what was gathered and begins with another key.
func (s *sample) flush(e *emitter, key, column string) error {
	labels := s.labels(column)
	for _, it := range s.items {
		it.Labels = labels
		if err := e.emit(it); err != nil {
			return err
		}
	}
	clear(s.items)
	clear(s.text)
	s.key, s.items, s.bytes = key, s.items[:0], 0
	return nil
}

// labels reads the members with labels: all that .json says, and as the label the text of .cls, else the .json's,
// else .txt.
func (s *sample) labels(column string) Labels {
	var l Labels
	if raw, ok := s.text["json"]; ok {
		var fields map[string]json.RawMessage
		if json.Unmarshal(raw, &fields) == nil {
			setJSONLabels(&l, fields, column)
		} else if value, ok := textrows.Scalar(raw); ok {
			l.set("label", value)
		}
	}
	if raw, ok := s.text["cls"]; ok {
		l.set("label", string(raw))
	} else if raw, ok := s.text["txt"]; ok && l.Label == "" {
		l.set("label", string(raw))
	}
	return l
}

// memberName returns the name of an item in an archive.
func memberName(archive, name string) string { return archive + "/" + strings.TrimPrefix(name, "./") }
