package pipeline

import "finetune/pipeline/dataset"

// The parts that the figures of a run can be of.
const (
	heldOutTest = "test"
	heldOutVal  = "val" // where there is no test part
)

// A trainPlan says which images a run trains on, watches for early stopping and measures.
type trainPlan struct {
	parts   dataset.Partition
	heldOut string // the part that the figures are of
	notes   []string
}

// plan cuts the data.
func (t *Train) plan(set *dataset.Set) (*trainPlan, error) {
	parts, err := dataset.Split(set, t.Split)
	if err != nil {
		return nil, err
	}
	p := &trainPlan{parts: parts, heldOut: heldOutTest, notes: parts.Notes}
	if len(parts.Test) == 0 {
		p.heldOut = heldOutVal
		if len(parts.Val) > 0 {
			p.notes = append(p.notes, "no test part: the figures are of the images that early stopping used too, so they flatter the head a little")
		}
	}
	return p, nil
}

// measured are the rows that the figures are of.
func (p *trainPlan) measured() []int {
	if p.heldOut == heldOutVal {
		return p.parts.Val
	}
	return p.parts.Test
}
