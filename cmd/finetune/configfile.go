package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v3"

	"finetune/internal/store/userfile"
	"finetune/invalid"
)

// maxConfigFile bounds the size of a file of flags, in bytes.
const maxConfigFile = 16 << 20

// runCommand is the field of a run's config.json with the flags that the run was made with.
const runCommand = "command"

// neutralFlags change where and how a job works and what it prints, not what it computes. A run doesn't record them.
var neutralFlags = []string{"config", "out", "overwrite", "resume", "threads", "image-batch", "cache", "no-cache", "library", "json", "quiet", "help", "help-all", "tensorboard"}

// useConfigFile sets those flags of a command that stand in the file of --config and weren't given.
func (a *app) useConfigFile(c *cobra.Command) error {
	if a.config == "" {
		return nil
	}
	content, err := userfile.Read(c.Context(), a.config, maxConfigFile)
	if err != nil {
		return fmt.Errorf("--config: %w", err)
	}
	values, err := parseConfigFile(a.config, content)
	if err != nil {
		return err
	}
	if words, ok := values[runCommand]; ok {
		if values, err = recorded(words); err != nil {
			return a.wrongConfig(runCommand, err.Error())
		}
	} else if _, ok := values["finetune"]; ok {
		return a.wrongConfig("", "the config.json of a run that records no command, because a program made it or an earlier version")
	}
	spelled := map[string]string{}
	for _, key := range slices.Sorted(maps.Keys(values)) {
		name := strings.ReplaceAll(key, "_", "-")
		if other, twice := spelled[name]; twice {
			return a.wrongConfig(key, "the flag that "+other+" gives, too; remove one of them")
		}
		spelled[name] = key
		if err := a.useConfigValue(c, key, values[key]); err != nil {
			return err
		}
	}
	return nil
}

// useConfigValue sets one flag. Flags of other commands are passed over, so that several commands can share a file.
func (a *app) useConfigValue(c *cobra.Command, key string, value any) error {
	name := strings.ReplaceAll(key, "_", "-")
	f := c.Flags().Lookup(name)
	if f == nil || name == "config" {
		names := flagNames(c.Root())
		if name != "config" && slices.Contains(names, name) {
			return nil
		}
		found := "a key that names no flag"
		if near := nearest(name, names); near != "" {
			found += "; did you mean " + near + "?"
		}
		return a.wrongConfig(key, found)
	}
	if f.Changed {
		return nil
	}
	texts, err := configTexts(f, value)
	if err != nil {
		return a.wrongConfig(key, err.Error())
	}
	for _, text := range texts {
		if err := c.Flags().Set(name, text); err != nil {
			err = flagError(c, err)
			var own *invalid.Error
			if errors.As(err, &own) {
				own.Path = "in " + a.config
			}
			return err
		}
		a.giveAgain(f, text)
	}
	return nil
}

func (a *app) wrongConfig(key, found string) error {
	if key != "" {
		found = fmt.Sprintf("%s: %s", key, found)
	}
	return &invalid.Error{Field: "--config", Found: a.config + " with " + found, Want: "names of flags without dashes, such as hidden: 256; see finetune --help-all"}
}

// flagNames returns the names of the flags of a command and all below it.
func flagNames(c *cobra.Command) (names []string) {
	add := func(f *pflag.Flag) { names = append(names, f.Name) }
	c.LocalFlags().VisitAll(add)
	for _, sub := range c.Commands() {
		names = append(names, flagNames(sub)...)
	}
	return names
}

// parseConfigFile reads keys and values in the format that the ending of the name says.
func parseConfigFile(path string, content []byte) (values map[string]any, err error) {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".json":
		values, err = parseJSON(content)
	case ".toml":
		err = toml.Unmarshal(content, &values)
	case ".yaml", ".yml":
		values, err = parseYAML(content)
	default:
		return nil, &invalid.Error{Field: "--config", Found: path, Want: "a file whose name ends in .yaml, .yml, .toml or .json"}
	}
	if err != nil {
		return nil, &invalid.Error{Field: "--config", Found: fmt.Sprintf("%s, which can't be read: %v", path, err), Want: "one key and value for each flag"}
	}
	return values, nil
}

// parseJSON keeps numbers as they are written. It goes from key to key, since encoding/json takes the last value of a key that is
// given twice without a word.
func parseJSON(content []byte) (map[string]any, error) {
	if !json.Valid(content) {
		var values map[string]any
		return nil, cmp.Or(json.Unmarshal(content, &values), io.ErrUnexpectedEOF)
	}
	d := json.NewDecoder(bytes.NewReader(content))
	d.UseNumber()
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return nil, errors.New("no object, which begins with {")
	}
	values := map[string]any{}
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return nil, err
		}
		key := fmt.Sprint(token)
		if _, twice := values[key]; twice {
			return nil, fmt.Errorf("the key %q twice", key)
		}
		var value any
		if err := d.Decode(&value); err != nil {
			return nil, err
		}
		values[key] = value
	}
	return values, nil
}

// parseYAML keeps scalars as they are written, so that 007 stays the name of a class.
func parseYAML(content []byte) (map[string]any, error) {
	var nodes map[string]yaml.Node
	d := yaml.NewDecoder(bytes.NewReader(content))
	if err := d.Decode(&nodes); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	var more yaml.Node
	if err := d.Decode(&more); err == nil {
		return nil, fmt.Errorf("line %d: a second document", more.Line)
	} else if !errors.Is(err, io.EOF) {
		return nil, err
	}
	values := map[string]any{}
	for key, node := range nodes {
		value, err := yamlValue(&node)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
		values[key] = value
	}
	return values, nil
}

