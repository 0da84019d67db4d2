// Package closedform fits a linear head in closed form. Ridge regression of the cumulative targets Tᵢ = 1[y ≤ i]
// minimises the squared earth mover's distance exactly where the predicted cumulative distribution is linear in the
// features. Its leave-one-out predictions of all examples follow from one factorisation for each penalty λ, without a
// refit. They aren't yet probabilities, so a link, a small layer of its own, is fitted on them by any loss of package
// loss. λ and the penalty of the link are those with the least ranked probability score (RPS) after the link, and the
// predictions from which that was measured are out-of-fold predictions of all examples. Regression and link together
// are one linear layer.
//
// docs/closed-form.md derives the formulas. [Fit] is the entry.
//
// The package knows no files, images or commands, and it must not import package head, which calls it.
package closedform
