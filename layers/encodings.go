package layers

import "math"

// DistanceEncodings returns the encodings of the distances count-1 down to 0, a
// (count, width) array with rows as [PositionEncodings] has them.
func DistanceEncodings(count, width int) []float32 {
	return encodings(count, width, func(i int) int { return count - 1 - i })
}

// PositionEncodings returns the encodings of the positions first, first+1, ..., a
// (count, width) array: sines of the position in the first half of a row and
// cosines in the second, at wavelengths from 2π towards 10000·2π in geometric
// progression (Vaswani et al., arXiv 1706.03762, section 3.5). width is even.
func PositionEncodings(first, count, width int) []float32 {
	return encodings(count, width, func(i int) int { return first + i })
}

// encodings returns count rows with the encodings of positions.
func encodings(count, width int, position func(row int) int) []float32 {
	half := width / 2
	frequencies := make([]float64, half)
	for i := range frequencies {
		frequencies[i] = math.Pow(10000, -float64(i)/float64(half))
	}
	e := make([]float32, count*width)
	for r := range count {
		row, at := e[r*width:(r+1)*width], float64(position(r))
		for i, f := range frequencies {
			sin, cos := math.Sincos(at * f)
			row[i], row[half+i] = float32(sin), float32(cos)
		}
	}
	return e
}
