// Package check is the job that looks for problems of labelled images before training: unreadable and tiny images,
// copies, class balance, possible label errors, and groups that are divided between parts.
//
// It uses the features, the split and the default head of package train. It must not import compare, explain or
// machine.
package check
