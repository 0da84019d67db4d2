// Package loss holds the losses for ordered classes, above all the squared earth mover's distance (EMD²), with
// their exact gradients.
//
// Cross-entropy treats every wrong class of ordered classes (ages, grades, stages) alike. EMD² also depends on the
// distance of the probability from the label. With p = softmax(z), a target
// distribution t and their cumulative sums P and T, it is
//
//	emd2 = Σᵢ (Pᵢ − Tᵢ)²
//
// so that probability two classes away from the label costs twice as much as probability one class away. It is a
// proper score (the ranked probability score), takes soft targets, and its gradient needs one pass forward and one
// backward over the classes. Hou, Yu and Samaras, "Squared Earth Mover's Distance-based Loss for Training Deep Neural
// Networks", arXiv 1611.05916.
//
// [New] makes a [Loss] from a [Config], a plain value that can be stored as JSON:
//
//   - cross-entropy: the usual loss of classifiers, for comparison;
//   - emd2: squared EMD over ordered classes, over classes at given [Positions], or over any ground distance [Matrix];
//   - xemd2: cross-entropy plus λ·emd2, which is more stable in training than emd2 alone; with the matrix of
//     [SelfGuided] the classes need no order;
//   - emd: the r-th root form of NIMA; sinkhorn: entropic optimal transport; l2: regression on the position;
//     coral and corn: cumulative logits.
//
// Every loss is defined for one sample; [Mean] and [Sum] compute the loss of a batch with sample weights, and
// [SampleWeight] turns class weights into those. Losses take logits and targets of either element type and compute in
// float64, so that each formula is written once and float32 results have only the rounding of their inputs. A loss is
// immutable: it may be used from several goroutines, each with its own [Workspace]. Nothing is allocated for a
// sample.
//
// [Parameters] lists the parameters of losses with their ranges and defaults.
//
// Targets are distributions over the classes: [OneHot], [Votes], or a softened label ([Binomial], [Triangular],
// [Exponential]).
//
// The package must not import features, files, images or training: when λ takes effect, and from which epoch's
// features a ground distance is measured, is decided in package head. docs/losses.md has the formulas, gradients and
// scales of all losses side by side.
package loss
