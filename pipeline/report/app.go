package report

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"html/template"
)

// An App is a page with a script, for a server: the frame and the style of all pages with a body of its own. Body,
// Style and Script are code of this program; names and numbers of a user come in through the script.
type App struct {
	Finetune, Kind, Source string
	About                  string // a sentence below the heading
	Body                   template.HTML
	Style                  template.CSS // rules beyond those of all pages
	Script                 template.JS
}

// Page returns the page and its Content-Security-Policy, under which no other script or style runs and nothing is
// loaded from anywhere but the page's own server.
func (a App) Page() (page []byte, policy string, err error) {
	var b bytes.Buffer
	if err := execute(&b, "app.tmpl", struct {
		sheet
		Finetune, Source, About string
		Body                    template.HTML
		Script                  template.JS
	}{sheet{Kind: a.Kind, Skip: "main", Own: a.Style}, a.Finetune, a.Source, a.About, a.Body, a.Script}); err != nil {
		return nil, "", err
	}
	page = b.Bytes()
	return page, "default-src 'none'; script-src " + digest(page, "script") + "; style-src " + digest(page, "style") +
		"; img-src 'self' blob: data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'", nil
}

// digest returns the source expression of a policy for the content of the page's one element of that name.
func digest(page []byte, element string) string {
	_, rest, _ := bytes.Cut(page, []byte("<"+element+">"))
	content, _, _ := bytes.Cut(rest, []byte("</"+element+">"))
	sum := sha256.Sum256(content)
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}
