//go:build !purego

package simd

import "autodropout/internal/race"

func winograd(t WinogradTransform, dst, src Strided, n, count, rows int) {
	if !useAVX2 {
		winogradGeneric(t, dst, src, n, count, rows)
		return
	}
	in, out := t.Size()
	for r := range rows {
		race.ReadGroups(src.Data[r*src.Row:], count, src.Next, in, n, src.Step)
		race.WriteGroups(dst.Data[r*dst.Row:], count, dst.Next, out, n, dst.Step)
	}
	if useAVX512 {
		winogradAVX512(int(t), &dst.Data[0], dst.Step, dst.Next, dst.Row, &src.Data[0], src.Step, src.Next, src.Row, n, count, rows)
	} else {
		winogradAVX2(int(t), &dst.Data[0], dst.Step, dst.Next, dst.Row, &src.Data[0], src.Step, src.Next, src.Row, n, count, rows)
	}
}

// fetch asks for the lines of rows that start step elements apart to be brought
// into the second-level cache.
func fetch(x []float32, step, lines, rows int) { fetchLines(&x[0], step, lines, rows) }

//go:noescape
func fetchLines(p *float32, step, lines, rows int)
