// Package machine holds the jobs about the machine itself: [Doctor] reports what a run needs, [Setup] installs ONNX
// Runtime.
//
// It must not import other packages below pipeline except artifact.
package machine
