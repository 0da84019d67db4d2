package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Features that jobs map into memory, below a box.
const mappedFeatures = "features/features.npy"

// cuts shortens the features that a job maps, as another program may at any time, before each system call.
func (t *torture) cuts(until time.Time) {
	all := t.jobs
	defer func() { t.jobs = all }()
	t.jobs = slices.DeleteFunc(slices.Clone(all), func(j job) bool { return !strings.Contains(j.args, "--features features") })
	t.points(until, func(call) []string { return []string{"cut"} })
}

// cut runs the job of a point, whose features are shortened there.
func (t *torture) cut(p point, box string) (e end, where *call, err error) {
	var failed error
	e, err = t.trace(box, p.job.command(), func(n int, c call) verdict {
		if n == p.n {
			where, failed = &c, shorten(filepath.Join(box, mappedFeatures), rand.New(rand.NewPCG(t.seed, uint64(n))))
		}
		return verdict{}
	})
	return e, where, errors.Join(err, failed)
}

func shorten(path string, rng *rand.Rand) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	return os.Truncate(path, rng.Int64N(info.Size()))
}

// judgeCut says what is wrong with how a run ended whose features were cut: with an error and nothing published, or with the right
// result where it had done with them. With the features as they were the same command makes that result.
func (t *torture) judgeCut(p point, box string, e end) error {
	j := p.job
	if err := j.wellEnded(e, false); err != nil {
		return err
	}
	features, err := os.ReadFile(filepath.Join(t.template(), mappedFeatures))
	if err != nil {
		return fmt.Errorf("harness: %w", err)
	}
	path := filepath.Join(box, mappedFeatures)
	if err := errors.Join(os.Remove(path), os.WriteFile(path, features, 0o666)); err != nil {
		return fmt.Errorf("harness: %w", err)
	}
	left, err := snap(box)
	if err != nil {
		return fmt.Errorf("harness: %w", err)
	}
	if e.status == j.status {
		if d := j.after.differences(left); d != "" {
			return fmt.Errorf("success with a wrong result: %s", d)
		}
		return nil
	}
	if !strings.Contains(e.errors, filepath.FromSlash(mappedFeatures)) && !strings.Contains(e.errors, "features:") {
		return fmt.Errorf("the error doesn't name the features: %s", e.errors)
	}
	if _, published := left[j.out+"/files.json"]; published {
		return errors.New("a result was published")
	}
	again := t.run(box, j.command())
	if again.status != j.status {
		return fmt.Errorf("the same command with whole features: exit status %d: %s", again.status, again.errors)
	}
	if left, err = snap(box); err != nil {
		return fmt.Errorf("harness: %w", err)
	}
	if d := j.after.differences(left); d != "" {
		return fmt.Errorf("the same command with whole features leaves something else: %s", d)
	}
	return nil
}
