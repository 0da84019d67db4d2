package run

import (
	"bytes"
	"encoding/json"
	"finetune/pipeline/features"
	"finetune/pipeline/report"
	"fmt"
	"strings"
)

// settingsOf returns what stands in the JSON of a configuration, in its order: a section for each object in it, and what is in
// objects within under the path of its keys. The number of threads is left out: it changes nothing, and so not the page either.
func Settings(config any) ([]report.Section, error) {
	text, err := json.Marshal(config)
	if err != nil {
		return nil, err
	}
	f := flattener{decoder: json.NewDecoder(bytes.NewReader(text))}
	if err := f.object(nil); err != nil {
		return nil, fmt.Errorf("settings: %w", err)
	}
	var sections []report.Section
	at := map[string]int{}
	for _, s := range f.found {
		name, rest, nested := strings.Cut(s.Name, "\x00")
		if !nested {
			name, rest = "general", name
		}
		if name == "head" && rest == "threads" {
			continue
		}
		i, ok := at[name]
		if !ok {
			i = len(sections)
			at[name] = i
			sections = append(sections, report.Section{Name: name})
		}
		sections[i].Settings = append(sections[i].Settings, report.Setting{Name: strings.ReplaceAll(rest, "\x00", " · "), Value: s.Value})
	}
	return sections, nil
}

// A flattener reads JSON into settings whose names are the keys on the way to them, with a zero byte between.
type flattener struct {
	decoder *json.Decoder
	found   []report.Setting
}

// object reads an object with its braces.
func (f *flattener) object(path []string) error {
	if _, err := f.decoder.Token(); err != nil {
		return err
	}
	for f.decoder.More() {
		key, err := f.decoder.Token()
		if err != nil {
			return err
		}
		var value json.RawMessage
		if err := f.decoder.Decode(&value); err != nil {
			return err
		}
		if err := f.value(append(path[:len(path):len(path)], fmt.Sprint(key)), value); err != nil {
			return err
		}
	}
	_, err := f.decoder.Token()
	return err
}

// value keeps a value, or what is in it where it is an object.
func (f *flattener) value(path []string, text json.RawMessage) error {
	if text[0] == '{' {
		inner := flattener{decoder: json.NewDecoder(bytes.NewReader(text))}
		err := inner.object(path)
		f.found = append(f.found, inner.found...)
		return err
	}
	if bytes.HasPrefix(text, []byte("[{")) {
		var list []json.RawMessage
		if err := json.Unmarshal(text, &list); err != nil {
			return err
		}
		for i, item := range list {
			if err := f.value(append(path[:len(path):len(path)], fmt.Sprint(i+1)), item); err != nil {
				return err
			}
		}
		return nil
	}
	words := strings.ReplaceAll(string(text), ",", ", ") // a list may be long; let it break
	var s string
	if json.Unmarshal(text, &s) == nil {
		words = s
	}
	f.found = append(f.found, report.Setting{Name: strings.Join(path, "\x00"), Value: words})
	return nil
}

// dataInWords says what was read.
func DescribeData(d DataConfig, features string) string {
	if features != "" {
		return fmt.Sprintf("the features in %s, %d images", features, d.Images)
	}
	return fmt.Sprintf("%s: %s, %d images", d.Path, d.Layout, d.Images)
}

// networkInWords says what gave the features; n is nil where a feature folder doesn't tell.
func DescribeNetwork(n *features.NetworkInfo) []report.Setting {
	if n == nil {
		return []report.Setting{{Name: "Network", Value: "not known: the feature folder doesn't say"}}
	}
	return []report.Setting{
		{Name: "Network", Value: fmt.Sprintf("%s, tensor %s, %d wide, frozen (SHA-256 %s)", n.Name, n.Tap, n.Width, n.Digest)},
		{Name: "Pixels", Value: fmt.Sprintf("%v (from %s)", n.Preprocessing, n.From)},
	}
}

func ClassNames(classes []ClassConfig) []string {
	names := make([]string, len(classes))
	for i, c := range classes {
		names[i] = c.Name
	}
	return names
}

// repeated says how often there are folds, where it isn't once.
func DescribeRepeats(n int) string {
	if n == 1 {
		return ""
	}
	return fmt.Sprintf(", %d times", n)
}
