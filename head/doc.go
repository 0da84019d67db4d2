// Package head holds the small network that is trained on a frozen backbone's features: a softmax layer, with or
// without one hidden layer before it.
//
// [Train] takes a feature matrix and targets and returns a [Network] that works on raw features. Together with its
// classes, its loss and where its features come from it makes a [Head], which predicts and is stored as one
// safetensors file. The package knows no images and no backbone: an [Origin] is text that it carries along.
//
// The same examples, configuration and seed give the same bytes on any number of threads.
package head
