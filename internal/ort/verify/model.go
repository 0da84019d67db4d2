// Package verify runs exported models through ONNX Runtime, as a program that was handed the file would, and compares
// their answers with the pipeline's. It reads nothing from run folders.
package verify

import (
	"context"
	"fmt"
	"math"
	"slices"

	"finetune/internal/onnx/graph"
	"finetune/internal/ort/env"
	"finetune/internal/store/userfile"

	ort "github.com/yalue/onnxruntime_go"
)

// Options say how a model is run.
type Options struct {
	Library string // file of the native ONNX Runtime library; "": the one that is loaded already, or else searched for
	Threads int    // that share the work of a run; 0: one for each physical core
}

// A Model is an exported model that is ready to run. It is safe for use by several goroutines. Close frees it.
type Model struct {
	path    string
	input   graph.Value
	outputs []string
	session *ort.DynamicAdvancedSession
}

// Answers are what a model says of n inputs. Low and High are nil where the model has no prediction sets.
type Answers struct {
	Logits, Probabilities, Expected []float32 // n × outputs, n × classes, n
	Class, Low, High                []int64   // n each
}

// Open makes the model in a file ready to run, on the CPU. Weights in a second file are found beside it.
func Open(ctx context.Context, path string, o Options) (*Model, error) {
	if _, err := env.Open(o.Library, ""); err != nil {
		return nil, err
	}
	data, err := userfile.Read(ctx, path, math.MaxInt32)
	if err != nil {
		return nil, err
	}
	described, err := graph.Parse(path, data)
	if err != nil {
		return nil, err
	}
	if len(described.Inputs()) != 1 {
		return nil, fmt.Errorf("open %s: %d inputs, not one", path, len(described.Inputs()))
	}
	m := &Model{path: path, input: described.Inputs()[0]}
	for _, v := range described.Outputs() {
		m.outputs = append(m.outputs, v.Name)
	}
	options, err := ort.NewSessionOptions()
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	defer options.Destroy()
	err = options.SetIntraOpNumThreads(max(o.Threads, 0))
	if err == nil { // threads that wait in a busy loop take longer than the work: images come one by one, with the pipeline's between
		err = options.AddSessionConfigEntry("session.intra_op.allow_spinning", "0")
	}
	if err == nil {
		err = options.SetLogSeverityLevel(ort.LoggingLevelFatal) // what goes wrong comes back as an error
	}
	if err == nil {
		m.session, err = ort.NewDynamicAdvancedSession(path, []string{m.input.Name}, m.outputs, options)
	}
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	return m, nil
}

// Close frees the model.
func (m *Model) Close() error { return m.session.Destroy() }

// Images runs a model with the input "image" on n pictures of height × width RGB levels, one after the other.
func (m *Model) Images(ctx context.Context, levels []uint8, n, height, width int) (*Answers, error) {
	in, err := ort.NewTensor(ort.NewShape(int64(n), int64(height), int64(width), 3), levels)
	if err != nil {
		return nil, fmt.Errorf("run %s: %w", m.path, err)
	}
	defer in.Destroy()
	return m.run(ctx, in)
}

// Floats runs a model with the input "tensor" or "features" on values of that shape.
func (m *Model) Floats(ctx context.Context, values []float32, shape ...int64) (*Answers, error) {
	in, err := ort.NewTensor(ort.NewShape(shape...), values)
	if err != nil {
		return nil, fmt.Errorf("run %s: %w", m.path, err)
	}
	defer in.Destroy()
	return m.run(ctx, in)
}

func (m *Model) run(ctx context.Context, in ort.Value) (*Answers, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	options, err := ort.NewRunOptions()
	if err != nil {
		return nil, fmt.Errorf("run %s: %w", m.path, err)
	}
	defer options.Destroy()
	stopped := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(stopped)
		options.Terminate()
	})
	out := make([]ort.Value, len(m.outputs))
	err = m.session.RunWithOptions([]ort.Value{in}, out, options)
	defer func() {
		for _, v := range out {
			if v != nil {
				v.Destroy()
			}
		}
	}()
	if !stop() {
		<-stopped // Terminate must not meet destroyed options
		return nil, ctx.Err()
	}
	if err != nil {
		return nil, fmt.Errorf("run %s: %w", m.path, err)
	}
	return m.answers(out)
}

func (m *Model) answers(out []ort.Value) (*Answers, error) {
	a := &Answers{}
	floats := map[string]*[]float32{"logits": &a.Logits, "probabilities": &a.Probabilities, "expected": &a.Expected}
	ints := map[string]*[]int64{"class": &a.Class, "low": &a.Low, "high": &a.High}
	for i, name := range m.outputs {
		switch v := out[i].(type) {
		case *ort.Tensor[float32]:
			if to, ok := floats[name]; ok {
				*to = slices.Clone(v.GetData())
				continue
			}
		case *ort.Tensor[int64]:
			if to, ok := ints[name]; ok {
				*to = slices.Clone(v.GetData())
				continue
			}
		}
		return nil, fmt.Errorf("run %s: the output %q is a %T", m.path, name, out[i])
	}
	return a, nil
}
