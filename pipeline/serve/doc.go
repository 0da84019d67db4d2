// Package serve answers HTTP requests with the predictions of trained runs.
//
// A [Server] holds several runs under names. Images of all requests for a run wait in one queue, from which workers
// take batches; what doesn't fit into the queue is refused at once, so that latency stays bounded at saturation. Answers
// are those of run.Predictor, whatever images are predicted together.
//
// Requests are untrusted: bytes, pixels, time and concurrency are limited before an image is decoded. The package must
// not import the jobs of pipeline besides run and explain.
package serve
