//go:build !purego

package simd

import "autodropout/internal/race"

func gemmTaps(m, n int, a *Taps, b []float32, ldb int, c []float32, ldc int, accumulate bool) {
	if !useNEON {
		gemmTapsGeneric(m, n, a, b, ldb, c, ldc, accumulate)
		return
	}
	a.race(m, 1)
	race.ReadRows(b, a.columns(), n, ldb)
	race.WriteRows(c, m, n, ldc)
	beta := float32(0)
	if accumulate {
		beta = 1
	}
	cols := n
	if n < 4 { // less than a vector
		cols = 1
	}
	height, tall, short := tapsTiles(m, gemmSizes().mr)
	for i := 0; i < m; {
		for j := 0; j < n; j += cols {
			gemmTilesNEON(tall, height, cols, len(a.Offsets), a.Run, &a.Data[i*a.Row], &a.Offsets[0], height*a.Row, a.Row, a.Col, &b[j], ldb, &c[i*ldc+j], ldc, 1, beta)
		}
		i += height * tall
		height, tall = height-1, short
	}
}

// depthwiseTaps takes four rows at once.
func depthwiseTaps(m, n int, a *Taps, b []float32, ldb int, c []float32, ldc int, accumulate bool) {
	if !useNEON {
		depthwiseTapsGeneric(m, n, a, b, ldb, c, ldc, accumulate)
		return
	}
	a.race(m, n)
	race.ReadRows(b, a.columns(), n, ldb)
	race.WriteRows(c, m, n, ldc)
	whole := m &^ 3
	if whole > 0 {
		depthwiseTaps4NEON(whole, n, len(a.Offsets), a.Run, &a.Data[0], &a.Offsets[0], a.Row, a.Col, &b[0], ldb, &c[0], ldc, accumulate)
	}
	if whole < m {
		depthwiseTapsNEON(m-whole, n, len(a.Offsets), a.Run, &a.Data[whole*a.Row], &a.Offsets[0], a.Row, a.Col, &b[0], ldb, &c[whole*ldc], ldc, accumulate)
	}
}

// depthwiseTaps4NEON takes a multiple of four rows.
//
//go:noescape
func depthwiseTaps4NEON(count, cols, taps, run int, a *float32, offsets *int, row, col int, b *float32, ldb int, c *float32, ldc int, accumulate bool)
