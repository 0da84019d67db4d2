// Package progress defines how a job reports its progress. It must not import other packages of this module.
package progress

// A Reporter receives the progress of a job and shows it, for example on a terminal or in a log. Several goroutines
// may call its methods at once.
type Reporter interface {
	// Start begins a stage, such as "features", of total units, 0 if their number is unknown. Unit names one of them in
	// the singular, such as "image".
	Start(stage string, total int, unit string) Stage
	// Note reports a line for the user, such as the classes that were found.
	Note(line string)
}

// A Stage is a running part of a job.
type Stage interface {
	// Add reports n more finished units.
	Add(n int)
	// Show replaces the stage's text, which says where it stands, such as "loss 0.21, QWK 0.80".
	Show(text string)
	// Complete reports that no more units are needed, although fewer than the total may be finished: training stopped early.
	Complete()
	// Done ends the stage, whether or not all units are finished.
	Done()
}

// None is a Reporter and a Stage that ignores everything.
type None struct{}

// Start returns a stage that ignores everything.
func (None) Start(string, int, string) Stage { return None{} }

// Note does nothing.
func (None) Note(string) {}

// Add does nothing.
func (None) Add(int) {}

// Show does nothing.
func (None) Show(string) {}

// Complete does nothing.
func (None) Complete() {}

// Done does nothing.
func (None) Done() {}

// OrNone returns p, or None if p is nil.
func OrNone(p Reporter) Reporter {
	if p == nil {
		return None{}
	}
	return p
}