func yamlValue(n *yaml.Node) (any, error) {
	switch n.Kind {
	case yaml.AliasNode:
		return nil, fmt.Errorf("line %d: an alias, which isn't supported", n.Line)
	case yaml.ScalarNode:
		if n.Tag == "!!bool" {
			var b bool
			err := n.Decode(&b)
			return b, err
		}
		if n.Tag == "!!null" {
			return nil, nil
		}
		return n.Value, nil
	case yaml.SequenceNode:
		list := []any{}
		for _, item := range n.Content {
			value, err := yamlValue(item)
			if err != nil {
				return nil, err
			}
			list = append(list, value)
		}
		return list, nil
	}
	pairs := map[string]any{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		value, err := yamlValue(n.Content[i+1])
		if err != nil {
			return nil, err
		}
		pairs[n.Content[i].Value] = value
	}
	return pairs, nil
}

// configTexts writes a value as it would stand behind its flag: once, or for each item of a list where the flag is given several
// times. Of a list of names an item may hold a comma.
func configTexts(f *pflag.Flag, value any) ([]string, error) {
	list, ok := value.([]any)
	_, order := f.Value.(*orderFlag)
	switch kind := f.Value.Type(); {
	case !ok:
	case separatorOf(f) != ",":
		texts := make([]string, len(list))
		for i, item := range list {
			text, err := configText([]any{item})
			if err != nil {
				return nil, err
			}
			texts[i] = text
		}
		return texts, nil
	case order || kind == "stringSlice":
		quoted := make([]any, len(list))
		for i, item := range list {
			if text, ok := item.(string); ok && strings.ContainsAny(text, ",\"\n") {
				item = `"` + strings.ReplaceAll(text, `"`, `""`) + `"`
			}
			quoted[i] = item
		}
		value = quoted
	}
	text, err := configText(value)
	return []string{text}, err
}

func configText(value any) (string, error) {
	switch v := value.(type) {
	case nil:
		return "", errors.New("no value")
	case []any:
		if len(v) == 0 {
			return "", errors.New("an empty list")
		}
		parts := make([]string, len(v))
		for i, item := range v {
			text, err := configText(item)
			if err != nil {
				return "", fmt.Errorf("item %d: %w", i+1, err)
			}
			if _, nested := item.([]any); nested {
				return "", fmt.Errorf("item %d: a list in a list", i+1)
			}
			parts[i] = text
		}
		return strings.Join(parts, ","), nil
	case map[string]any:
		if len(v) == 0 {
			return "", errors.New("no pairs of names and values")
		}
		var parts []string
		for _, key := range slices.Sorted(maps.Keys(v)) {
			text, err := configText(v[key])
			if err != nil {
				return "", fmt.Errorf("%s: %w", key, err)
			}
			parts = append(parts, key+"="+text)
		}
		return strings.Join(parts, ","), nil
	}
	return fmt.Sprint(value), nil
}

// recorded returns the flags that the config.json of a run records.
func recorded(words any) (map[string]any, error) {
	list, ok := words.([]any)
	if !ok {
		return nil, fmt.Errorf("%v, which is no list of words", words)
	}
	values := map[string]any{}
	for _, item := range list {
		name, value, ok := strings.Cut(strings.TrimPrefix(fmt.Sprint(item), "--"), "=")
		if !ok || !strings.HasPrefix(fmt.Sprint(item), "--") {
			return nil, fmt.Errorf("%q; expected --NAME=VALUE", item)
		}
		values[name] = value
	}
	return values, nil
}

// remember keeps the text of the flags on the command line: the value of a flag can't always be written as it was given.
func (a *app) remember(c *cobra.Command) {
	record := func(f *pflag.Flag, text string) error {
		a.giveAgain(f, text)
		return nil
	}
	// The words were parsed before without an error; this time no flag is set.
	_ = c.Flags().ParseAll(a.args, record)
}

// giveAgain notes the text of a flag, after that of earlier ones where the flag collects its values.
func (a *app) giveAgain(f *pflag.Flag, text string) {
	_, list := f.Value.(pflag.SliceValue)
	_, parts := f.Value.(*partsFlag)
	if earlier, ok := a.given[f.Name]; ok && (list || parts || f.Value.Type() == "stringToString") {
		text = earlier + separatorOf(f) + text
	}
	a.given[f.Name] = text
}

// separatorOf returns what stands between several values of a flag: a comma, or what no value has, where each needs a flag of its own.
func separatorOf(f *pflag.Flag) string {
	switch f.Value.(type) {
	case *partsFlag:
		return string(os.PathListSeparator)
	case *modelsFlag:
		return "\n"
	}
	if f.Value.Type() == "stringArray" {
		return "\n"
	}
	return ","
}

// command returns the flags that decide what a job computes, as --name=value in the order of the help.
func (a *app) command(c *cobra.Command) (words []string) {
	c.Flags().VisitAll(func(f *pflag.Flag) {
		text, ok := a.given[f.Name]
		if ok && f.Changed && !slices.Contains(neutralFlags, f.Name) {
			words = append(words, "--"+f.Name+"="+text)
		}
	})
	return words
}
