package report

import (
	"bytes"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"sync"
)

//go:embed style.css
var style string

//go:embed templates
var templates embed.FS

// pageTemplates parses the embedded templates once.
var pageTemplates = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("page").Funcs(template.FuncMap{
		"style": func() template.CSS { return template.CSS(style) },
		"jpeg": func(data []byte) template.URL {
			return template.URL("data:image/jpeg;base64," + base64.StdEncoding.EncodeToString(data))
		},
	}).ParseFS(templates, "templates/*.tmpl"))
})

// Write writes the page of a training run. If the sizes of d's parts disagree, Write returns an error and writes
// nothing.
func Write(w io.Writer, d Data) error {
	if err := d.check(); err != nil {
		return err
	}
	return execute(w, "page.tmpl", newView(&d))
}

func execute(w io.Writer, name string, view any) error {
	if err := pageTemplates().ExecuteTemplate(w, name, view); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return nil
}

// GallerySize is the maximum number of images in each gallery of a page.
const GallerySize = 20

// IsPage reports whether a file begins like a page of this package.
func IsPage(begin []byte) bool {
	return bytes.HasPrefix(begin, []byte("<!DOCTYPE html>")) && bytes.Contains(begin, []byte(`<meta name="generator" content="finetune `))
}
