package dropout

import (
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
	d := &Dropout{threshold: 20000}
	benchmarkMask(b, 32*32*32, func(keep []uint32, pos int, ctr [4]uint32) {
		d.drop(keep, pos, 32*32*32, ctr, [2]uint32{1, 2})
	})
}

func BenchmarkSpatialDropout(b *testing.B) {
	benchmarkMask(b, 32*32*32, func(keep []uint32, pos int, ctr [4]uint32) {
		dropChannels(keep, pos, 32*32, 32, threshold(0.1), ctr, [2]uint32{1, 2})
	})
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
