// Package pipeline holds the jobs: extract features, train, evaluate, predict, inspect, look after the machine. Each is a
// struct of options with a Run method that takes a context and returns a result; the command finetune parses flags into these
// structs and prints the results, and a Go program can do the same.
//
// A job composes the other packages and owns the files that it leaves: the feature folder and the run folder. The formulas are in
// head, loss and metrics; flags and terminals are the command's.
package pipeline
