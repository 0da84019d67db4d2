package serve

import (
	"cmp"
	"fmt"
	"log/slog"
	"math"
	"strings"
	"time"

	"finetune/internal/cores"
	"finetune/invalid"
	"finetune/pipeline/features"
	"finetune/pipeline/run"
)

// A Model is a run to serve.
type Model struct {
	Name string // in requests; "" is DefaultName
	Path string // the run folder, or its head.safetensors
}

// DefaultName is the name of a Model that has none.
const DefaultName = "default"

// Options say what a Server serves and within which limits.
type Options struct {
	Models    []Model // the first answers requests that name none
	Predictor run.PredictorOptions
	Limits    Limits
	NoExplain bool         // don't answer /v1/explain, which takes far longer than a prediction where maps come from occlusion
	Token     string       // that requests must bear, as in "Authorization: Bearer TOKEN"; "": none
	Log       *slog.Logger // nil: nothing is logged

	// BatchSize is the largest number of images that go through the network at once; 0 is 8. BatchWait is how long the
	// first of them may wait for others. 0, which is best on a CPU, takes those that wait already.
	BatchSize int
	BatchWait time.Duration
}

// Limits bound what requests may take. A zero field stands for its default.
type Limits struct {
	Bytes    int64         // of a request; 16 MiB
	Pixels   int64         // of an image, width × height; 50 million
	Images   int           // of a request; 64
	Time     time.Duration // from a request's headers to its answer; 10 s
	Drain    time.Duration // that clients which reuse connections are given to learn that the server ends; 2 s
	Requests int           // that are read or answered at the same time; 2 × Waiting, at least 64
	Waiting  int           // images in the queue of a run, beyond which requests are refused; 16 for each worker
}

// Numbers declares the numbers of Limits and Options.
var Numbers = struct{ Bytes, Pixels, Images, Time, Drain, Requests, Waiting, BatchSize, BatchWait invalid.Number }{
	Bytes:     limit("Limits.Bytes", 1<<40, "16777216"),
	Pixels:    limit("Limits.Pixels", 1<<40, "50000000"),
	Images:    limit("Limits.Images", 1<<20, "64"),
	Requests:  limit("Limits.Requests", 1<<20, "twice the images that may wait, at least 64"),
	Waiting:   limit("Limits.Waiting", 1<<20, "16 for each core"),
	Time:      invalid.Number{Field: "Limits.Time", Range: invalid.Range{High: math.MaxInt64, LowOpen: true}, AutoIs: "10 s"},
	Drain:     invalid.Number{Field: "Limits.Drain", Range: invalid.Range{High: float64(24 * time.Hour), LowOpen: true}, AutoIs: "2 s"},
	BatchSize: limit("BatchSize", features.Numbers.Batch.High, "8"),
	BatchWait: invalid.Number{Field: "BatchWait", Range: invalid.Range{High: math.MaxInt64}},
}

func limit(field string, most float64, auto string) invalid.Number {
	return invalid.Number{Field: field, Range: invalid.Range{Low: 1, High: most}, Whole: true, AutoIs: auto}
}

func (l Limits) orDefault(workers int) Limits {
	l.Bytes = cmp.Or(l.Bytes, 16<<20)
	l.Pixels = cmp.Or(l.Pixels, 50_000_000)
	l.Images = cmp.Or(l.Images, 64)
	l.Time = cmp.Or(l.Time, 10*time.Second)
	l.Drain = cmp.Or(l.Drain, 2*time.Second)
	l.Waiting = cmp.Or(l.Waiting, 16*workers)
	l.Requests = cmp.Or(l.Requests, max(64, 2*l.Waiting))
	return l
}

// check completes the options. What the caller can correct is an *invalid.Error.
func (o *Options) check() error {
	if len(o.Models) == 0 {
		return &invalid.Error{Field: "Model", Found: "nothing", Want: "the folder of a training run"}
	}
	seen := map[string]bool{}
	o.Models = append([]Model(nil), o.Models...)
	for i := range o.Models {
		m := &o.Models[i]
		m.Name = cmp.Or(m.Name, DefaultName)
		if seen[m.Name] {
			return &invalid.Error{Field: "Model", Found: fmt.Sprintf("the name %q twice", m.Name), Want: "a name for each run"}
		}
		seen[m.Name] = true
	}
	n, l := Numbers, o.Limits
	if err := cmp.Or(n.Bytes.Check(float64(l.Bytes)), n.Pixels.Check(float64(l.Pixels)), n.Images.Check(float64(l.Images)),
		n.Time.Check(float64(l.Time)), n.Drain.Check(float64(l.Drain)), n.Requests.Check(float64(l.Requests)), n.Waiting.Check(float64(l.Waiting)),
		n.BatchSize.Check(float64(o.BatchSize)), n.BatchWait.Check(float64(o.BatchWait))); err != nil {
		return err
	}
	if strings.ContainsAny(o.Token, " \t\r\n") {
		return &invalid.Error{Field: "Token", Found: "a token with space in it", Want: "letters, digits and signs"}
	}
	if err := cores.Check(o.Predictor.Workers); err != nil {
		return err
	}
	o.Predictor.Workers = cores.Of(o.Predictor.Workers)
	o.BatchSize = cmp.Or(o.BatchSize, 8)
	o.Predictor.Images.Batch = o.BatchSize
	o.Limits = o.Limits.orDefault(o.Predictor.Workers)
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return nil
}
