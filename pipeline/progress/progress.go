package progress

// Progress is told how far a job is. It stands between the jobs and whatever shows them: a terminal, a log, a
// page. Its methods may be called from several goroutines. Where an options struct has no Progress, nothing
// is told.
type Reporter interface {
	// Start opens a stage of a job, such as "features", with the number of things it will handle and the
	// word for one of them.
	Start(stage string, total int, unit string) Stage
	// Note passes on a line that a person should see, such as which classes were found.
	Note(line string)
}

// A Stage is one part of a job under way.
type Stage interface {
	// Add says that n more things are handled.
	Add(n int)
	// Done ends the stage, finished or not.
	Done()
}

// quiet is the Progress of a job that has none.
type None struct{}

func (None) Start(string, int, string) Stage { return None{} }
func (None) Note(string)                     {}
func (None) Add(int)                         {}
func (None) Done()                           {}

func OrNone(p Reporter) Reporter {
	if p == nil {
		return None{}
	}
	return p
}
