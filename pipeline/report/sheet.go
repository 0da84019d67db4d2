package report

import "html/template"

// A sheet is what the frame of every page takes.
type sheet struct {
	Kind string       // of the page
	File bool         // the page is a file: it loads nothing and runs no script. Otherwise a server sends its policy
	Skip string       // the place that keyboards can skip to
	Own  template.CSS // rules beyond those of all pages
}

// fileSheet is the sheet of a page in a file.
func fileSheet(kind string) sheet { return sheet{Kind: kind, File: true, Skip: "summary"} }
