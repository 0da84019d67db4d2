package main

import (
	"fmt"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"finetune/head"
	"finetune/pipeline/check"
	"finetune/pipeline/compare"
	"finetune/pipeline/explain"
	"finetune/pipeline/features"
	"finetune/pipeline/run"
)

// jsonFields returns the names of a document's fields and, where inner is set, those of the objects in them.
func jsonFields(t reflect.Type, inner bool) []string {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return nil
	}
	var names []string
	for i := range t.NumField() {
		f := t.Field(i)
		switch name, _, _ := strings.Cut(f.Tag.Get("json"), ","); {
		case f.Anonymous && name == "":
			names = append(names, jsonFields(f.Type, inner)...)
		case name == "" || name == "-":
		case inner:
			names = append(names, jsonFields(f.Type, false)...)
		default:
			names = append(names, name)
		}
	}
	return names
}

var (
	codeSpan  = regexp.MustCompile("`([a-z_0-9]+)`")
	fieldCell = regexp.MustCompile("(?m)^\\| (`[^|]*) \\|")
)

func codeSpans(text string) []string {
	var names []string
	for _, m := range codeSpan.FindAllStringSubmatch(text, -1) {
		names = append(names, m[1])
	}
	return names
}

// TestSchemas compares docs/schemas.md with the documents: every field has a row, and every row a field.
func TestSchemas(t *testing.T) {
	page, err := os.ReadFile("../../docs/schemas.md")
	if err != nil {
		t.Fatal(err)
	}
	for name, document := range map[string]any{
		run.ConfigFile: run.Config{}, run.MetricsFile: run.Metrics{}, features.MetaFile: features.Meta{},
		compare.JSONFile: compare.Result{}, check.ResultFile: check.Result{}, explain.ResultFile: explain.Result{},
	} {
		_, section, found := strings.Cut(string(page), "\n## "+name+"\n")
		if !found {
			t.Errorf("docs/schemas.md has no section %s", name)
			continue
		}
		section, _, _ = strings.Cut(section, "\n## ")
		var described []string
		for _, m := range fieldCell.FindAllStringSubmatch(section, -1) {
			described = append(described, codeSpans(m[1])...)
		}
		fields := jsonFields(reflect.TypeOf(document), false)
		for _, f := range fields {
			if !slices.Contains(described, f) {
				t.Errorf("%s: field %s isn't described", name, f)
			}
		}
		for _, d := range described {
			if !slices.Contains(fields, d) {
				t.Errorf("%s: %s is described but isn't a field", name, d)
			}
		}
		if name == run.ConfigFile || name == check.ResultFile { // those without deep objects of other documents
			missing := slices.DeleteFunc(jsonFields(reflect.TypeOf(document), true), func(f string) bool {
				return slices.Contains(codeSpans(section), f) || slices.Contains(documentedOptions(), f)
			})
			if len(missing) > 0 {
				t.Errorf("%s: fields of objects aren't described: %v", name, missing)
			}
		}
	}
}

// documentedOptions are the fields of config.json's head, which docs/options.md describes.
func documentedOptions() []string { return jsonFields(reflect.TypeOf(head.Config{}), false) }

// TestExitStatusesAreDocumented compares the table of docs/schemas.md with that of the manual.
func TestExitStatusesAreDocumented(t *testing.T) {
	page, err := os.ReadFile("../../docs/schemas.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range exitStatuses {
		if !strings.Contains(string(page), fmt.Sprintf("\n| %d | ", s.status)) {
			t.Errorf("docs/schemas.md says nothing of exit status %d: %s", s.status, s.meaning)
		}
	}
}
