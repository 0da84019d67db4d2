package features

import (
	"errors"
	"math"
	"strings"
	"testing"

	"finetune/preprocess"
)

// The search finds the knee of a curve of costs, and stays with what has room.
func TestFastestBatch(t *testing.T) {
	// A batch costs a fixed time for each start, and a time for each image that is the larger the less of the device it fills.
	gpu := func(start, image, fills float64) func(int) float64 {
		return func(batch int) float64 {
			return float64(batch) / (start + image*math.Max(float64(batch), fills))
		}
	}
	for name, c := range map[string]struct {
		first, largest, room int
		rate                 func(int) float64
		want, tried          int
	}{
		"fills at 128":          {32, 256, 256, gpu(0, 1, 128), 128, 4},
		"start costs much":      {32, 256, 256, gpu(100, 1, 1), 256, 4},
		"start costs little":    {32, 256, 256, gpu(0.1, 1, 1), 32, 2},
		"all the same":          {32, 256, 256, func(int) float64 { return 100 }, 32, 2},
		"within the noise":      {32, 256, 256, func(b int) float64 { return 100 + float64(b)/32 }, 32, 2},
		"slower":                {32, 256, 256, func(b int) float64 { return 100 / float64(b) }, 32, 2},
		"no room for 256":       {32, 256, 128, gpu(100, 1, 1), 128, 3},
		"room for 8":            {32, 256, 8, gpu(100, 1, 1), 8, 1},
		"room for 1":            {32, 256, 1, gpu(100, 1, 1), 1, 1},
		"no room at all":        {32, 256, 0, gpu(100, 1, 1), 1, 0},
		"large pictures":        {32, 20, 256, gpu(100, 1, 1), 20, 1},
		"not a power of two":    {32, 100, 256, gpu(100, 1, 1), 64, 2},
		"the largest is enough": {32, 32, 256, gpu(100, 1, 1), 32, 1},
	} {
		best, tried, err := fastestBatch(c.first, c.largest, func(batch int) (float64, bool, error) {
			if batch > c.largest || batch < 1 {
				t.Errorf("%s: tried %d", name, batch)
			}
			return c.rate(batch), batch <= c.room, nil
		})
		if err != nil || best != c.want || len(tried) != c.tried {
			t.Errorf("%s: batches of %d after %v, %v; want %d after %d", name, best, tried, err, c.want, c.tried)
		}
	}
	stop := errors.New("stop")
	for after := range 3 {
		if _, _, err := fastestBatch(32, 256, func(batch int) (float64, bool, error) {
			if after--; after < 0 {
				return 0, false, stop
			}
			return float64(batch), true, nil
		}); !errors.Is(err, stop) {
			t.Errorf("after %d: %v", after, err)
		}
	}
	text := describeBatches(128, []batchRate{{64, 100}, {128, 123.4}, {256, 99.5}})
	if want := "speed:    batches of 128: the network alone does 123.4 images a second; tried 64: 100; 256: 99.5"; text != want {
		t.Errorf("got  %s\nwant %s", text, want)
	}
	if text := describeBatches(1, nil); strings.Contains(text, "tried") {
		t.Error(text)
	}
}

func TestLargestDeviceBatch(t *testing.T) {
	for _, c := range []struct{ numbers, fixed, want int }{
		{3 * 224 * 224, 0, 256}, {3 * 640 * 480, 0, 72}, {3 * preprocess.MaxSize * preprocess.MaxSize, 0, 1},
		{3 * 224 * 224, 100, 200}, {3 * preprocess.MaxSize * preprocess.MaxSize, 4, 4},
	} {
		if got := largestDeviceBatch(c.numbers, c.fixed); got != c.want {
			t.Errorf("%d numbers, %d fixed: %d, want %d", c.numbers, c.fixed, got, c.want)
		}
	}
}
