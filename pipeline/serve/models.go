package serve

import (
	"context"
	"errors"
	"sync"
	"time"

	"finetune/pipeline/run"
)

// A served is a run in service, with the requests that use it.
type served struct {
	about     ModelInfo
	queue     *queue
	explainer *explainer
	users     sync.WaitGroup
}

// ModelInfo describes a run that is served.
type ModelInfo struct {
	Name    string    `json:"name" doc:"for the parameter model of a prediction"`
	Default bool      `json:"default" doc:"whether it answers requests that name no model"`
	Classes []string  `json:"classes" nullable:"false" doc:"the classes, lowest first"`
	Values  []float64 `json:"values,omitempty" doc:"where the classes lie, in the units of expected"`
	// Coverage is that of the ranges from low to high; 0 where the run has none.
	Coverage float64 `json:"coverage,omitempty" doc:"the share of images whose range holds the true class"`
	Backbone string  `json:"backbone,omitempty" doc:"SHA-256 of the network"`
	Explains bool    `json:"explains" doc:"whether POST /v1/explain answers"`
}

// A set is all runs in service.
type set struct {
	mu     sync.RWMutex
	models map[string]*served
	order  []string
}

// open loads the runs of the options.
func open(o Options, watch func(name string) func(int, time.Duration)) (_ map[string]*served, err error) {
	models := map[string]*served{}
	defer func() {
		if err != nil {
			closeAll(models)
		}
	}()
	for i, m := range o.Models {
		r, err := run.Open(m.Path)
		if err != nil {
			return nil, err
		}
		p, err := r.Predictor(o.Predictor)
		if err != nil {
			return nil, err
		}
		d := r.Head.Description()
		models[m.Name] = &served{
			about: ModelInfo{Name: m.Name, Default: i == 0, Classes: d.Space.Classes(), Values: d.Space.Values(),
				Coverage: d.Sets.Coverage, Backbone: d.Origin.Backbone, Explains: !o.NoExplain},
			queue:     newQueue(p, o, watch(m.Name)),
			explainer: newExplainer(r, o),
		}
	}
	return models, nil
}

// closeAll waits for the requests of runs and frees them.
func closeAll(models map[string]*served) error {
	var errs []error
	for _, m := range models {
		m.users.Wait()
		errs = append(errs, m.queue.close(), m.explainer.close())
	}
	return errors.Join(errs...)
}

var errNoModel = errors.New("no run of this name")

// use calls do with the run of a name, "" being the first. The run isn't freed meanwhile.
func (s *set) use(name string, do func(*served) error) error {
	s.mu.RLock()
	if name == "" && len(s.order) > 0 {
		name = s.order[0]
	}
	m, ok := s.models[name]
	if ok {
		m.users.Add(1)
	}
	s.mu.RUnlock()
	if !ok {
		return errNoModel
	}
	defer m.users.Done()
	return do(m)
}

// swap puts other runs in service and returns those before.
func (s *set) swap(models map[string]*served, order []string) map[string]*served {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := s.models
	s.models, s.order = models, order
	return before
}

// list returns the runs in service, the default first.
func (s *set) list() []ModelInfo {
	s.mu.RLock()
	defer s.mu.RUnlock()
	list := make([]ModelInfo, 0, len(s.order))
	for _, name := range s.order {
		list = append(list, s.models[name].about)
	}
	return list
}

// Reload reads all runs again and puts them in service together. Requests under way are answered by the runs that they
// began with. When a run can't be read, all stay as they were, and the error is logged, too.
func (s *Server) Reload(ctx context.Context) error {
	err := s.load(ctx)
	outcome := "done"
	if err != nil {
		outcome = "failed"
		s.o.Log.ErrorContext(ctx, "reload failed; the runs stay as they were", "error", err)
	}
	s.metrics.reloads.WithLabelValues(outcome).Inc()
	return err
}

// load puts the runs in service and frees those before.
func (s *Server) load(ctx context.Context) error {
	s.reloading.Lock()
	defer s.reloading.Unlock()
	models, err := open(s.o, s.metrics.batches)
	if err != nil {
		return err
	}
	order := make([]string, len(s.o.Models))
	for i, m := range s.o.Models {
		order[i] = m.Name
	}
	before := s.models.swap(models, order)
	s.o.Log.InfoContext(ctx, "runs in service", "models", order)
	return closeAll(before)
}
