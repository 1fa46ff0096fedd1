package simd

import "autodropout/internal/race"

// The column sums below add blocks of sumRows rows: within a block row by row,
// starting from 0, and then the block's sum to dst. So rounding errors grow with
// the number of blocks rather than of rows, and the accumulators of a block
// stay in registers.

// sumRows is the number of rows that are summed before they meet dst.
const sumRows = 128

// sumCols is the number of columns one assembly call is given at most.
const sumCols = maxCall / sumRows

// SumRows sets dst[j] += sum over r of x[r,j].
func SumRows(dst, x []float32, rows int) {
	c := len(dst)
	x = x[:rows*c]
	for ; rows > 0; rows -= sumRows {
		r := min(rows, sumRows)
		for j := 0; j < c; j += sumCols {
			k := min(j+sumCols, c)
			race.Write(dst[j:k])
			race.ReadRows(x[j:], r, k-j, c)
			sumBlock(dst[j:k], x[j:r*c], c, r)
		}
		x = x[r*c:]
	}
}

// SumMomentsRows adds the first two moments of every column about shift:
//
//	sum[j]   += sum over r of x[r,j]-shift[j]
//	sumsq[j] += sum over r of (x[r,j]-shift[j])**2
//
// With a shift near the mean, sumsq/n - (sum/n)**2 is an accurate variance.
func SumMomentsRows(sum, sumsq, x []float32, rows int, shift []float32) {
	c := len(sum)
	sumsq, shift, x = sumsq[:c], shift[:c], x[:rows*c]
	for ; rows > 0; rows -= sumRows {
		r := min(rows, sumRows)
		for j := 0; j < c; j += sumCols {
			k := min(j+sumCols, c)
			race.Write(sum[j:k])
			race.Write(sumsq[j:k])
			race.Read(shift[j:k])
			race.ReadRows(x[j:], r, k-j, c)
			momentsBlock(sum[j:k], sumsq[j:k], x[j:r*c], shift[j:k], c, r)
		}
		x = x[r*c:]
	}
}

// SumDotRows adds the two column sums that the gradient of a batch
// normalisation needs:
//
//	sum[j] += sum over r of dy[r,j]
//	dot[j] += sum over r of dy[r,j]*(x[r,j]-shift[j])
//
// where shift is usually the mean of x.
func SumDotRows(sum, dot, dy, x, shift []float32, rows int) {
	c := len(sum)
	dot, shift, dy, x = dot[:c], shift[:c], dy[:rows*c], x[:rows*c]
	for ; rows > 0; rows -= sumRows {
		r := min(rows, sumRows)
		for j := 0; j < c; j += sumCols {
			k := min(j+sumCols, c)
			readSumDot(sum[j:k], dot[j:k], dy[j:], x[j:], shift[j:k], c, r)
			sumDotBlock(sum[j:k], dot[j:k], dy[j:r*c], x[j:r*c], shift[j:k], c, r)
		}
		dy, x = dy[r*c:], x[r*c:]
	}
}

// readSumDot tells the race detector what a block of SumDotRows touches.
func readSumDot(sum, dot, dy, x, shift []float32, stride, rows int) {
	race.Write(sum)
	race.Write(dot)
	race.Read(shift)
	race.ReadRows(dy, rows, len(sum), stride)
	race.ReadRows(x, rows, len(sum), stride)
}

// MaskSumDotRows is SumDotRows with dy times factor where its bit is set and 0
// elsewhere. Element (r, j) has bit r*c+j, as in ScaleShiftReLURows.
func MaskSumDotRows(sum, dot, dy, x, shift []float32, bits []uint32, factor float32, rows int) {
	c := len(sum)
	dot, shift, dy, x, bits = dot[:c], shift[:c], dy[:rows*c], x[:rows*c], bits[:maskWords(rows*c)]
	for ; rows > 0; rows -= sumRows {
		r := min(rows, sumRows)
		for j := 0; j < c; j += sumCols {
			k := min(j+sumCols, c)
			readSumDot(sum[j:k], dot[j:k], dy[j:], x[j:], shift[j:k], c, r)
			race.Read(bits)
			maskSumDotBlock(sum[j:k], dot[j:k], dy[j:r*c], x[j:r*c], shift[j:k], bits[j/32:], factor, c, r)
		}
		dy, x, bits = dy[r*c:], x[r*c:], bits[r*c/32:]
	}
}
