//go:build !purego

package simd

import "autodropout/internal/race"

// winogradConstants are the constants of the transforms, four to a vector. The
// assembly knows their places.
var winogradConstants = [16]float32{
	winoA, winoB, winoP, winoQ,
	winoA * winoP, winoB * winoQ, 1 / (winoP * winoQ), 0.5,
	winoAlpha, winoAlpha * winoA, winoAlpha * winoP, 0,
	winoBeta, winoBeta * winoB, winoBeta * winoQ, 0,
}

// winograd leaves up to three elements of every vector to Go, and the maps of last tiles.
func winograd(t WinogradTransform, dst, src Strided, n, count, rows int) {
	whole := 0
	if useNEON && t < WinogradInputLast3 {
		whole = n &^ 3
	}
	if whole > 0 {
		in, out := t.Size()
		for r := range rows {
			race.ReadGroups(src.Data[r*src.Row:], count, src.Next, in, whole, src.Step)
			race.WriteGroups(dst.Data[r*dst.Row:], count, dst.Next, out, whole, dst.Step)
		}
		winogradNEON(int(t), &dst.Data[0], dst.Step, dst.Next, dst.Row, &src.Data[0], src.Step, src.Next, src.Row, whole, count, rows, &winogradConstants)
	}
	if whole < n {
		dst.Data, src.Data = dst.Data[whole:], src.Data[whole:]
		winogradGeneric(t, dst, src, n-whole, count, rows)
	}
}

// fetch may ask for lines to be brought into the second-level cache. This
// processor foresees the order better.
func fetch(x []float32, step, lines, rows int) {}
