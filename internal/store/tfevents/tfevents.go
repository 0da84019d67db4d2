// Package tfevents writes scalars to event files that TensorBoard reads. It must not import other packages of this module.
//
// An event file is a sequence of TFRecords, each with an Event of TensorFlow's event.proto.
package tfevents

import (
	"encoding/binary"
	"hash/crc32"
	"io"
	"math"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

// Name is a file name by which TensorBoard knows an event file.
const Name = "events.out.tfevents.finetune"

// Numbers of the fields in event.proto and summary.proto.
const (
	eventWallTime    = 1
	eventStep        = 2
	eventFileVersion = 3
	eventSummary     = 5
	summaryValue     = 1
	valueTag         = 1
	valueSimple      = 2
)

// A Writer writes events to w. The first error of w is returned by every later call.
type Writer struct {
	w   io.Writer
	err error
}

// NewWriter returns a Writer and writes the file's version.
func NewWriter(w io.Writer, at time.Time) (*Writer, error) {
	t := &Writer{w: w}
	event := wallTime(at)
	event = protowire.AppendTag(event, eventFileVersion, protowire.BytesType)
	event = protowire.AppendString(event, "brain.Event:2")
	return t, t.record(event)
}

// Scalar writes the value of a tag at a step. A tag such as "loss/validation" stands under the heading "loss".
func (t *Writer) Scalar(at time.Time, step int, tag string, value float64) error {
	v := protowire.AppendTag(nil, valueTag, protowire.BytesType)
	v = protowire.AppendString(v, tag)
	v = protowire.AppendTag(v, valueSimple, protowire.Fixed32Type)
	v = protowire.AppendFixed32(v, math.Float32bits(float32(value)))
	summary := protowire.AppendTag(nil, summaryValue, protowire.BytesType)
	summary = protowire.AppendBytes(summary, v)

	event := wallTime(at)
	event = protowire.AppendTag(event, eventStep, protowire.VarintType)
	event = protowire.AppendVarint(event, uint64(step))
	event = protowire.AppendTag(event, eventSummary, protowire.BytesType)
	event = protowire.AppendBytes(event, summary)
	return t.record(event)
}

// wallTime begins an event with its time in seconds.
func wallTime(at time.Time) []byte {
	event := protowire.AppendTag(nil, eventWallTime, protowire.Fixed64Type)
	return protowire.AppendFixed64(event, math.Float64bits(float64(at.UnixMicro())/1e6))
}

// record writes a TFRecord: the length, its checksum, the data, their checksum.
func (t *Writer) record(data []byte) error {
	if t.err != nil {
		return t.err
	}
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(data)))
	b = binary.LittleEndian.AppendUint32(b, masked(b))
	b = append(b, data...)
	b = binary.LittleEndian.AppendUint32(b, masked(data))
	_, t.err = t.w.Write(b)
	return t.err
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// masked is TFRecord's checksum: CRC-32C, rotated and shifted so that records can hold records.
func masked(data []byte) uint32 {
	sum := crc32.Checksum(data, castagnoli)
	return (sum>>15 | sum<<17) + 0xa282ead8
}
