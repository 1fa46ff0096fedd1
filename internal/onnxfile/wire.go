package onnxfile

import (
	"errors"
	"fmt"
	"math"

	"google.golang.org/protobuf/encoding/protowire"

	"autodropout/internal/sized"
)

// field is one field of a message: a number, or bytes.
type field struct {
	number protowire.Number
	kind   protowire.Type
	value  uint64 // where it is no bytes
	bytes  []byte
}

// errCut is the error of bytes that are no message.
var errCut = errors.New("it is no file of ONNX, or damaged, or cut short")

// reader reads messages within a budget.
type reader struct {
	budget   *sized.Budget
	external *external
}

// each calls f for every field of a message.
func (r *reader) each(message []byte, f func(field) error) error {
	for len(message) > 0 {
		if err := r.budget.Work(16); err != nil {
			return err
		}
		number, kind, n := protowire.ConsumeTag(message)
		if n < 0 {
			return errCut
		}
		message = message[n:]
		part := field{number: number, kind: kind}
		switch kind {
		case protowire.VarintType:
			part.value, n = protowire.ConsumeVarint(message)
		case protowire.Fixed32Type:
			var v uint32
			v, n = protowire.ConsumeFixed32(message)
			part.value = uint64(v)
		case protowire.Fixed64Type:
			part.value, n = protowire.ConsumeFixed64(message)
		case protowire.BytesType:
			part.bytes, n = protowire.ConsumeBytes(message)
		default: // groups, which the format does not have
			return errCut
		}
		if n < 0 {
			return errCut
		}
		message = message[n:]
		if err := f(part); err != nil {
			return err
		}
	}
	return nil
}

// text returns a field of text.
func (r *reader) text(f field) (string, error) {
	if f.kind != protowire.BytesType {
		return "", errCut
	}
	return string(f.bytes), r.budget.Keep(int64(len(f.bytes)) + 16)
}

// numbers adds the numbers of a repeated field, one or a packed run of them, to list.
// size is that of one in the list, in bytes; of each, the bits of kind are given to f.
func numbers[T any](r *reader, list []T, f field, kind protowire.Type, size int, convert func(uint64) T) ([]T, error) {
	if f.kind == kind {
		return append(list, convert(f.value)), r.budget.Keep(int64(2 * size))
	}
	if f.kind != protowire.BytesType {
		return nil, errCut
	}
	if err := r.budget.Keep(int64(size) * int64(count(f.bytes, kind))); err != nil {
		return nil, err
	}
	for b := f.bytes; len(b) > 0; {
		var v uint64
		var n int
		switch kind {
		case protowire.VarintType:
			v, n = protowire.ConsumeVarint(b)
		case protowire.Fixed32Type:
			var w uint32
			w, n = protowire.ConsumeFixed32(b)
			v = uint64(w)
		case protowire.Fixed64Type:
			v, n = protowire.ConsumeFixed64(b)
		}
		if n < 0 {
			return nil, errCut
		}
		b, list = b[n:], append(list, convert(v))
	}
	return list, nil
}

// count is how many numbers a packed run has at most, which append may round up.
func count(b []byte, kind protowire.Type) int {
	switch kind {
	case protowire.Fixed32Type:
		return len(b) / 2
	case protowire.Fixed64Type:
		return len(b) / 4
	}
	return 2 * len(b)
}

func toInt64(v uint64) int64     { return int64(v) }
func toFloat32(v uint64) float32 { return math.Float32frombits(uint32(v)) }
func toFloat64(v uint64) float32 { return float32(math.Float64frombits(v)) }

// named puts the name of a part in front of an error.
func named(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", fmt.Sprintf(format, args...), err)
}
