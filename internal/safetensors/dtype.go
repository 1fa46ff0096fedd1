package safetensors

import (
	"encoding/binary"
	"io"
	"math"
	"slices"
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

	// Numbers of eight bits (Micikevicius et al., arXiv 2209.05433), those for
	// finite numbers without a negative zero (arXiv 2206.02915), and powers of two.
	"F8_E5M2":     {1, func(b []byte) float32 { return halfToFloat(uint16(b[0]) << 8) }},
	"F8_E4M3":     {1, func(b []byte) float32 { return eightBits(b[0], b[0]&0x7f == 0x7f, 3, 7) }},
	"F8_E5M2FNUZ": {1, func(b []byte) float32 { return eightBits(b[0], b[0] == 0x80, 2, 16) }},
	"F8_E4M3FNUZ": {1, func(b []byte) float32 { return eightBits(b[0], b[0] == 0x80, 3, 8) }},
	"F8_E8M0": {1, func(b []byte) float32 {
		if b[0] == 0xff {
			return float32(math.NaN())
		}
		return float32(math.Ldexp(1, int(b[0])-127))
	}},
}

// Size returns the bytes of an element of a type such as "F32", 0 for a type that is not
// supported.
func Size(name string) int { return dtypes[name].size }

// Decode reads n elements of a supported type, in the order of bytes that bigEndian
// says, as float32. Whoever calls it knows that there may be as many.
func Decode(r io.Reader, name string, n int, bigEndian bool) ([]float32, error) {
	d := dtypes[name]
	data := make([]float32, n)
	buffer := make([]byte, min(n, 1<<13)*d.size)
	for done := 0; done < n; {
		part := buffer[:min(n-done, 1<<13)*d.size]
		if _, err := io.ReadFull(r, part); err != nil {
			return nil, err
		}
		for at := 0; at < len(part); at += d.size {
			if bigEndian {
				slices.Reverse(part[at : at+d.size])
			}
			data[done] = d.value(part[at:])
			done++
		}
	}
	return data, nil
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

// eightBits converts a number of eight bits that has a sign, no infinity, and a
// fraction of the given number of bits.
func eightBits(b byte, isNaN bool, bits, bias int) float32 {
	if isNaN {
		return float32(math.NaN())
	}
	one := 1 << bits
	fraction, exponent := int(b)&(one-1), int(b&0x7f)>>bits
	if exponent == 0 {
		exponent = 1 // subnormal: no implicit one
	} else {
		fraction += one
	}
	v := math.Ldexp(float64(fraction), exponent-bias-bits)
	return float32(math.Copysign(v, float64(int8(b))))
}
