package pipeline

import (
	"encoding/csv"
	"strconv"

	"finetune/label"
	"finetune/pipeline/metrics"
)

// writeSuspects lists the labels that may be wrong, the likeliest first. Where there are none the header stands alone.
func writeSuspects(path string, space label.Space, p *predictions, list []metrics.Suspect) error {
	return writeCSV(path, func(w *csv.Writer) error {
		if err := w.Write([]string{"path", "label", "suggested", "p_label", "p_suggested", "distance", "score"}); err != nil {
			return err
		}
		for _, s := range list {
			item, row := p.items[s.Item], p.row(s.Item)
			fields := []string{item.Path, space.Class(item.Label), space.Class(s.Class)}
			fields = probabilityFields(fields, []float32{row[item.Label], row[s.Class]})
			if err := w.Write(append(fields, strconv.Itoa(max(s.Class-item.Label, item.Label-s.Class)), shortest(s.Score()))); err != nil {
				return err
			}
		}
		return nil
	})
}
