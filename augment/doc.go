// Package augment makes views of a picture: versions that show the same thing a little differently, so that a head learns
// what doesn't matter. View 0 is the picture itself, view 1 its mirror image where that is allowed, and every further view is drawn
// at random: mirrored, cropped, of another scale, with other colours.
//
// A view depends on the plan, its number and the content of the picture alone, not on what was drawn before. So views can be
// kept by content and come out the same in any order and on any number of threads.
//
// The package knows pictures only: how they are decoded, and what becomes of them afterwards, is the matter of preprocess.
package augment
