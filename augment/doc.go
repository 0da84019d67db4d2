// Package augment makes views of an image for training and test-time augmentation. View 0 is the image itself, view 1
// its mirror image where Flip is allowed, and every further view is random: mirrored, cropped, rescaled, with other
// colours.
//
// A view depends only on the plan, its number and the content of the image, not on what was drawn before. So features
// of views can be cached by content and are the same in any order and on any number of threads.
//
// The package works on decoded images. It must not import packages that decode or preprocess them.
package augment
