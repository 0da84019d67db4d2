package main

import (
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"finetune/invalid"
	"finetune/pipeline/progress"
)

// newProgress shows bars where w is a terminal and plain lines where it isn't. The second result ends it.
func newProgress(w io.Writer) (progress.Reporter, func()) {
	d := displayOf(w)
	if d.live {
		bars := &barProgress{display: d, p: mpb.New(mpb.WithOutput(w), mpb.WithWidth(40), mpb.WithRefreshRate(120*time.Millisecond))}
		return bars, bars.p.Shutdown
	}
	return &lineProgress{display: d, w: w, every: 10 * time.Second, now: time.Now}, func() {}
}

// barProgress draws one bar a stage with its rate and the time left; notes are printed above the bars.
type barProgress struct {
	display
	p *mpb.Progress
}

func (b *barProgress) Note(line string) {
	fmt.Fprintln(b.p, b.lay(printable(invalid.Named(line, flagName))))
}

func (b *barProgress) Start(stage string, total int, unit string) progress.Stage {
	counters := " %d/%d " + unit + "s"
	if total == 0 { // unknown
		counters = " %d%.0d " + unit + "s"
	}
	s := &barStage{}
	s.bar = b.p.New(int64(total), mpb.BarStyle().Lbound("").Rbound("").Filler("━").Tip("━").Padding("─"),
		mpb.PrependDecorators(decor.Name(stage, decor.WC{W: 10, C: decor.DindentRight})),
		mpb.AppendDecorators(
			decor.CountersNoUnit(counters, decor.WCSyncSpace),
			decor.AverageSpeed(0, " %.0f/s", decor.WCSyncSpace),
			decor.OnComplete(decor.AverageETA(decor.ET_STYLE_GO, decor.WC{W: 8}), " done"),
			decor.Any(func(decor.Statistics) string { return s.shown() }),
		))
	return s
}

type barStage struct {
	bar  *mpb.Bar
	text atomic.Pointer[string]
}

func (s *barStage) Add(n int)        { s.bar.IncrBy(n) }
func (s *barStage) Show(text string) { s.text.Store(&text) }
func (s *barStage) Complete()        { s.bar.SetTotal(-1, true) }

func (s *barStage) shown() string {
	if text := s.text.Load(); text != nil {
		return "  " + printable(*text)
	}
	return ""
}

// Done leaves the bar of a stage that was interrupted as it stands.
func (s *barStage) Done() { s.bar.Abort(false); s.bar.Wait() }

// lineProgress writes a line when a stage starts being slow, every so often after that, and when it ends.
type lineProgress struct {
	display
	w     io.Writer
	every time.Duration
	now   func() time.Time
	mu    sync.Mutex
}

func (l *lineProgress) Note(line string) {
	line = l.lay(printable(invalid.Named(line, flagName)))
	l.mu.Lock()
	defer l.mu.Unlock()
	fmt.Fprintln(l.w, line)
}

func (l *lineProgress) Start(stage string, total int, unit string) progress.Stage {
	now := l.now()
	return &lineStage{l: l, name: stage, unit: unit, total: total, began: now, told: now}
}

type lineStage struct {
	l           *lineProgress
	name, unit  string
	total, done int
	began, told time.Time
	text        string
	ended       bool
}

func (s *lineStage) Show(text string) {
	s.l.mu.Lock()
	defer s.l.mu.Unlock()
	s.text = printable(text)
}

func (s *lineStage) Complete() {
	s.l.mu.Lock()
	defer s.l.mu.Unlock()
	s.total = 0 // what is done is all
}

// withText adds the text of the stage to a line.
func (s *lineStage) withText(line string) string {
	if s.text != "" {
		line += ", " + s.text
	}
	return line
}

func (s *lineStage) Add(n int) {
	s.l.mu.Lock()
	defer s.l.mu.Unlock()
	s.done += n
	if now := s.l.now(); now.Sub(s.told) >= s.l.every && (s.done < s.total || s.total == 0) {
		s.told = now
		rate := float64(s.done) / now.Sub(s.began).Seconds()
		if s.total == 0 { // unknown
			fmt.Fprintln(s.l.w, s.withText(fmt.Sprintf("%s: %d %ss, %s", s.name, s.done, s.unit, speed(rate))))
			return
		}
		left := time.Duration(float64(s.total-s.done) / rate * float64(time.Second))
		fmt.Fprintln(s.l.w, s.withText(fmt.Sprintf("%s: %d of %d %ss (%d%%), %s, %s left",
			s.name, s.done, s.total, s.unit, 100*s.done/s.total, speed(rate), left.Round(time.Second))))
	}
}

func (s *lineStage) Done() {
	s.l.mu.Lock()
	defer s.l.mu.Unlock()
	if s.ended {
		return
	}
	s.ended = true
	if s.done == 0 {
		return // what failed at once is told by its error
	}
	took := s.l.now().Sub(s.began)
	of := ""
	if s.total > 0 { // known
		of = fmt.Sprintf(" of %d", s.total)
	}
	fmt.Fprintln(s.l.w, s.withText(fmt.Sprintf("%s: %d%s %ss in %s (%s)",
		s.name, s.done, of, s.unit, took.Round(10*time.Millisecond), speed(float64(s.done)/max(took.Seconds(), 1e-3)))))
}

// speed writes a rate, the other way round where it is slow.
func speed(perSecond float64) string {
	if perSecond < 1 {
		return fmt.Sprintf("%.1f s each", 1/perSecond)
	}
	return fmt.Sprintf("%.0f/s", perSecond)
}
