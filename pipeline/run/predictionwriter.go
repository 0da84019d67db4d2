package run

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"io"

	"finetune/head"
	"finetune/pipeline/calibration"
)

// A predictionWriter writes predictions one by one.
type predictionWriter interface {
	write(path string, class int, probs []float32) error
	flush() error
}

type newPredictionWriter func(w io.Writer, h *head.Head) predictionWriter

// rangeOf returns the ends of a head's prediction set of a distribution; ok is false where the head has none.
func rangeOf(d *head.Description, probs []float32, class int) (low, high string, ok bool) {
	if d.Sets.Coverage == 0 {
		return "", "", false
	}
	from, to := calibration.Interval(probs, class, d.Sets.Threshold)
	return d.Space.Class(from), d.Space.Class(to), true
}

// csvPredictions writes path,predicted,p_<class>… and, where the head has prediction sets, low,high with a header, which stands also
// where no image follows.
type csvPredictions struct {
	w     *csv.Writer
	about head.Description
	row   []string
	err   error
}

func newCSVPredictions(w io.Writer, h *head.Head) predictionWriter {
	c := &csvPredictions{w: csv.NewWriter(w), about: h.Description()}
	header := ProbabilityNames([]string{"path", "predicted"}, h.Space())
	if c.about.Sets.Coverage > 0 {
		header = append(header, rangeNames...)
	}
	c.err = c.w.Write(header)
	return c
}

func (c *csvPredictions) write(path string, class int, probs []float32) error {
	if c.err != nil {
		return c.err
	}
	c.row = probabilityFields(append(c.row[:0], path, c.about.Space.Class(class)), probs)
	if low, high, ok := rangeOf(&c.about, probs, class); ok {
		c.row = append(c.row, low, high)
	}
	return c.w.Write(c.row)
}

func (c *csvPredictions) flush() error {
	if c.err != nil {
		return c.err
	}
	c.w.Flush()
	return c.w.Error()
}

// jsonlPredictions writes an object a line: path, predicted, low and high where the head has prediction sets, and probabilities by
// class in the order of the classes.
type jsonlPredictions struct {
	w     *bufio.Writer
	enc   *json.Encoder
	about head.Description
	names []string
}

func newJSONLPredictions(w io.Writer, h *head.Head) predictionWriter {
	buffered := bufio.NewWriter(w)
	j := &jsonlPredictions{w: buffered, enc: json.NewEncoder(buffered), about: h.Description(), names: h.Space().Classes()}
	j.enc.SetEscapeHTML(false)
	return j
}

func (j *jsonlPredictions) write(path string, class int, probs []float32) error {
	low, high, _ := rangeOf(&j.about, probs, class)
	return j.enc.Encode(struct {
		Path          string       `json:"path"`
		Predicted     string       `json:"predicted"`
		Low           string       `json:"low,omitempty"`
		High          string       `json:"high,omitempty"`
		Probabilities distribution `json:"probabilities"`
	}{path, j.names[class], low, high, distribution{j.names, probs}})
}

func (j *jsonlPredictions) flush() error { return j.w.Flush() }

// A distribution is written as an object that keeps the order of the classes.
type distribution struct {
	names []string
	probs []float32
}

// MarshalJSON writes {"class": probability, …}.
func (d distribution) MarshalJSON() ([]byte, error) {
	out := []byte{'{'}
	for i, name := range d.names {
		key, err := json.Marshal(name)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(d.probs[i])
		if err != nil {
			return nil, err
		}
		if i > 0 {
			out = append(out, ',')
		}
		out = append(append(append(out, key...), ':'), value...)
	}
	return append(out, '}'), nil
}
