package invalid_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"finetune/head"
	"finetune/invalid"
	"finetune/loss"
	"finetune/pipeline/dataset"
)

// A program finds the error with errors.As, whatever wraps it, and reports the option and the hint in its own words.
func Example() {
	cfg := head.Defaults(loss.Config{Name: loss.EMD2, Classes: 5}, 0)
	option, _ := head.OptionOf("dropout")
	err := fmt.Errorf("settings of experiment 7: %w", option.Set(&cfg, "1.5"))

	var wrong *invalid.Error
	if errors.As(err, &wrong) {
		fmt.Println("option:  ", wrong.Field)
		fmt.Println("found:   ", wrong.Found)
		fmt.Println("expected:", wrong.Want)
	}
	// Output:
	// option:   Head.Dropout
	// found:    "1.5"
	// expected: 0 or more and below 1, or auto
}

// The cause of an error stays in its chain, so errors.Is finds it.
func Example_cause() {
	_, err := dataset.Load(context.Background(), dataset.Options{Path: "no-such-folder"})
	fmt.Println(invalid.Is(err), errors.Is(err, fs.ErrNotExist))
	// Output: true true
}

// A program whose users know the options by other names prints the message with Text.
func ExampleError_Text() {
	_, err := dataset.Load(context.Background(), dataset.Options{Path: "faces", LabelRegex: "age_[0-9]+"})
	names := map[string]string{"Data.LabelRegex": `"label pattern" in settings.yaml`}

	var wrong *invalid.Error
	if errors.As(err, &wrong) {
		fmt.Println(wrong.Error())
		fmt.Println(wrong.Text(func(field string) string { return names[field] }))
	}
	// Output:
	// Data.LabelRegex: a pattern without a group, age_[0-9]+; expected parentheses around what is meant, as in '^(\d+)_'
	// "label pattern" in settings.yaml: a pattern without a group, age_[0-9]+; expected parentheses around what is meant, as in '^(\d+)_'
}

// Errors that aren't *invalid.Error are failures of the machine, such as a full disk. The command finetune ends with
// status 2 for the one kind and 1 for the other.
func ExampleIs() {
	status := func(err error) int {
		switch {
		case err == nil:
			return 0
		case invalid.Is(err):
			return 2
		}
		return 1
	}
	fmt.Println(status(nil), status(&invalid.Error{Field: "Out", Found: "an earlier run"}), status(fs.ErrPermission))
	// Output: 0 2 1
}
