//go:build !purego

package simd

import "autodropout/internal/race"

func winograd(t WinogradTransform, dst, src Strided, n, count int) {
	if !useAVX2 {
		winogradGeneric(t, dst, src, n, count)
		return
	}
	in, out := t.Size()
	race.ReadGroups(src.Data, count, src.Next, in, n, src.Step)
	race.WriteGroups(dst.Data, count, dst.Next, out, n, dst.Step)
	if useAVX512 {
		winogradAVX512(int(t), &dst.Data[0], dst.Step, dst.Next, &src.Data[0], src.Step, src.Next, n, count)
	} else {
		winogradAVX2(int(t), &dst.Data[0], dst.Step, dst.Next, &src.Data[0], src.Step, src.Next, n, count)
	}
}

//go:noescape
func winogradAVX512(transform int, dst *float32, dstStep, dstNext int, src *float32, srcStep, srcNext int, n, count int)

//go:noescape
func winogradAVX2(transform int, dst *float32, dstStep, dstNext int, src *float32, srcStep, srcNext int, n, count int)
