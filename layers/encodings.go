package layers

import "math"

// DistanceEncodings returns the encodings of the distances count-1 down to 0, a
// (count, width) array with rows as [PositionEncodings] has them.
func DistanceEncodings(count, width int) []float32 {
	e := make([]float32, count*width)
	for i := range count {
		encode(e[i*width:(i+1)*width], count-1-i)
	}
	return e
}

// PositionEncodings returns the encodings of the positions first, first+1, ..., a
// (count, width) array: sines of the position in the first half of a row and
// cosines in the second, at wavelengths from 2π towards 10000·2π in geometric
// progression (Vaswani et al., arXiv 1706.03762, section 3.5). width is even.
func PositionEncodings(first, count, width int) []float32 {
	e := make([]float32, count*width)
	for i := range count {
		encode(e[i*width:(i+1)*width], first+i)
	}
	return e
}

// encode sets row to the encoding of a position.
func encode(row []float32, position int) {
	half := len(row) / 2
	for i := range half {
		frequency := math.Pow(10000, -float64(i)/float64(half))
		sin, cos := math.Sincos(float64(position) * frequency)
		row[i], row[half+i] = float32(sin), float32(cos)
	}
}
