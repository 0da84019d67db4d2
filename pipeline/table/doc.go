// Package table writes predictions, a row for each image, as CSV, JSON lines or Parquet.
//
// [Encoder] writes rows to a stream. [Writer] writes a file that is whole or absent: an interrupted job keeps the
// rows that it has beside it, goes on after them, and ends with the same bytes as one that wasn't interrupted.
//
// Memory doesn't grow with the number of rows. The same rows under the same schema give the same bytes. The package
// knows nothing of images, heads or how predictions are made, and must not import other packages of pipeline.
package table
