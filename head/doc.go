// Package head holds the classifier that is trained on the features of a frozen backbone: a linear layer, or two
// layers with a ReLU between them, with the outputs that its loss asks for.
//
// [Train] takes a feature matrix and targets and returns a [Network] that maps raw features to logits. With its
// classes, its loss and the origin of its features it makes a [Head], which predicts and is stored as one safetensors
// file. [Config] holds the hyper-parameters and [Options] describes them as a table.
//
// Training is built of these parts: a standardiser of the features, an objective (the mean loss as a function of the
// parameters), a pass (forward and backward through the network, in several implementations, of which newPass chooses
// one), an optimiser, a loss schedule and early stopping. Read train.go, fit.go, optimiser.go, objective.go and
// pass.go in this order.
//
// The same examples, configuration and seed give the same bytes on any number of threads.
//
// The package must not import backbone, preprocess, augment or pipeline: an [Origin] is text to it, and features are
// numbers.
package head
