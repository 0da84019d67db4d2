package artifact

import (
	"errors"
	"finetune/invalid"
	"fmt"
	"io/fs"
	"os"
	"slices"
)

// claimFolder does so for the folder of any job. What the job leaves is known by the files of those names.
func Claim(dir string, replace bool, what string, marks ...string) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return &invalid.Error{Field: "Out", Path: dir, Found: "a folder that can't be made", Err: err, Hint: "give another {Out}"}
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return &invalid.Error{Field: "Out", Path: dir, Found: "a folder that can't be read", Err: err, Hint: "give another {Out}"}
	}
	marked := slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return slices.Contains(marks, e.Name()) })
	switch {
	case len(entries) == 0 || replace && marked:
		return nil
	case marked:
		return &invalid.Error{Field: "Out", Path: dir, Found: "an earlier " + what, Want: "a new or empty folder", Hint: "give another {Out}, or {Overwrite} to replace the " + what}
	}
	return &invalid.Error{Field: "Out", Path: dir, Found: "a folder with other files in it", Want: "a new or empty folder", Hint: "give another {Out}"}
}

// freeFolder returns the first of base-1, base-2 … that isn't there or is empty.
func FreeFolder(base string) string {
	for n := 1; ; n++ {
		name := fmt.Sprintf("%s-%d", base, n)
		entries, err := os.ReadDir(name)
		if errors.Is(err, fs.ErrNotExist) || err == nil && len(entries) == 0 {
			return name
		}
	}
}
