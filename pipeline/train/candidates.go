package train

import (
	"cmp"
	"reflect"

	"finetune/head"
	"finetune/internal/cores"
	"finetune/internal/randstream"
	"finetune/internal/store/scratch"
	"finetune/invalid"
	"finetune/pipeline/crossval"
	"finetune/pipeline/features"
	"finetune/pipeline/run"
)

// A candidate is one way to make the head of a run.
type candidate struct {
	words string // what it takes of the features, "" where there is no choice
	table *features.Table
	open  head.Config // with what depends on the number of images left open
}

// completeSearch fills in what a zero stands for and checks the rest.
func completeSearch(s *run.Search) error {
	if err := cmp.Or(Numbers.Trials.Check(float64(s.Trials)), Numbers.Time.Check(float64(s.Time))); err != nil {
		return err
	}
	if s.Trials == 0 {
		return nil
	}
	if s.Over == nil {
		s.Over = SearchSettings()
	}
	return checkSearchSettings(s.Over)
}

// chooses reports whether there is something to choose.
func (t *Job) chooses() bool { return t.Quality == Best || t.Search.Trials > 1 || t.AutoViews }

// candidates are what the run chooses from, the given settings first: every kind of features with the given head, then what is drawn.
func (r *session) candidates() ([]candidate, error) {
	var list []candidate
	add := func(c candidate, cfg head.Config) error {
		var err error
		if c.open, err = r.openConfig(c.table, cfg); err != nil {
			return err
		}
		for _, before := range list {
			if before.table == c.table && reflect.DeepEqual(r.resolved(before), r.resolved(c)) {
				return nil
			}
		}
		list = append(list, c)
		return nil
	}
	kinds := r.kindsOfFeatures()
	for _, kind := range kinds {
		if err := add(kind, r.Head); err != nil {
			return nil, err
		}
	}
	draw := randstream.New(r.Split.Seed, "search")
	for range r.Search.Trials - 1 {
		kind := kinds[draw.IntN(len(kinds))]
		cfg := propose(r.Head, r.Search.Over, draw, kind.table.Features.Cols, len(r.plan.parts.Train))
		if err := add(kind, cfg); err != nil && !invalid.Is(err) {
			return nil, err
		}
	}
	if r.Search.Trials > 1 && len(list) == len(kinds) {
		r.note("search: nothing to vary, since the closed form settles its penalty itself and all else is given")
	}
	return list, nil
}

// resolved are the settings of a candidate for all images that are trained on.
func (r *session) resolved(c candidate) head.Config {
	return c.open.Resolved(c.table.Features.Cols, len(r.plan.parts.Train))
}

// kindsOfFeatures are the parts of the features that may be trained on, with one view of each image or two, the simplest first.
func (r *session) kindsOfFeatures() []candidate {
	kinds := []candidate{{table: r.table}}
	if part := r.meansAlone(); part != nil {
		kinds = []candidate{{words: "means", table: part}, {words: "means and covariances", table: r.table}}
	}
	if !r.AutoViews {
		return kinds
	}
	if r.table.Views.Train == 1 {
		r.note("the features are of one view of each image, so there are no views to choose from")
		return kinds
	}
	var viewed []candidate
	for _, k := range kinds {
		viewed = append(viewed, k.withViews(1, "the image alone"), k.withViews(r.table.Views.Train, "mirrored views"))
	}
	return viewed
}

func (c candidate) withViews(n int, words string) candidate {
	if c.words != "" {
		words = c.words + " of " + words
	}
	return candidate{words: words, table: c.table.WithViews(n)}
}

// meansAlone returns the features of Balanced as a part of those of Best; nil where these are the same or there is no room for them.
func (r *session) meansAlone() *features.Table {
	if r.Quality != Best {
		return nil
	}
	images := r.Images
	images.Tap, images.Pool, images.PoolStat = "", nil, nil
	about, err := features.Describe(&images, r.table.Features.Rows)
	if err != nil || about.Feature == nil {
		return nil
	}
	if room := scratch.Memory() / 4; room > 0 && 4*int64(about.Feature.Width)*int64(r.table.Features.Rows) > room {
		r.note("no memory for a part of the features beside them, so covariances were not compared with means alone")
		return nil
	}
	return r.table.Part(about.Feature)
}

// openConfig completes a configuration with what the run and the data say.
func (r *session) openConfig(t *features.Table, cfg head.Config) (head.Config, error) {
	cfg.Seed, cfg.Threads = r.Split.Seed, cores.Of(r.Threads)
	return crossval.HeadConfig(t, cfg)
}
