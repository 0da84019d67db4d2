// Package familiarity says how unlike the training images an image is, and which images deserve a person's look.
//
// An image's distance is the squared Mahalanobis distance of its feature row from the training rows (Lee et al. 2018,
// "A simple unified framework for detecting out-of-distribution samples and adversarial attacks", without classes):
//
//  1. each column is standardised;
//  2. rows wider than 256 are projected to 256 numbers by a count sketch, which keeps distances in expectation (Charikar, Chen
//     and Farach-Colton 2002; Weinberger et al. 2009): column j is added, with a sign, to one of the numbers, both drawn from j;
//  3. the covariance of what results is shrunk towards a multiple of the identity by the formula of Ledoit and Wolf 2004.
//
// One part of the images is used for these moments and another, the reference, for the distances that ordinary images
// have. The p-value of an image is (1 + the number of reference images at least as far away) / (n + 1) for n
// reference images (conformal anomaly detection, Laxhammar and Falkman 2010). If an image is exchangeable with those
// of the reference, its p-value is at most α with a probability of at most α.
//
// It works on rows and distributions alone: no images, no network, no run folder.
package familiarity
