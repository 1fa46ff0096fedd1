package dropout

import (
	"fmt"
	"testing"

	"autodropout/simd"
)

// The share of a training step that masks take is decided by time per element
// at the sizes of WRN-28-2.
func BenchmarkPattern(b *testing.B) {
	for _, bench := range []struct {
		name    string
		pattern BlockPattern
		side, c int
	}{
		{"axis-aligned/32x32x32", BlockPattern{Size: 0.25, Stride: 0.25, Repeat: 2}, 32, 32},
		{"axis-aligned/32x32x16", BlockPattern{Size: 0.25, Stride: 0.25, Repeat: 2}, 32, 16},
		{"axis-aligned/8x8x128", BlockPattern{Size: 0.25, Stride: 0.25, Repeat: 2}, 8, 128},
		{"rotated/32x32x32", BlockPattern{Size: 0.25, Stride: 0.25, Repeat: 8, Rotate: 30, ShearX: 0.2}, 32, 32},
		{"shared/32x32x32", BlockPattern{Size: 0.25, Stride: 0.25, Repeat: 8, ShareC: true}, 32, 32},
	} {
		b.Run(bench.name, func(b *testing.B) {
			t := newTiling(bench.pattern, bench.side, bench.side)
			benchmarkMask(b, bench.side*bench.side*bench.c, func(keep []uint32, pos int, ctr [4]uint32) {
				t.drop(keep, pos, bench.c, ctr, [2]uint32{1, 2})
			})
		})
	}
}

func BenchmarkDropBlock(b *testing.B) {
	blocks := newBlockSeeds(7, 0.1, 32, 32, 32)
	benchmarkMask(b, 32*32*32, func(keep []uint32, pos int, ctr [4]uint32) {
		blocks.drop(keep, pos, ctr, [2]uint32{1, 2})
	})
}

func BenchmarkDropout(b *testing.B) {
	benchmarkMask(b, 32*32*32, func(keep []uint32, pos int, ctr [4]uint32) {
		dropElements(keep, pos, 32*32*32, 20000, ctr, [2]uint32{1, 2})
	})
}

func BenchmarkSpatialDropout(b *testing.B) {
	benchmarkMask(b, 32*32*32, func(keep []uint32, pos int, ctr [4]uint32) {
		dropChannels(keep, pos, 32*32, 32, threshold(0.1), ctr, [2]uint32{1, 2})
	})
}

// Masks at the sizes of Transformer-XL on the Penn Treebank, with 70 words of
// extended context.
func BenchmarkTokens(b *testing.B) {
	for _, pattern := range []TokenPattern{
		{Size: 1, Drop: 0.3},
		{Size: 4, Stride: 2, Drop: 0.3},
		{Size: maxTokens, ShareT: true, Drop: 0.3},
		{Size: 2, ShareT: true, Drop: 0.3},
		{Size: 4, Stride: 2, ShareC: true, Drop: 0.3},
	} {
		policy := sequencePolicy(b, pattern)
		for site, shape := range map[string][]int{"0.query": {10, 140, 380}, "0.probability": {10, 10, 140, 140}} {
			b.Run(fmt.Sprint(pattern, "/", site), func(b *testing.B) {
				size := 1
				for _, extent := range shape {
					size *= extent
				}
				keep := make([]uint32, (size+31)/32)
				b.ReportAllocs()
				for b.Loop() {
					policy.Mask(site, shape, Stream{})(keep)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(size), "ns/element")
			})
		}
	}
}

// BenchmarkMaskScale is the use of a mask, for comparison.
func BenchmarkMaskScale(b *testing.B) {
	const n = 64 * 32 * 32 * 32
	x, y, keep := make([]float32, n), make([]float32, n), make([]uint32, n/32)
	for b.Loop() {
		simd.MaskScale(y, x, keep, 1.5)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/element")
}

func benchmarkMask(b *testing.B, size int, drop func([]uint32, int, [4]uint32)) {
	const n = 64
	keep := make([]uint32, n*size/32)
	b.ReportAllocs()
	for b.Loop() {
		fill(keep, n, size, Stream{}, drop)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n*size), "ns/element")
}
