//go:build !purego

package simd

import "autodropout/internal/race"

func gemmTaps(count, m, n int, a *Taps, aNext int, b []float32, ldb int, c []float32, ldc, cNext int, accumulate bool) {
	if !useNEON {
		gemmTapsGeneric(count, m, n, a, aNext, b, ldb, c, ldc, cNext, accumulate)
		return
	}
	race.ReadRows(b, a.columns(), n, ldb)
	beta := float32(0)
	if accumulate {
		beta = 1
	}
	cols := n
	if n < 4 { // less than a vector
		cols = 1
	}
	height, tall, short := tapsTiles(m, gemmSizes().mr)
	for p := range count {
		a.race(p*aNext, m, 1)
		race.WriteRows(c[p*cNext:], m, n, ldc)
		rows, tiles := height, tall
		for i := 0; i < m; {
			for j := 0; j < n; j += cols {
				gemmTilesNEON(tiles, rows, cols, len(a.Offsets), a.Run, &a.Data[p*aNext+i*a.Row], &a.Offsets[0], rows*a.Row, a.Row, a.Col, &b[j], ldb, &c[p*cNext+i*ldc+j], ldc, 1, beta)
			}
			i += rows * tiles
			rows, tiles = rows-1, short
		}
	}
}

// depthwiseTaps takes four rows at once.
func depthwiseTaps(m, n int, a *Taps, b []float32, ldb int, c []float32, ldc int, accumulate bool) {
	if !useNEON {
		depthwiseTapsGeneric(m, n, a, b, ldb, c, ldc, accumulate)
		return
	}
	a.race(0, m, n)
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
