package main

import (
	"slices"
	"testing"

	"github.com/spf13/pflag"

	"finetune/pipeline/serve"
)

// Items of a list in a flags file reach the flag whole, whatever signs they have.
func TestConfigLists(t *testing.T) {
	for _, items := range [][]string{{"a"}, {"a", "b"}, {"low, or none", "high"}, {`say "x"`, "y,z"}, {"(0, 2)", "[8,12)"}, {"a=b,c"}} {
		list := make([]any, len(items))
		for i, item := range items {
			list[i] = item
		}
		flags := pflag.NewFlagSet("", pflag.ContinueOnError)
		var order, columns, images []string
		var models []serve.Model
		flags.Var(&orderFlag{&order}, "order", "")
		flags.StringSliceVar(&columns, "columns", nil, "")
		flags.StringArrayVar(&images, "image", nil, "")
		flags.Var(&modelsFlag{&models}, "model", "")
		flags.VisitAll(func(f *pflag.Flag) {
			texts, err := configTexts(f, list)
			if err != nil {
				t.Fatal(err)
			}
			for _, text := range texts {
				if err := f.Value.Set(text); err != nil {
					t.Errorf("%s: %q: %v", f.Name, text, err)
				}
			}
		})
		for name, got := range map[string][]string{"order": order, "columns": columns, "image": images} {
			if !slices.Equal(got, items) {
				t.Errorf("--%s is %q, want %q", name, got, items)
			}
		}
		if len(models) != len(items) {
			t.Errorf("--model is %+v, want one for each of %q", models, items)
		}
	}
}

// The folders of features that are given several times are recorded as one text that gives them again.
func TestGivenPartsAreRecorded(t *testing.T) {
	flags := pflag.NewFlagSet("", pflag.ContinueOnError)
	path := ""
	flags.Var(&partsFlag{&path}, "features", "")
	a := &app{given: map[string]string{}}
	for _, text := range []string{"one", "two"} {
		if err := flags.Set("features", text); err != nil {
			t.Fatal(err)
		}
		a.giveAgain(flags.Lookup("features"), text)
	}
	if a.given["features"] != path {
		t.Errorf("recorded %q, want %q", a.given["features"], path)
	}
}
