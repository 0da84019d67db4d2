// Package pipeline holds the jobs: Check data, Extract features, Train (on one split or on folds), Compare losses, Evaluate, Predict,
// Explain decisions, Inspect a network or a run, Setup and Doctor for the machine. Each is a struct of options with a Run method that takes
// a context and returns a result; the command finetune parses flags into these structs and prints the results, and a Go program
// can do the same. NewTrain, NewCheck and NewCompare return good settings; of the other jobs the zero values are. A field that is
// left zero does what its comment says.
//
// A job composes the other packages and owns the files that it leaves: the feature folder and the run folder. The formulas are in
// head, loss and metrics; flags and terminals are the command's.
package pipeline
