package features

import (
	"errors"
	"runtime"
	"testing"

	"finetune/preprocess"
)

// The tuner finds the fastest split where there is a clear one, and stays with the usual one where there is not.
func TestTuner(t *testing.T) {
	usual := workSplit{4, 1, 8}
	for name, c := range map[string]struct {
		largest int
		rate    func(workSplit) float64
		want    workSplit
	}{
		"all the same":          {32, func(workSplit) float64 { return 100 }, usual},
		"large batches":         {32, func(s workSplit) float64 { return float64(100 + s.batch) }, workSplit{4, 1, 32}},
		"large, memory is not":  {16, func(s workSplit) float64 { return float64(100 + s.batch) }, workSplit{4, 1, 16}},
		"small batches":         {32, func(s workSplit) float64 { return 100 / float64(s.batch) }, workSplit{4, 1, 1}},
		"a size that is fixed":  {8, func(s workSplit) float64 { return 100 / float64(s.batch) }, usual},
		"fewer workers":         {32, func(s workSplit) float64 { return float64(100 * s.threads) }, workSplit{1, 4, 8}},
		"two workers":           {32, func(s workSplit) float64 { return 100 - 10*float64((s.workers-2)*(s.workers-2)) }, workSplit{2, 3, 8}},
		"within the noise":      {32, func(s workSplit) float64 { return 100 + float64(s.batch)/8 }, usual},
		"16 with fewer workers": {32, func(s workSplit) float64 { return 100 - float64((s.batch-16)*(s.batch-16)) + 20*float64(s.threads) }, workSplit{1, 4, 16}},
	} {
		tuner := &tuner{largest: c.largest, run: func(s workSplit) (float64, bool, error) { return c.rate(s), true, nil }}
		if got, err := tuner.fastest(usual); err != nil || got != c.want {
			t.Errorf("%s: chose %v, %v, want %v", name, got, err, c.want)
		}
		for _, trial := range tuner.trials {
			if s := trial.split; s.batch > c.largest || s.workers+s.threads-1 != 4 {
				t.Errorf("%s: tried %v", name, s)
			}
		}
	}
}

// One trial in which other programs had the cores decides nothing.
func TestTunerTriesTwice(t *testing.T) {
	runs := map[workSplit]int{}
	tuner := &tuner{largest: 32, run: func(s workSplit) (float64, bool, error) {
		runs[s]++
		if s.batch == 8 && runs[s] == 1 {
			return 50, true, nil
		}
		return 100, true, nil
	}}
	usual := workSplit{1, 1, 8}
	if got, err := tuner.fastest(usual); err != nil || got != usual {
		t.Errorf("chose %v, %v", got, err)
	}
}

func TestTunerEnds(t *testing.T) {
	usual := workSplit{2, 1, 8}
	stop := errors.New("stop")
	for after := range 6 {
		left := after
		tuner := &tuner{largest: 32, run: func(s workSplit) (float64, bool, error) {
			left--
			return float64(s.batch), left >= 0, nil
		}}
		if got, err := tuner.fastest(usual); err != nil || got.batch < 8 || len(tuner.trials) > after {
			t.Errorf("without images after %d trials: %v, %v, %d trials", after, got, err, len(tuner.trials))
		}
		left = after
		tuner.run = func(s workSplit) (float64, bool, error) {
			if left--; left < 0 {
				return 0, false, stop
			}
			return float64(s.batch), true, nil
		}
		if _, err := tuner.fastest(usual); !errors.Is(err, stop) {
			t.Errorf("an error after %d trials: %v", after, err)
		}
	}
}

func TestTunerDescribes(t *testing.T) {
	tuner := &tuner{trials: []trial{{workSplit{2, 1, 8}, 22.81}, {workSplit{2, 1, 16}, 21.3}, {workSplit{2, 1, 8}, 23.2},
		{workSplit{1, 2, 8}, 90.5}, {workSplit{1, 2, 8}, 20}}}
	const want = "speed:    2 workers, batches of 8: 23.2 images a second; tried 2 workers, batches of 16: 21.3; 1 worker and 1 more of the network, batches of 8: 90.5 and 20"
	if got := tuner.describe(workSplit{2, 1, 8}); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// What a worker holds and how many workers there are is bounded, whatever is asked for; what is usual isn't cut.
func TestSplitWithinMemory(t *testing.T) {
	cores := runtime.GOMAXPROCS(0)
	small, large := 3*224*224, 3*preprocess.MaxSize*preprocess.MaxSize
	for _, c := range []struct {
		split          workSplit
		numbers, fixed int
		want           workSplit
	}{
		{workSplit{cores, 1, 8}, small, 0, workSplit{cores, 1, 8}},
		{workSplit{cores, 1, 32}, small, 0, workSplit{cores, 1, 32}},
		{workSplit{cores, 1, 4096}, small, 0, workSplit{cores, 1, 55}},
		{workSplit{1024, 1, 55}, small, 0, workSplit{cores, 1, 55}},
		{workSplit{cores, 1, 8}, small, 100, workSplit{cores * 55 / 100, 1, 100}},
		{workSplit{1, 1, 8}, large, 0, workSplit{1, 1, 1}},
	} {
		c.want.workers = max(1, c.want.workers)
		if got := c.split.within(c.numbers, c.fixed); got != c.want {
			t.Errorf("%v of %d numbers becomes %v, want %v", c.split, c.numbers, got, c.want)
		}
	}
	for workers := 1; workers <= 1024; workers *= 2 {
		for batch := 1; batch <= maxBatch; batch *= 2 {
			for _, numbers := range []int{small, large} {
				s := workSplit{workers, 1, batch}.within(numbers, 0)
				if most := max(cores*batchBytes, 4*numbers); 4*numbers*s.batch*s.workers > most {
					t.Errorf("%d × %d pictures take %d bytes as %v; want at most %d", workers, batch, 4*numbers*s.batch*s.workers, s, most)
				}
			}
		}
	}
}
