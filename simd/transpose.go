package simd

import (
	"fmt"

	"autodropout/internal/race"
)

// Transpose copies a matrix of rows x cols elements to its transpose: it sets
// dst[j*dstRow+i] = src[i*srcRow+j]. dst must not overlap src.
func Transpose(dst []float32, dstRow int, src []float32, srcRow int, rows, cols int) {
	if rows <= 0 || cols <= 0 {
		return
	}
	if srcRow < cols || dstRow < rows {
		panic(fmt.Sprintf("simd: Transpose: rows of %d and %d elements start every %d and %d", cols, rows, srcRow, dstRow))
	}
	if len(src) < (rows-1)*srcRow+cols || len(dst) < (cols-1)*dstRow+rows {
		panic(fmt.Sprintf("simd: Transpose: %d and %d elements are too few", len(src), len(dst)))
	}
	race.ReadRows(src, rows, cols, srcRow)
	race.WriteRows(dst, cols, rows, dstRow)
	const block = 64 // columns, so that lines of dst are written to the end while in cache
	for j := 0; j < cols; j += block {
		n := min(block, cols-j)
		i := 0
		for ; i+8 <= rows; i += 8 {
			gemmTranspose8(dst[j*dstRow+i:], dstRow, src[i*srcRow+j:], srcRow, n)
		}
		for ; i < rows; i++ {
			for k, x := range src[i*srcRow+j:][:n] {
				dst[(j+k)*dstRow+i] = x
			}
		}
	}
}
