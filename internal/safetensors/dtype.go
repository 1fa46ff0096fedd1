package safetensors

import (
	"encoding/binary"
	"math"
)

// dtype is an element type: its size in bytes and its value as a float32.
type dtype struct {
	size  int
	value func(b []byte) float32
}

var le = binary.LittleEndian

var dtypes = map[string]dtype{
	"F64":  {8, func(b []byte) float32 { return float32(math.Float64frombits(le.Uint64(b))) }},
	"F32":  {4, func(b []byte) float32 { return math.Float32frombits(le.Uint32(b)) }},
	"F16":  {2, func(b []byte) float32 { return halfToFloat(le.Uint16(b)) }},
	"BF16": {2, func(b []byte) float32 { return math.Float32frombits(uint32(le.Uint16(b)) << 16) }},
	"U64":  {8, func(b []byte) float32 { return float32(le.Uint64(b)) }},
	"U32":  {4, func(b []byte) float32 { return float32(le.Uint32(b)) }},
	"U16":  {2, func(b []byte) float32 { return float32(le.Uint16(b)) }},
	"I64":  {8, func(b []byte) float32 { return float32(int64(le.Uint64(b))) }},
	"I32":  {4, func(b []byte) float32 { return float32(int32(le.Uint32(b))) }},
	"I16":  {2, func(b []byte) float32 { return float32(int16(le.Uint16(b))) }},
	"I8":   {1, func(b []byte) float32 { return float32(int8(b[0])) }},
	"U8":   {1, func(b []byte) float32 { return float32(b[0]) }},
	"BOOL": {1, func(b []byte) float32 { return float32(b[0]) }},
}

// Size returns the bytes of an element of a type such as "F32", 0 for a type that is not
// supported.
func Size(name string) int { return dtypes[name].size }

// Decode converts little-endian elements of a supported type to float32.
func Decode(name string, raw []byte) []float32 { return dtypes[name].decode(raw) }

// decode converts raw bytes to float32.
func (d dtype) decode(raw []byte) []float32 {
	data := make([]float32, len(raw)/d.size)
	for i := range data {
		data[i] = d.value(raw[i*d.size:])
	}
	return data
}

// halfToFloat converts an IEEE 754 binary16 number.
func halfToFloat(h uint16) float32 {
	sign := uint32(h&0x8000) << 16
	exponent := uint32(h >> 10 & 0x1f)
	fraction := uint32(h & 0x3ff)
	switch exponent {
	case 0: // zero and subnormal numbers: a multiple of 2^-24
		v := float32(fraction) / (1 << 24)
		return math.Float32frombits(math.Float32bits(v) | sign)
	case 0x1f: // infinity and NaN
		return math.Float32frombits(sign | 0x7f800000 | fraction<<13)
	}
	return math.Float32frombits(sign | (exponent+112)<<23 | fraction<<13)
}
