package serve

import (
	"bytes"
	"context"
	"errors"
	"image/jpeg"
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/danielgtaylor/huma/v2"

	"finetune/internal/image/decode"
	"finetune/invalid"
	"finetune/pipeline/explain"
	"finetune/pipeline/run"
)

// An Explanation is the answer to a request to explain an image.
type Explanation struct {
	Model     string `json:"model" doc:"the name of the run"`
	Predicted string `json:"predicted" doc:"the class, by the image alone, without other views"`
	Method    string `json:"method" enum:"cam,occlusion" doc:"class activation maps, or hiding places one after the other"`
	Reference string `json:"compared" doc:"the input that the maps compare the image with"`
	Maps      []Map  `json:"maps" nullable:"false" doc:"of the predicted class, of the class that was asked for, and of the order"`
}

// A Map shows what places of an image bring to one target.
type Map struct {
	Target  string   `json:"target" enum:"class,order" doc:"the score of a class next to the others, or the expected class"`
	Class   string   `json:"class,omitempty" doc:"of target class"`
	Exact   bool     `json:"exact" doc:"whether sum is the difference of the target from that of the reference"`
	Sum     *float64 `json:"sum,omitempty" doc:"of all places; absent with occlusion, whose places overlap"`
	For     Place    `json:"for" doc:"the strongest evidence for the class, or for higher classes"`
	Against Place    `json:"against" doc:"the strongest evidence against the class, or for lower classes"`
	Picture []byte   `json:"picture" doc:"a JPEG file: the image in grey under orange for, and blue against"`
}

// A Place is a point of an image.
type Place struct {
	Across float64 `json:"across" doc:"from the left, as a share of the width"`
	Down   float64 `json:"down" doc:"from the top, as a share of the height"`
}

type explanationOutput struct{ Body Explanation }

// registerExplain describes and binds explanations.
func (s *Server) registerExplain(api huma.API) {
	huma.Register(api, huma.Operation{OperationID: "explain", Method: http.MethodPost, Path: "/v1/explain",
		Summary: "Show which places of an image a prediction is based on",
		Description: "Takes one image in the forms of /v1/predict. Images are explained one at a time for each run. With " +
			"occlusion the network sees the image some 200 times.",
		Errors: []int{400, 401, 404, 413, 422, 503}}, s.explain)
	api.OpenAPI().Paths["/v1/explain"].Post.RequestBody = requestBody(api)
}

// An explainer explains images with a run, one at a time. The network is started by the first request, since it takes as
// much memory as that for predictions.
type explainer struct {
	run     *run.Run
	options explain.ExplainerOptions
	most    int64 // requests that may wait
	waiting atomic.Int64

	mu     sync.Mutex
	engine *explain.Explainer
	turn   chan struct{} // holds one while an image is explained
}

func newExplainer(r *run.Run, o Options) *explainer {
	return &explainer{run: r, most: int64(o.Limits.Waiting), turn: make(chan struct{}, 1),
		options: explain.ExplainerOptions{Images: o.Predictor.Images, Threads: o.Predictor.Workers}}
}

// start returns what explains, and starts it where that wasn't done.
func (e *explainer) start() (_ *explain.Explainer, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.engine == nil {
		e.engine, err = explain.NewExplainer(e.run, e.options)
	}
	return e.engine, err
}

// explain explains an image. errFull says that nothing was done.
func (e *explainer) explain(ctx context.Context, file []byte, class string) (*Explanation, error) {
	defer e.waiting.Add(-1)
	if e.waiting.Add(1) > e.most {
		return nil, errFull
	}
	select {
	case e.turn <- struct{}{}:
		defer func() { <-e.turn }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	engine, err := e.start()
	if err != nil {
		return nil, err
	}
	explained, err := engine.Explain(ctx, file, class)
	if err != nil {
		return nil, err
	}
	out := &Explanation{Predicted: explained.Predicted, Method: engine.Method, Reference: engine.Reference}
	for i, m := range explained.Maps {
		var picture bytes.Buffer
		if err := jpeg.Encode(&picture, explained.Pictures[i], &jpeg.Options{Quality: 85}); err != nil {
			return nil, err
		}
		out.Maps = append(out.Maps, Map{Target: m.Target, Class: m.Class, Exact: m.Exact, Sum: m.Sum,
			For: Place(m.For), Against: Place(m.Against), Picture: picture.Bytes()})
	}
	return out, nil
}

// close frees the network. No request may be under way.
func (e *explainer) close() error {
	if e.engine == nil {
		return nil
	}
	return e.engine.Close()
}

// explain answers a request whose image was read.
func (s *Server) explain(ctx context.Context, in *explainInput) (*explanationOutput, error) {
	out := &explanationOutput{}
	err := s.models.use(in.Model, func(m *served) error {
		file := in.body.images[0].data
		if _, _, err := decode.Size(file, decode.Limits{MaxPixels: s.o.Limits.Pixels}); err != nil {
			return huma.Error422UnprocessableEntity(err.Error())
		}
		explained, err := m.explainer.explain(ctx, file, in.Class)
		var e *invalid.Error
		switch {
		case errors.Is(err, errFull):
			return s.full(m)
		case errors.As(err, &e) && e.Field == "Class":
			return huma.Error400BadRequest("class " + e.Found + ": expected " + e.Want)
		case errors.As(err, &e) && e.Path == "image":
			return huma.Error422UnprocessableEntity(reason(err))
		case err != nil:
			return err
		}
		s.metrics.images.WithLabelValues(m.about.Name, "explained").Inc()
		out.Body = *explained
		out.Body.Model = m.about.Name
		return nil
	})
	if err != nil {
		return nil, s.status(in.Model, err)
	}
	return out, nil
}
