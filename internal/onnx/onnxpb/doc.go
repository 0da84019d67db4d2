// Package onnxpb holds the Go form of the ONNX protobuf schema: the messages of a model file and nothing else.
// What is done with them stands in internal/onnx/graph.
//
// onnx.proto is the schema of the ONNX project, release 1.23.2 of its Python package, unchanged
// (https://github.com/onnx/onnx, Apache License 2.0, Copyright (c) the ONNX Project Contributors);
// onnx.pb.go is generated from it and falls under the same licence. To make it anew, install the Python
// package grpcio-tools (1.85.1 was used; it brings protoc) and run go generate here; protoc-gen-go comes from
// the protobuf module that go.mod names.
package onnxpb

//go:generate go build -o protoc-gen-go google.golang.org/protobuf/cmd/protoc-gen-go
//go:generate python3 -m grpc_tools.protoc -I. --plugin=./protoc-gen-go --go_out=. --go_opt=paths=source_relative,Monnx.proto=finetune/internal/onnx/onnxpb onnx.proto
//go:generate rm protoc-gen-go
