// The program next_photos measures what docs/next-photos.md claims, on ready features:
//
//	go run ./scripts/next_photos -features FACES -others PHOTOS [-seeds 20] [-what familiarity,drift,suggest]
//
// Both are feature folders that "finetune extract" wrote with the same network and tap; the first has labels.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"math"
	"math/rand/v2"
	"strings"

	"finetune/head"
	"finetune/internal/cores"
	"finetune/internal/randstream"
	"finetune/loss"
	"finetune/pipeline/crossval"
	"finetune/pipeline/dataset"
	"finetune/pipeline/drift"
	"finetune/pipeline/familiarity"
	"finetune/pipeline/features"
	"finetune/pipeline/metrics"
	"finetune/pipeline/suggest"
)

func main() {
	log.SetFlags(0)
	own := flag.String("features", "", "feature folder with labels")
	others := flag.String("others", "", "feature folder of other images")
	seeds := flag.Int("seeds", 20, "how often to measure")
	what := flag.String("what", "familiarity,drift,suggest", "what to measure")
	start := flag.Int("start", 200, "labelled images that suggest begins with")
	add := flag.Int("add", 100, "images that it adds")
	flag.Parse()
	ctx := context.Background()
	table, err := features.OpenFolder(ctx, *own, dataset.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer table.Close()
	m := &measurement{ctx: ctx, table: table, examples: table.Examples(nil)}
	if *others != "" {
		t, err := features.OpenFolder(ctx, *others, dataset.Options{Unlabelled: true})
		if err != nil {
			log.Fatal(err)
		}
		defer t.Close()
		m.others = t
	}
	for _, name := range strings.Split(*what, ",") {
		switch name {
		case "familiarity":
			m.familiarity(*seeds)
		case "drift":
			m.drift(*seeds)
		case "suggest":
			m.suggest(*seeds, *start, *add)
		default:
			log.Fatalf("%q is nothing that can be measured", name)
		}
	}
}

// A measurement is repeated with other splits of the same rows.
type measurement struct {
	ctx      context.Context
	table    *features.Table
	others   *features.Table
	examples head.Examples
}

// head trains the default head on 85 % of the rows; the others stop it.
func (m *measurement) head(rows []int, seed uint64) (h *head.Head, val []int) {
	cfg := head.Defaults(loss.Config{Name: loss.EMD2}, 0)
	cfg.Decision, cfg.Seed, cfg.Threads = head.Median, seed, cores.Of(0)
	cfg, err := crossval.HeadConfig(m.table, cfg)
	if err != nil {
		log.Fatal(err)
	}
	cut := len(rows) * 85 / 100
	cfg = cfg.Resolved(m.table.Features.Cols, cut)
	r, err := head.Train(m.ctx, m.examples.Subset(rows[:cut]), m.examples.Subset(rows[cut:]), cfg, nil)
	if err == nil {
		h, err = head.New(r.Network, head.Description{Space: m.table.Set.Space, Loss: r.Loss, Decision: cfg.Decision})
	}
	if err != nil {
		log.Fatal(err)
	}
	return h, rows[cut:]
}

func (m *measurement) predict(h *head.Head, rows []int) *crossval.Predictions {
	p, err := crossval.Predict(h, m.table, rows, crossval.Pick(m.table.Set.Items, rows), cores.Of(0))
	if err != nil {
		log.Fatal(err)
	}
	return p
}

func (m *measurement) figures(h *head.Head, rows []int) metrics.Figures {
	in := m.predict(h, rows).Figured(h, nil, 0)
	in.Resamples = -1
	r, err := metrics.Evaluate(in)
	if err != nil {
		log.Fatal(err)
	}
	return r.Figures
}

// cut draws a test part of a fifth.
func (m *measurement) cut(seed uint64) (test, rest []int) {
	order := randstream.New(seed, "next photos").Perm(len(m.table.Set.Items))
	n := len(order) / 5
	return order[:n], order[n:]
}

// familiarity measures how many held-out and other images are flagged, and how wrong answers are among images that
// are marked for review and among the others.
func (m *measurement) familiarity(seeds int) {
	var held, other, marked, markedWrong, keptWrong means
	for seed := range uint64(seeds) {
		test, rest := m.cut(seed)
		h, val := m.head(rest, seed)
		fit, reference := familiarity.Split(m.table.Set.Items, rest[:len(rest)-len(val)], val, seed)
		known, err := familiarity.Fit(m.ctx, m.table.Features, fit, reference)
		if err != nil {
			log.Fatal(err)
		}
		said := m.predict(h, val)
		known.AddPredictions(m.table.Features, val, said.Probabilities, said.Classes)
		judge, err := known.Judge(familiarity.DefaultReviewShare)
		if err != nil {
			log.Fatal(err)
		}
		var flagged, review, wrongMarked, wrongKept float64
		said = m.predict(h, test)
		for i, row := range test {
			v := judge.Of(m.table.Features.Row(row), said.Row(i), said.Classes[i])
			wrong := one(said.Classes[i] != said.Items[i].Label)
			flagged += one(v.Unfamiliar)
			review += one(v.Review)
			wrongMarked += wrong * one(v.Review)
			wrongKept += wrong * one(!v.Review)
		}
		n := float64(len(test))
		held.add(flagged / n)
		marked.add(review / n)
		markedWrong.add(wrongMarked / review)
		keptWrong.add(wrongKept / (n - review))
		if m.others == nil {
			continue
		}
		flagged = 0
		for row := range m.others.Features.Rows {
			flagged += one(known.Unfamiliar(known.PValue(known.Distance(m.others.Features.Row(row)))))
		}
		other.add(flagged / float64(m.others.Features.Rows))
	}
	fmt.Printf(
		"flagged: held-out %v, other images %v\nmarked for review: %v; wrong among these %v, among the others %v\n",
		held,
		other,
		marked,
		markedWrong,
		keptWrong,
	)
}

// drift measures how often a batch of held-out images is said to differ, and one of which a tenth are other images.
func (m *measurement) drift(seeds int) {
	const batch, batches, permutations = 100, 10, 499
	var alike, classes, both, mixed means
	for seed := range uint64(seeds) {
		test, rest := m.cut(seed)
		h, val := m.head(rest, seed)
		fit, _ := familiarity.Split(m.table.Set.Items, rest[:len(rest)-len(val)], val, seed)
		// The reference of the run is one draw; drawing it anew with each batch measures the level and not the luck
		// of one reference.
		pool := append(append([]int(nil), test...), val...)
		rng := randstream.New(seed, "batches")
		for range batches {
			rng.Shuffle(len(pool), func(i, j int) { pool[i], pool[j] = pool[j], pool[i] })
			reference, b := pool[batch:], pool[:batch]
			known, err := familiarity.Fit(m.ctx, m.table.Features, fit, reference)
			if err != nil {
				log.Fatal(err)
			}
			distances := m.distances(known, b)
			d := drift.TwoSample(known.Reference(), distances, permutations, rng).PValue
			c := drift.TwoSample(m.classes(h, reference), m.classes(h, b), permutations, rng).PValue
			alike.add(one(d <= 0.05))
			classes.add(one(c <= 0.05))
			both.add(one(2*min(c, d) <= 0.05))
			if m.others == nil {
				continue
			}
			for i := range batch / 10 {
				distances[i] = known.Distance(m.others.Features.Row(rng.IntN(m.others.Features.Rows)))
			}
			mixed.add(one(2*drift.TwoSample(known.Reference(), distances, permutations, rng).PValue <= 0.05))
		}
	}
	fmt.Printf(
		"batches of %d held-out images said to differ at 5 %%: by distance %v, by classes %v, by both %v; with 10 %% of other images %v\n",
		batch,
		alike,
		classes,
		both,
		mixed,
	)
}

func (m *measurement) distances(known *familiarity.Model, rows []int) []float64 {
	out := make([]float64, len(rows))
	for i, row := range rows {
		out[i] = known.Distance(m.table.Features.Row(row))
	}
	return out
}

func (m *measurement) classes(h *head.Head, rows []int) []float64 {
	out := make([]float64, len(rows))
	for i, c := range m.predict(h, rows).Classes {
		out[i] = float64(c)
	}
	return out
}

// suggest measures what labelling suggested images brings, beside as many drawn at random.
func (m *measurement) suggest(seeds, start, add int) {
	var random, better [3]means // MAE, RPS, AMAE
	of := func(f metrics.Figures) [3]float64 {
		return [3]float64{float64(f.MAE), float64(f.RPS), float64(f.AMAE)}
	}
	for seed := range uint64(seeds) {
		test, rest := m.cut(seed)
		labelled, pool := rest[:start], rest[start:]
		h, _ := m.head(labelled, seed)
		known, err := familiarity.Fit(m.ctx, m.table.Features, labelled[:start/2], labelled[start/2:])
		if err != nil {
			log.Fatal(err)
		}
		said := m.predict(h, pool)
		rowOf := map[string]int{}
		var all []suggest.Candidate
		for i, row := range pool {
			x := m.table.Features.Row(row)
			if known.Unfamiliar(known.PValue(known.Distance(x))) {
				continue
			}
			c := suggest.Candidate{
				Suggestion: suggest.Suggestion{Path: said.Items[i].Path, Doubt: metrics.ExpectedRPS(said.Row(i))},
				Place:      suggest.Place(known, x),
			}
			all, rowOf[c.Path] = append(all, c), row
		}
		var chosen []int
		for _, c := range suggest.Choose(all, add) {
			chosen = append(chosen, rowOf[c.Path])
		}
		before := of(m.figures(h, test))
		after := func(more []int) [3]float64 {
			rows := append(append([]int(nil), labelled...), more...)
			rand.New(rand.NewPCG(seed, 1)).Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
			h, _ := m.head(rows, seed)
			return of(m.figures(h, test))
		}
		a, b := after(pool[:add]), after(chosen)
		for i := range before {
			random[i].add(a[i] - before[i])
			better[i].add(b[i] - a[i])
		}
	}
	for i, name := range []string{"MAE", "RPS", "AMAE"} {
		fmt.Printf(
			"%d labelled and %d more: %s with random ones %v, with suggested ones %v beyond that\n",
			start,
			add,
			name,
			random[i],
			better[i],
		)
	}
}

func one(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// means collects values; it is written as their mean and its standard error.
type means []float64

func (m *means) add(v float64) { *m = append(*m, v) }

func (m means) String() string {
	var sum, squares float64
	n := float64(len(m))
	for _, v := range m {
		sum += v
		squares += v * v
	}
	mean := sum / n
	return fmt.Sprintf("%.4f ± %.4f", mean, math.Sqrt(max(0, squares/n-mean*mean)/(n-1)))
}
