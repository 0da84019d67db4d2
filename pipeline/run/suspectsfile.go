package run

import (
	"context"
	"encoding/csv"
	"fmt"
	"strconv"

	"finetune/label"
	"finetune/pipeline/artifact"
	"finetune/pipeline/crossval"
	"finetune/pipeline/metrics"
)

// A SuspectLabel is a label that may be wrong: heads that were trained on other images say something else of the picture. It is a row of
// SuspectsFile.
type SuspectLabel struct {
	Path       string  `json:"path"`
	Label      string  `json:"label"`
	Suggested  string  `json:"suggested"`
	PLabel     float32 `json:"p_label"`     // probability of Label
	PSuggested float32 `json:"p_suggested"` // probability of Suggested
	Distance   int     `json:"distance"`    // between the two, in classes
	Score      float64 `json:"score"`       // by how many classes what is predicted lies nearer to Suggested; see metrics.Suspect
}

// suspectLabels describes what metrics found among predictions, in its order.
func DescribeSuspects(space label.Space, p *crossval.Predictions, found []metrics.Suspect) []SuspectLabel {
	list := make([]SuspectLabel, len(found))
	for i, s := range found {
		item, row := p.Items[s.Item], p.Row(s.Item)
		list[i] = SuspectLabel{
			Path: item.Path, Label: space.Class(item.Label), Suggested: space.Class(s.Class),
			PLabel: row[item.Label], PSuggested: row[s.Class],
			Distance: max(s.Class-item.Label, item.Label-s.Class), Score: s.Score(),
		}
	}
	return list
}

var suspectColumns = []string{"path", "label", "suggested", "p_label", "p_suggested", "distance", "score"}

// ReadSuspects reads what WriteSuspects wrote. What can't be read is an *invalid.Error.
func ReadSuspects(ctx context.Context, path string, space label.Space, safe bool) ([]SuspectLabel, error) {
	var list []SuspectLabel
	err := readTable(ctx, path, suspectColumns, safe, func(cell []string) error {
		s := SuspectLabel{Path: cell[0], Label: cell[1], Suggested: cell[2]}
		for _, class := range cell[1:3] {
			if _, ok := space.Index(class); !ok {
				return fmt.Errorf("the class %q", class)
			}
		}
		numbers, err := parseNumbers(cell[3:])
		if err != nil {
			return err
		}
		if _, err := parseProbabilities(cell[3:5]); err != nil {
			return err
		}
		if d := numbers[2]; d < 0 || d >= float64(space.Len()) {
			return fmt.Errorf("the distance %v of classes", d)
		}
		s.PLabel, s.PSuggested, s.Distance, s.Score = float32(numbers[0]), float32(numbers[1]), int(numbers[2]), numbers[3]
		list = append(list, s)
		return nil
	})
	return list, err
}

// WriteSuspects writes SuspectsFile, for a spreadsheet with safe; see artifact.Cell. Where there are none the header stands alone.
func WriteSuspects(path string, list []SuspectLabel, safe bool) error {
	return artifact.WriteCSV(path, func(w *csv.Writer) error {
		if err := w.Write(suspectColumns); err != nil {
			return err
		}
		cell := artifact.Cell(safe)
		for _, s := range list {
			row := probabilityFields([]string{cell(s.Path), cell(s.Label), cell(s.Suggested)}, []float32{s.PLabel, s.PSuggested})
			if err := w.Write(append(row, strconv.Itoa(s.Distance), artifact.FormatFloat(s.Score))); err != nil {
				return err
			}
		}
		return nil
	})
}
