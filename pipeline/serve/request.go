package serve

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"os"
	"reflect"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

var predictRequestType = reflect.TypeFor[PredictRequest]()

func newAPI(mux *http.ServeMux, config huma.Config) huma.API { return humago.New(mux, config) }

// predictInput is a request for predictions.
type predictInput struct {
	Model string `query:"model" doc:"the name of a run; without it the first answers"`

	body content
}

// Resolve reads the body.
func (in *predictInput) Resolve(ctx huma.Context) []error { return in.body.resolve(ctx) }

// explainInput is a request to explain an image.
type explainInput struct {
	Model string `query:"model" doc:"the name of a run; without it the first answers"`
	Class string `query:"class" doc:"one more class to explain"`

	body content
}

// Resolve reads the body and refuses all but one image.
func (in *explainInput) Resolve(ctx huma.Context) []error {
	if errs := in.body.resolve(ctx); errs != nil {
		return errs
	}
	if len(in.body.images) > 1 {
		return []error{tooMany(1)}
	}
	return nil
}

// A content is the images of a request's body.
type content struct {
	images []sent
	alone  bool // the body is an image
}

// A sent is an image of a request.
type sent struct {
	name string
	data []byte
}

// limitsKey is where the limits of a request stand in its context.
type limitsKey struct{}

// resolve reads the body. The size of the whole is limited by the reader.
func (c *content) resolve(ctx huma.Context) []error {
	limits, _ := ctx.Context().Value(limitsKey{}).(Limits)
	if err := c.read(ctx.Header("Content-Type"), ctx.BodyReader(), limits.Images); err != nil {
		// The server would read the rest of the body before it answers, and the rest may never come.
		ctx.SetHeader("Connection", "close")
		return []error{err}
	}
	return nil
}

func (c *content) read(contentType string, body io.Reader, most int) error {
	kind, params, err := mime.ParseMediaType(contentType)
	if err != nil && contentType != "" {
		return huma.Error400BadRequest("a Content-Type that can't be read")
	}
	switch kind {
	case "application/json":
		err = c.readJSON(body, most)
	case "multipart/form-data":
		err = c.readForm(multipart.NewReader(body, params["boundary"]), most)
	default: // some clients send no type or that of a form
		var data []byte
		data, err = io.ReadAll(body)
		c.images, c.alone = []sent{{data: data}}, true
	}
	var large *http.MaxBytesError
	var status huma.StatusError
	switch {
	case errors.As(err, &large):
		return huma.NewError(http.StatusRequestEntityTooLarge, fmt.Sprintf("a request of more than %d bytes", large.Limit))
	case errors.As(err, &status):
		return err
	case errors.Is(err, os.ErrDeadlineExceeded):
		return huma.NewError(http.StatusRequestTimeout, "the body came too slowly")
	case err != nil:
		return huma.Error400BadRequest("a body that can't be read: " + err.Error())
	case len(c.images) == 0 || c.alone && len(c.images[0].data) == 0:
		return huma.Error400BadRequest("no image")
	}
	return nil
}

func (c *content) readJSON(body io.Reader, most int) error {
	var list PredictRequest
	d := json.NewDecoder(body)
	if err := d.Decode(&list); err != nil {
		return err
	}
	if len(list.Images) > most {
		return tooMany(most)
	}
	for i, text := range list.Images {
		data, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return fmt.Errorf("image %d: %w", i, err)
		}
		c.images = append(c.images, sent{data: data})
	}
	return nil
}

func (c *content) readForm(form *multipart.Reader, most int) error {
	for {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if part.FileName() == "" {
			continue
		}
		if len(c.images) == most {
			return tooMany(most)
		}
		var data bytes.Buffer
		if _, err := data.ReadFrom(part); err != nil {
			return err
		}
		c.images = append(c.images, sent{part.FileName(), data.Bytes()})
	}
}

func tooMany(most int) error {
	return huma.NewError(http.StatusRequestEntityTooLarge, fmt.Sprintf("more than %d images", most))
}
