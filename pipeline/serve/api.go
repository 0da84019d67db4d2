package serve

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"finetune/internal/image/decode"
	"finetune/invalid"
	"finetune/pipeline/artifact"
	"finetune/pipeline/run"
)

// A Prediction is the answer for one image: a distribution over the classes, or why there is none.
type Prediction struct {
	ID            string       `json:"id,omitempty" doc:"the file name of a multipart form's image"`
	Predicted     string       `json:"predicted,omitempty" doc:"the class"`
	Low           string       `json:"low,omitempty" doc:"the lowest class of the range, where the run has ranges"`
	High          string       `json:"high,omitempty" doc:"the highest class of the range"`
	Expected      *float64     `json:"expected,omitempty" doc:"the mean of the classes' values"`
	Confidence    *float32     `json:"confidence,omitempty" doc:"the probability of the predicted class"`
	Probabilities Distribution `json:"probabilities,omitempty" doc:"the probability of each class"`
	Error         string       `json:"error,omitempty" doc:"why there is no prediction"`
}

// Predictions is the answer to a request: a prediction for each image, in the request's order.
type Predictions struct {
	Model       string       `json:"model" doc:"the name of the run"`
	Predictions []Prediction `json:"predictions" nullable:"false"`
}

// PredictRequest is the form of a request as JSON.
type PredictRequest struct {
	Images []string `json:"images" nullable:"false" doc:"image files in base64" contentEncoding:"base64"`
}

type predictionsOutput struct{ Body Predictions }

type modelsOutput struct {
	Body struct {
		Models []ModelInfo `json:"models" nullable:"false"`
	}
}

// register describes and binds the API.
func (s *Server) register(mux *http.ServeMux) huma.API {
	config := huma.DefaultConfig("finetune", artifact.Version())
	config.Info.Description = "Predictions of trained ordinal image classifiers."
	config.DocsPath, config.SchemasPath, config.CreateHooks = "", "", nil
	config.OpenAPIPath = "/openapi"
	if s.o.Token != "" {
		config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{"token": {Type: "http", Scheme: "bearer"}}
		config.Security = []map[string][]string{{"token": {}}}
	}
	api := newAPI(mux, config)
	predict := huma.Operation{OperationID: "predict", Method: http.MethodPost, Path: "/v1/predict",
		Summary: "Label images",
		Description: "Takes an image file as it is, a multipart form with image files, or JSON with images in base64. " +
			"An image that is sent alone and can't be read gives status 422; of several, each has its own error.",
		Errors: []int{400, 401, 404, 413, 422, 503}}
	huma.Register(api, predict, s.predict)
	api.OpenAPI().Paths["/v1/predict"].Post.RequestBody = requestBody(api)
	if !s.o.NoExplain {
		s.registerExplain(api)
	}
	huma.Register(api, huma.Operation{OperationID: "models", Method: http.MethodGet, Path: "/v1/models",
		Summary: "List the runs in service", Errors: []int{401}}, s.list)
	return api
}

// requestBody describes the forms of a request.
func requestBody(api huma.API) *huma.RequestBody {
	binary := &huma.Schema{Type: huma.TypeString, Format: "binary"}
	form := &huma.Schema{Type: huma.TypeObject, Properties: map[string]*huma.Schema{
		"image": {Type: huma.TypeArray, Items: binary}}}
	return &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
		"image/*":                  {Schema: binary},
		"application/octet-stream": {Schema: binary},
		"multipart/form-data":      {Schema: form},
		"application/json":         {Schema: huma.SchemaFromType(api.OpenAPI().Components.Schemas, predictRequestType)},
	}}
}

func (s *Server) list(context.Context, *struct{}) (*modelsOutput, error) {
	out := &modelsOutput{}
	out.Body.Models = s.models.list()
	return out, nil
}

// predict answers a request whose images were read.
func (s *Server) predict(ctx context.Context, in *predictInput) (*predictionsOutput, error) {
	out := &predictionsOutput{}
	err := s.models.use(in.Model, func(m *served) error {
		out.Body.Model = m.about.Name
		return s.answer(ctx, m, in, &out.Body)
	})
	if err != nil {
		return nil, s.status(in.Model, err)
	}
	if first := out.Body.Predictions[0]; in.body.alone && first.Error != "" {
		return nil, huma.Error422UnprocessableEntity(first.Error)
	}
	return out, nil
}

// answer predicts the images that can be read and aren't too large.
func (s *Server) answer(ctx context.Context, m *served, in *predictInput, out *Predictions) error {
	out.Predictions = make([]Prediction, len(in.body.images))
	var files [][]byte
	var places []int
	for i, image := range in.body.images {
		out.Predictions[i].ID = image.name
		if _, _, err := decode.Size(image.data, decode.Limits{MaxPixels: s.o.Limits.Pixels}); err != nil {
			out.Predictions[i].Error = err.Error()
			continue
		}
		files, places = append(files, image.data), append(places, i)
	}
	outcomes, err := m.queue.predict(ctx, files)
	if errors.Is(err, errFull) {
		return s.full(m)
	}
	if err != nil {
		return err
	}
	for i, outcome := range outcomes {
		out.Predictions[places[i]].set(outcome, m.about.Classes)
	}
	failed := 0
	for i := range out.Predictions {
		if out.Predictions[i].Error != "" {
			failed++
		}
	}
	s.metrics.images.WithLabelValues(m.about.Name, "predicted").Add(float64(len(in.body.images) - failed))
	s.metrics.images.WithLabelValues(m.about.Name, "unreadable").Add(float64(failed))
	return nil
}

func (p *Prediction) set(o run.Outcome, classes []string) {
	if o.Err != nil {
		p.Error = reason(o.Err)
		return
	}
	p.Predicted, p.Low, p.High = o.Prediction.Predicted, o.Prediction.Low, o.Prediction.High
	p.Expected, p.Confidence = &o.Prediction.Expected, &o.Prediction.Confidence
	p.Probabilities = make(Distribution, len(classes))
	for k, q := range o.Prediction.Probabilities {
		p.Probabilities[k] = ClassProbability{classes[k], q}
	}
}

// reason is the text of an image's error.
func reason(err error) string {
	var e *invalid.Error
	if errors.As(err, &e) && e.Err != nil {
		return e.Err.Error()
	}
	return err.Error()
}

// full is the answer to a request that the queue of a run has no room for.
func (s *Server) full(m *served) error {
	s.metrics.shed.WithLabelValues(m.about.Name).Inc()
	return unavailable(errFull.Error(), m.queue.delay())
}

func unavailable(detail string, after time.Duration) error {
	seconds := strconv.Itoa(max(1, int((after+time.Second-1)/time.Second)))
	return huma.ErrorWithHeaders(huma.Error503ServiceUnavailable(detail), http.Header{"Retry-After": {seconds}})
}

// status makes an error of a request one with a status. A failure of the machine is logged and not told.
func (s *Server) status(model string, err error) error {
	var status huma.StatusError
	switch {
	case errors.As(err, &status):
		return err
	case errors.Is(err, errNoModel):
		return huma.Error404NotFound("model " + strconv.Quote(model) + ": no run of this name; GET /v1/models lists them")
	case errors.Is(err, context.DeadlineExceeded):
		return unavailable("the time for a request is over", s.o.Limits.Time)
	case errors.Is(err, context.Canceled):
		return huma.NewError(statusClientClosed, "the client closed the connection")
	}
	s.o.Log.Error("prediction failed", "model", model, "error", err)
	return huma.Error500InternalServerError("the prediction failed")
}

// statusClientClosed is for the log: nobody reads the answer.
const statusClientClosed = 499
