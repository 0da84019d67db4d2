package graph

import (
	"errors"

	"finetune/internal/onnx/onnxpb"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// Limits on files. A part is one field of the protobuf (a name, an attribute, a tensor whatever its
// size): an empty node takes two bytes in the file and hundreds in memory, so the parts are counted before
// anything is allocated. The largest public networks have under half a million.
const (
	maxBytes   = 1<<31 - 1 // protobuf's own limit
	maxParts   = 4 << 20
	maxNesting = 64
)

var errParts = errors.New("it has too many parts")

// checkParts walks over the wire format of a model and refuses it when it is cut off, nested too deep or made
// of too many parts.
func checkParts(data []byte) error {
	if len(data) > maxBytes {
		return errors.New("it is larger than 2 GB; keep its weights in a file of external data")
	}
	left := maxParts
	return countParts(data, (*onnxpb.ModelProto)(nil).ProtoReflect().Descriptor(), &left, maxNesting)
}

func countParts(data []byte, kind protoreflect.MessageDescriptor, left *int, depth int) error {
	if depth == 0 {
		return errors.New("it is nested too deep")
	}
	for len(data) > 0 {
		number, wire, n := protowire.ConsumeTag(data)
		if n < 0 {
			return protowire.ParseError(n)
		}
		data = data[n:]
		if *left--; *left < 0 {
			return errParts
		}
		field := kind.Fields().ByNumber(number)
		if wire != protowire.BytesType || field == nil || field.Message() == nil {
			if n = protowire.ConsumeFieldValue(number, wire, data); n < 0 {
				return protowire.ParseError(n)
			}
			data = data[n:]
			continue
		}
		part, n := protowire.ConsumeBytes(data)
		if n < 0 {
			return protowire.ParseError(n)
		}
		if err := countParts(part, field.Message(), left, depth-1); err != nil {
			return err
		}
		data = data[n:]
	}
	return nil
}
