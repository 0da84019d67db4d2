// Command finetune trains ordinal image classifiers on the features of a frozen ONNX network. It parses flags,
// calls package pipeline and prints; all that it does, a Go program can do with the public packages.
package main

import "os"

func main() { os.Exit(execute(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }
