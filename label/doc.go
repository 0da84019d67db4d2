// Package label holds the label space: the ordered classes of a task and, where they are numbers or ranges of
// numbers, the value of each in the label's own units. The order decides what an ordinal loss and an ordinal metric
// mean. So a space is made once, checked, and stored with every result; it never changes afterwards.
//
// Infer finds the order of names that carry one, WithOrder takes it from the user, Bins makes classes of numbers and
// ProposeBins proposes edges for them.
//
// The package knows names and numbers only. It must not import packages that read data.
package label
