package review

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strconv"

	"finetune/invalid"
	"finetune/pipeline/artifact"
	"finetune/pipeline/dataset"
	"finetune/pipeline/run"
	"finetune/pipeline/suggest"
)

// A Kind is why an item is looked at.
type Kind string

// The kinds, in the order in which they come.
const (
	Doubtful   Kind = "doubtful label" // a label that predictions speak against
	CopiesKind Kind = "copies"         // images of one picture
	Unlabelled Kind = "no label"       // an image that suggest chose
)

// An item is what a person looks at and decides at once: an image, or copies of one.
type item struct {
	Kind     Kind      `json:"kind"`
	Why      string    `json:"why"`               // in a sentence or two
	Paths    []string  `json:"paths"`             // of the images
	Proposed int       `json:"proposed"`          // class, or -1
	Chances  []float64 `json:"chances,omitempty"` // probability of each class
	Drop     string    `json:"drop"`              // what leaving out means here
	Decided  string    `json:"decided,omitempty"` // the action, where there was one
}

// addDoubtful adds the run's suspects, the clearest first, and then those that the check alone has.
func (s *session) addDoubtful(ctx context.Context, r *run.Run, check *checked) error {
	path := filepath.Join(r.Folder, run.SuspectsFile)
	suspects, err := run.ReadSuspects(ctx, path, s.space, r.Config.SpreadsheetSafe)
	if err != nil {
		return err
	}
	chances, err := s.readChances(ctx, r, suspects)
	if err != nil {
		return err
	}
	if check != nil {
		for _, d := range check.Suspects {
			if _, twice := chances[d.Path]; !twice {
				suspects = append(suspects, d)
			}
		}
	}
	known := 0
	for _, d := range suspects {
		at, ok := s.at[d.Path]
		proposed, is := s.space.Index(d.Suggested)
		if !ok || !is {
			continue
		}
		known++
		if was, ok := s.space.Index(d.Label); !ok || s.set.Items[at].Label != was {
			continue // corrected since
		}
		s.queue = append(s.queue, item{Kind: Doubtful, Paths: []string{d.Path}, Proposed: proposed, Chances: chances[d.Path], Drop: "Leave this image out",
			Why: fmt.Sprintf("A model that wasn't trained on this image finds “%s” more likely (%s) than its label “%s” (%s). The model may be wrong.",
				d.Suggested, percent(float64(d.PSuggested)), d.Label, percent(float64(d.PLabel)))})
	}
	if len(suspects) > 0 && known == 0 {
		return &invalid.Error{Field: "Data.Path", Path: s.set.Source, Found: fmt.Sprintf("none of the %d images of %s, such as %s", len(suspects), path, suspects[0].Path),
			Want: "the data that the run was trained on"}
	}
	return nil
}

// readChances returns the distributions of the suspects, where the run kept them.
func (s *session) readChances(ctx context.Context, r *run.Run, suspects []run.SuspectLabel) (map[string][]float64, error) {
	chances := map[string][]float64{}
	for _, d := range suspects {
		chances[d.Path] = nil
	}
	err := run.ReadPredictions(ctx, filepath.Join(r.Folder, run.PredictionsFile), s.space, r.Config.SpreadsheetSafe, func(p run.PredictionRow) {
		if _, wanted := chances[p.Path]; wanted {
			chances[p.Path] = p.Probabilities
		}
	})
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return chances, err
}

// checked is the part of a check's result that is read here.
type checked struct {
	Copies []struct {
		SameBytes bool `json:"same_bytes"`
		Certain   bool `json:"sure"`
		Apart     int  `json:"labels_apart"`
		Groups    bool `json:"groups_apart"`
		Images    []struct {
			Path string `json:"path"`
		} `json:"images"`
	} `json:"copies"`
	Suspects []run.SuspectLabel `json:"suspects"`
}

// checkResult is the file of a check that has its copies.
const checkResult = "check.json"

// readCheck reads the result of a check; nil without one.
func readCheck(folder string) (*checked, error) {
	if folder == "" {
		return nil, nil
	}
	var c checked
	if err := artifact.ReadJSON(filepath.Join(folder, checkResult), &c); err != nil {
		return nil, &invalid.Error{Field: "Check", Path: folder, Found: "no result of a check", Err: err, Want: "the folder that finetune check wrote"}
	}
	return &c, nil
}

// addCopies adds the copies of a check: those with different labels first, then those that nothing keeps in one part.
func (s *session) addCopies(c *checked) {
	for _, differ := range []bool{true, false} {
		for _, group := range c.Copies {
			if group.Apart > 0 != differ || !differ && !group.Groups {
				continue
			}
			it := item{Kind: CopiesKind, Proposed: -1, Drop: "Leave out all but the first"}
			switch {
			case group.SameBytes:
				it.Why = "These files are equal"
			case group.Certain:
				it.Why = "These look like copies of one picture"
			default:
				it.Why = "These may be copies of one picture, or only look alike"
			}
			if differ {
				it.Why += ", and their labels differ. If they are copies, one label at least is wrong."
			} else {
				it.Why += ". A model that is trained on one and measured on another looks better than it is."
			}
			for _, image := range group.Images {
				if _, ok := s.at[image.Path]; ok {
					it.Paths = append(it.Paths, image.Path)
				}
			}
			if len(it.Paths) > 1 {
				s.queue = append(s.queue, it)
			}
		}
	}
}

// addSuggested adds images to label. They join the training part where the data has parts: chosen images aren't a fair
// sample to measure on.
func (s *session) addSuggested(chosen *suggest.Result) error {
	part := dataset.Unassigned
	files := map[string]bool{}
	for _, it := range s.set.Items {
		if it.Part != dataset.Unassigned {
			part = dataset.Train
		}
		if file, err := filepath.Abs(it.File); err == nil {
			files[file] = true
		}
	}
	for _, c := range chosen.Suggestions {
		file, err := filepath.Abs(c.File)
		if err != nil {
			return err
		}
		if c.File == "" || files[file] {
			continue // inside of an archive, or labelled already
		}
		path := filepath.ToSlash(file)
		s.at[path] = len(s.set.Items)
		s.set.Items = append(s.set.Items, dataset.Item{Path: path, File: file, Label: -1, Weight: 1, Part: part, Fold: -1})
		proposed, _ := s.space.Index(c.Predicted)
		it := item{Kind: Unlabelled, Paths: []string{path}, Proposed: proposed, Drop: "Don't use this image"}
		it.Why = "This image has no label, and the model isn't sure of it."
		for _, p := range c.Probabilities {
			it.Chances = append(it.Chances, float64(p))
		}
		if it.Chances != nil {
			it.Why = fmt.Sprintf("This image has no label, and the model isn't sure of it: “%s” has a probability of %s.", c.Predicted, percent(it.Chances[proposed]))
		}
		s.queue = append(s.queue, it)
	}
	return nil
}

// percent writes a share, in whole percents from 1 up.
func percent(p float64) string {
	digits := 0
	if p < 0.01 {
		digits = 1
	}
	return strconv.FormatFloat(100*p, 'f', digits, 64) + "\u00a0%"
}
