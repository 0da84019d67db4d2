// Package pipeline is the map of the packages that do finetune's work; it holds no code of its own.
//
// A job is a struct of options with a method Run that takes a context and returns a result. The command finetune parses flags
// into these structs and prints the results; a Go program does the same:
//
//   - [finetune/pipeline/train]: images or features to a run folder. Start with train.New.
//   - [finetune/pipeline/run]: a run folder opened again; run.Predict and run.Evaluate use it on other images, run.Inspect describes it.
//   - [finetune/pipeline/export]: a run as files for other programs.
//   - [finetune/pipeline/features]: images to features; features.Extract writes them to a folder.
//   - [finetune/pipeline/compare]: several losses on the same folds.
//   - [finetune/pipeline/check]: what is wrong with labelled images.
//   - [finetune/pipeline/explain]: which places of an image decide.
//   - [finetune/pipeline/machine]: the native library and what else a run needs of the machine.
//
// They are built from dataset (items, labels, splits), crossval (fits on folds), calibration, metrics, report, artifact (files) and
// progress (what a job tells while it runs). docs/architecture.md has the order in which packages may import each other.
package pipeline
