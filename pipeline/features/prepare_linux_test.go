package features

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"finetune/pipeline/dataset"
	"finetune/pipeline/progress"
)

// BenchmarkPrepare measures all of an extraction but the network and the cache: reading, decoding, resizing, as levels for a device
// and as numbers for the CPU. One image is one operation, one thread does all, and its processor time counts, which other programs
// change little. FINETUNE_BENCH_IMAGES names a folder of images instead of the demo's.
func BenchmarkPrepare(b *testing.B) {
	folder := os.Getenv("FINETUNE_BENCH_IMAGES")
	if folder == "" {
		folder = "../../testdata/demo/images"
	}
	files, err := filepath.Glob(filepath.Join(folder, "*"))
	if deeper, _ := filepath.Glob(filepath.Join(folder, "*", "*")); len(deeper) > 0 {
		files = deeper
	}
	if err != nil || len(files) == 0 {
		b.Fatalf("no files in %s: %v", folder, err)
	}
	var items []dataset.Item
	for _, f := range files[:min(500, len(files))] {
		items = append(items, dataset.Item{Path: f, File: f})
	}
	for name, batch := range map[string]int{"levels": 0, "numbers": 8} { // which one image never fills
		b.Run(name, func(b *testing.B) {
			i := tiny(1)
			i.Overrides.ImageSize = 224
			x, err := StartExtractor(i, 1, len(items), progress.None{})
			if err != nil {
				b.Fatal(err)
			}
			defer x.Close()
			w := &Worker{x: x, batch: batch}
			before := processorTime(b)
			for n := 0; b.Loop(); n = (n + 1) % len(items) {
				w.waiting = w.waiting[:0]
				if block, err := w.gather(b.Context(), job{n, items[n : n+1]}, func(int) int { return 1 }); err != nil || len(block.Read) != 1 {
					b.Fatalf("%s: %v", items[n].Path, err)
				}
			}
			b.ReportMetric(float64((processorTime(b)-before).Microseconds())/float64(b.N), "µs-CPU/image")
		})
	}
}

func processorTime(b *testing.B) time.Duration {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
