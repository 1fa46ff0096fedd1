//go:build !purego

package simd

import "autodropout/internal/race"

// depthwiseRows is the number of rows of the largest tile of depthwiseTaps, and
// depthwiseNineRows that from which on nine elements of B are worth registers.
const depthwiseRows, depthwiseNineRows = 8, 4

func gemmTaps(count, m, n int, a *Taps, aNext int, b []float32, ldb int, c []float32, ldc, cNext int, accumulate bool) {
	if !useAVX2 {
		gemmTapsGeneric(count, m, n, a, aNext, b, ldb, c, ldc, cNext, accumulate)
		return
	}
	race.ReadRows(b, a.columns(), n, ldb)
	height, tall, short := tapsTiles(m, gemmSizes().mr)
	for p := range count {
		a.race(p*aNext, m, 1)
		race.WriteRows(c[p*cNext:], m, n, ldc)
		rows, tiles := height, tall
		for i := 0; i < m; {
			x, y := &a.Data[p*aNext+i*a.Row], &c[p*cNext+i*ldc]
			if useAVX512 {
				gemmTapsAVX512(rows, tiles, n, len(a.Offsets), a.Run, x, &a.Offsets[0], a.Row, a.Col, &b[0], ldb, y, ldc, accumulate)
			} else {
				gemmTapsAVX2(rows, tiles, n, len(a.Offsets), a.Run, x, &a.Offsets[0], a.Row, a.Col, &b[0], ldb, y, ldc, accumulate)
			}
			i += rows * tiles
			rows, tiles = rows-1, short
		}
	}
}

func depthwiseTaps(m, n int, a *Taps, b []float32, ldb int, c []float32, ldc int, accumulate bool) {
	if !useAVX2 {
		depthwiseTapsGeneric(m, n, a, b, ldb, c, ldc, accumulate)
		return
	}
	a.race(0, m, n)
	race.ReadRows(b, a.columns(), n, ldb)
	race.WriteRows(c, m, n, ldc)
	if len(a.Offsets) == 3 && a.Run == 3 && m >= depthwiseNineRows && !accumulate {
		if useAVX512 {
			depthwiseNineAVX512(m, n, &a.Data[0], &a.Offsets[0], a.Row, a.Col, &b[0], ldb, &c[0], ldc)
		} else {
			depthwiseNineAVX2(m, n, &a.Data[0], &a.Offsets[0], a.Row, a.Col, &b[0], ldb, &c[0], ldc)
		}
		return
	}
	height, tall, short := tapsTiles(m, depthwiseRows)
	for i := 0; i < m; {
		x, y := &a.Data[i*a.Row], &c[i*ldc]
		if useAVX512 {
			depthwiseTapsAVX512(height, tall, n, len(a.Offsets), a.Run, x, &a.Offsets[0], a.Row, a.Col, &b[0], ldb, y, ldc, accumulate)
		} else {
			depthwiseTapsAVX2(height, tall, n, len(a.Offsets), a.Run, x, &a.Offsets[0], a.Row, a.Col, &b[0], ldb, y, ldc, accumulate)
		}
		i += height * tall
		height, tall = height-1, short
	}
}
