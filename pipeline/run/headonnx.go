package run

import (
	"encoding/json"
	"io"

	"finetune/backbone"
	"finetune/head"
	"finetune/internal/onnx/graph"
	"finetune/internal/store/atomicfile"
	"finetune/pipeline/artifact"
)

// writeHeadONNX writes the head as a network of its own, for programs that have features: logits, and the probabilities
// that head.Head gives.
func WriteHeadONNX(path string, h *head.Head) error {
	d := h.Description()
	classes, err := json.Marshal(d.Space.Classes())
	if err != nil {
		return err
	}
	model := graph.Head{
		Probability: graph.Probability(d.Loss.Rule()), Positions: classPositions(d), Temperature: float32(d.Temperature),
		Metadata: map[string]string{
			"finetune.backbone": d.Origin.Backbone, "finetune.tap": d.Origin.Tap, backbone.PreprocessingKey: d.Origin.Preprocessing,
			"finetune.decision": string(d.Decision), "finetune.classes": string(classes),
		},
	}
	if s := d.Sets; s.Coverage > 0 {
		model.Metadata["finetune.coverage"], model.Metadata["finetune.set_threshold"] = artifact.FormatFloat(s.Coverage), artifact.FormatFloat(s.Threshold)
	}
	for _, l := range h.Network().Layers {
		model.Layers = append(model.Layers, graph.Dense(l))
	}
	data, err := graph.HeadModel(model)
	if err != nil {
		return err
	}
	return atomicfile.Write(path, func(w io.Writer) error { _, err := w.Write(data); return err })
}

// classPositions are where the classes lie for the head's loss: 0, 1, … where it was told nothing else.
func classPositions(d head.Description) []float64 {
	if p := d.Loss.Ground.Positions; p != nil {
		return p
	}
	p := make([]float64, d.Space.Len())
	for k := range p {
		p[k] = float64(k)
	}
	return p
}
