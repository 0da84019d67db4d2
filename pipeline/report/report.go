package report

import (
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

// page parses the templates once. They are part of the program, so they parse.
var page = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("page").Funcs(template.FuncMap{
		"style": func() template.CSS { return template.CSS(style) },
		"jpeg": func(data []byte) template.URL {
			return template.URL("data:image/jpeg;base64," + base64.StdEncoding.EncodeToString(data))
		},
	}).ParseFS(templates, "templates/*.tmpl"))
})

// Write writes the page. Data whose parts don't fit each other are an error, and nothing is written then.
func Write(w io.Writer, d Data) error {
	if err := d.check(); err != nil {
		return err
	}
	return put(w, "page.tmpl", newView(&d))
}

func put(w io.Writer, name string, view any) error {
	if err := page().ExecuteTemplate(w, name, view); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return nil
}

// GallerySize is the number of images in each list of a page.
const GallerySize = 20
