package pipeline

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"io"

	"finetune/label"
)

// A predictionWriter writes predictions one by one.
type predictionWriter interface {
	write(path, class string, probs []float32) error
	flush() error
}

type newPredictionWriter func(w io.Writer, space label.Space) predictionWriter

// csvPredictions writes path,predicted,p_<class>… with a header, which stands also where no image follows.
type csvPredictions struct {
	w   *csv.Writer
	row []string
	err error
}

func newCSVPredictions(w io.Writer, space label.Space) predictionWriter {
	c := &csvPredictions{w: csv.NewWriter(w)}
	c.err = c.w.Write(predictionHeader(space, false))
	return c
}

func (c *csvPredictions) write(path, class string, probs []float32) error {
	if c.err != nil {
		return c.err
	}
	c.row = probabilityFields(append(c.row[:0], path, class), probs)
	return c.w.Write(c.row)
}

func (c *csvPredictions) flush() error {
	if c.err != nil {
		return c.err
	}
	c.w.Flush()
	return c.w.Error()
}

// jsonlPredictions writes an object a line: path, predicted, and probabilities by class in the order of the classes.
type jsonlPredictions struct {
	w     *bufio.Writer
	enc   *json.Encoder
	names []string
}

func newJSONLPredictions(w io.Writer, space label.Space) predictionWriter {
	buffered := bufio.NewWriter(w)
	j := &jsonlPredictions{w: buffered, enc: json.NewEncoder(buffered), names: space.Classes()}
	j.enc.SetEscapeHTML(false)
	return j
}

func (j *jsonlPredictions) write(path, class string, probs []float32) error {
	return j.enc.Encode(struct {
		Path          string       `json:"path"`
		Predicted     string       `json:"predicted"`
		Probabilities distribution `json:"probabilities"`
	}{path, class, distribution{j.names, probs}})
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
