package head

import (
	"encoding/json"
	"fmt"
	"strconv"
)

// metadata returns the description as text, for the weight file.
func (h *Head) metadata() (map[string]string, error) {
	d := h.about
	meta := map[string]string{
		keyFormat: fileFormat, keyVersion: fileVersion, keyOrder: orderAscending,
		keyDecision: string(d.Decision), keyTemperature: strconv.FormatFloat(d.Temperature, 'g', -1, 64),
		keyOutputs: strconv.Itoa(h.Outputs()), keyProbability: d.Loss.Rule(),
		keyBackbone: d.Origin.Backbone, keyTap: d.Origin.Tap, keyPreprocessing: d.Origin.Preprocessing,
	}
	if d.Sets != (Sets{}) {
		meta[keyCoverage] = strconv.FormatFloat(d.Sets.Coverage, 'g', -1, 64)
		meta[keyThreshold] = strconv.FormatFloat(d.Sets.Threshold, 'g', -1, 64)
		meta[keyUnits] = strconv.Itoa(d.Sets.Units)
	}
	if d.Origin.Views != "" {
		meta[keyViews] = d.Origin.Views
	}
	if h.network.Hidden() > 0 {
		meta[keyActivation] = activationReLU
	}
	for key, value := range map[string]any{
		keyClasses: d.Space.Classes(), keyPositions: d.Space.Values(), keyEdges: d.Space.Edges(), keyLoss: d.Loss,
	} {
		text, err := json.Marshal(value)
		if err != nil {
			return nil, err
		}
		if string(text) != "null" {
			meta[key] = string(text)
		}
	}
	return meta, nil
}

// readDescription reads the metadata of a weight file. Unknown keys are ignored.
func readDescription(meta map[string]string) (Description, error) {
	var d Description
	if meta[keyFormat] != fileFormat {
		return d, fmt.Errorf("metadata: %s is %q; expected %s", keyFormat, meta[keyFormat], fileFormat)
	}
	if meta[keyVersion] != fileVersion {
		return d, fmt.Errorf("metadata: %s is %q; this version reads %s", keyVersion, meta[keyVersion], fileVersion)
	}
	if meta[keyOrder] != orderAscending {
		return d, fmt.Errorf("metadata: %s is %q; expected %s", keyOrder, meta[keyOrder], orderAscending)
	}
	// UnmarshalJSON checks the label space.
	space := map[string]json.RawMessage{}
	for key, field := range map[string]string{keyClasses: "classes", keyPositions: "values", keyEdges: "edges"} {
		if text, ok := meta[key]; ok {
			space[field] = json.RawMessage(text)
		}
	}
	text, err := json.Marshal(space)
	if err == nil {
		err = json.Unmarshal(text, &d.Space)
	}
	if err != nil {
		return d, fmt.Errorf("metadata: %s: %w", keyClasses, err)
	}
	if err := json.Unmarshal([]byte(meta[keyLoss]), &d.Loss); err != nil {
		return d, fmt.Errorf("metadata: %s: %w", keyLoss, err)
	}
	if rule, ok := meta[keyProbability]; ok && rule != d.Loss.Rule() {
		return d, fmt.Errorf("metadata: %s is %q; the loss %s has %s", keyProbability, rule, d.Loss.Name, d.Loss.Rule())
	}
	if d.Decision, err = ParseDecision(meta[keyDecision]); err != nil {
		return d, err
	}
	if d.Temperature, err = strconv.ParseFloat(meta[keyTemperature], 64); err != nil || d.Temperature == 0 {
		return d, fmt.Errorf("metadata: %s is %q; expected a number above 0", keyTemperature, meta[keyTemperature])
	}
	if d.Sets, err = readSets(meta); err != nil {
		return d, err
	}
	d.Origin = Origin{Backbone: meta[keyBackbone], Tap: meta[keyTap], Preprocessing: meta[keyPreprocessing],
		Views: meta[keyViews]}
	return d, nil
}

// readSets reads the calibration of prediction sets, which is complete or absent.
func readSets(meta map[string]string) (s Sets, err error) {
	if _, ok := meta[keyCoverage]; !ok {
		return s, nil
	}
	for key, field := range map[string]*float64{keyCoverage: &s.Coverage, keyThreshold: &s.Threshold} {
		if *field, err = strconv.ParseFloat(meta[key], 64); err != nil {
			return s, fmt.Errorf("metadata: %s is %q; expected a number", key, meta[key])
		}
	}
	if s.Units, err = strconv.Atoi(meta[keyUnits]); err != nil || s == (Sets{}) {
		return s, fmt.Errorf("metadata: %s is %q with %s %q; expected numbers above 0", keyUnits, meta[keyUnits],
			keyCoverage, meta[keyCoverage])
	}
	return s, nil
}
