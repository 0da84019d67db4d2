package train

import (
	"fmt"
	"io"
	"math"
	"time"

	"finetune/internal/store/atomicfile"
	"finetune/internal/store/tfevents"
	"finetune/pipeline/metrics"
)

// writeTensorBoard writes the history of each fit, and the run's figures at its last step, as an event file. The
// scalars of folds have the fold's name before their own.
func (r *session) writeTensorBoard(path string, ended time.Time) error {
	return atomicfile.Write(path, func(w io.Writer) error {
		events, err := tfevents.NewWriter(w, ended)
		if err != nil {
			return err
		}
		traces := r.traces()
		for _, fit := range traces {
			if len(fit.epochs) == 0 {
				continue
			}
			prefix := ""
			if fit.fold > 0 {
				prefix = r.nameFold(fitPlace{repeat: fit.repeat - 1, fold: fit.fold - 1}) + " "
			}
			total := fit.epochs[len(fit.epochs)-1].Seconds
			for _, e := range fit.epochs {
				at := ended.Add(time.Duration((e.Seconds - total) * float64(time.Second)))
				for _, column := range historyColumns {
					if value := column.value(e); column.of(fit.config) && !math.IsNaN(value) {
						if err := events.Scalar(at, e.Epoch, prefix+column.tag, value); err != nil {
							return err
						}
					}
				}
			}
		}
		if r.result.Metrics.N == 0 {
			return nil
		}
		f, last := r.result.Metrics.Figures, len(r.result.History)
		for _, figure := range []struct {
			name  string
			value metrics.Number
		}{{"qwk", f.QWK}, {"mae", f.MAE}, {"accuracy", f.Accuracy}, {"one_off_accuracy", f.OneOffAccuracy}, {"rps", f.RPS}, {"nll", f.NLL}} {
			if !figure.value.Defined() {
				continue
			}
			if err := events.Scalar(ended, last, fmt.Sprintf("figures_%s/%s", r.plan.heldOut, figure.name), float64(figure.value)); err != nil {
				return err
			}
		}
		return nil
	})
}
