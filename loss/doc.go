// Package loss holds the losses for ordered classes, above all the squared earth mover's distance (EMD²), with
// their exact gradients.
//
// A classifier for ordered classes (ages, grades, stages) that is trained with cross-entropy learns that every
// wrong class is equally wrong. EMD² also asks how far off the probability lies. With p = softmax(z), a target
// distribution t and their cumulative sums P and T, it is
//
//	emd2 = Σᵢ (Pᵢ − Tᵢ)²
//
// so probability that lies two classes away from the label costs twice as much as probability one class away.
// It is a proper score (the ranked probability score), takes soft targets as they are, and its gradient costs
// one pass forward and one backward over the classes. Hou, Yu and Samaras, "Squared Earth Mover's
// Distance-based Loss for Training Deep Neural Networks", arXiv 1611.05916.
//
// [New] makes a [Loss] from a [Config], a plain value that can be stored as JSON:
//
//   - cross-entropy: the usual one, for comparison;
//   - emd2: squared EMD over ordered classes, over classes at given [Positions], or over any ground distance [Matrix];
//   - xemd2: cross-entropy plus λ·emd2, which trains more steadily than emd2 alone; with the matrix of
//     [SelfGuided] it needs no order;
//   - emd: the r-th root form of NIMA; sinkhorn: entropic optimal transport; l2: regression on the position;
//     coral and corn: cumulative logits.
//
// Every loss is defined for one sample; [Mean] and [Sum] make the loss of a batch with sample weights, and
// [SampleWeight] turns class weights into those. Losses read logits and targets of either element type and
// compute in float64, so each formula stands once and float32 results carry only the rounding of their inputs.
// A loss never changes: it may be used from several goroutines, each with its own [Workspace]. Nothing is
// allocated for a sample.
//
// Targets are distributions over the classes: [OneHot], [Votes], or a softened label ([Binomial], [Triangular],
// [Exponential]).
//
// The package knows no features (but to measure class centroids in [SelfGuided]), files or images, and it
// doesn't train: when λ takes effect, and from which epoch's features a ground distance comes, is up to
// the trainer. docs/losses.md has the formulas, gradients and scales of all losses side by side.
package loss
