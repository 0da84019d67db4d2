// Package review lets a person correct labels in a browser: doubtful labels of a run, copies that a check found, and
// unlabelled images that are worth labelling. Each decision is recorded in a log, and the corrected manifest is written
// anew after it. The data itself is only read.
//
//   - review.go: the job.
//   - queue.go: what there is to look at.
//   - log.go: the decisions, on disk.
//   - session.go: labels, decisions and the manifest that follows from them.
//   - server.go, page.*: the page, for this computer alone.
//
// The package must not import train or check: a run folder and the files of a check are all that it reads.
package review
