package simd

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
	"unsafe"
)

// benchmarkGemm reports GFLOPS, and the percentage of the ceiling, both from the
// fastest repetition: other programs may have the core during some of them.
func benchmarkGemm(b *testing.B, transA, transB bool, m, n, k int, beta float32) {
	rng := rand.New(rand.NewPCG(1, 2))
	lda, ldb := k, n
	if transA {
		lda = m
	}
	if transB {
		ldb = k
	}
	x, y, c := uniform(rng, m*k), uniform(rng, k*n), make([]float32, m*n)
	work := alignedWork(GemmWork(m, n, k))
	flops := 2 * m * n * k
	calls := 1 + 10_000_000/flops // enough for the clock
	var speed, ceiling float64
	for b.Loop() {
		ceiling = max(ceiling, flopsPerSecond(func() int { return FMALoop(10_000) }))
		speed = max(speed, flopsPerSecond(func() int {
			for range calls {
				Gemm(transA, transB, m, n, k, 1, x, lda, y, ldb, beta, c, n, work)
			}
			return calls * flops
		}))
	}
	b.ReportMetric(speed/1e9, "GFLOPS")
	b.ReportMetric(100*speed/ceiling, "%ceiling")
	b.ReportMetric(0, "ns/op")
}

func flopsPerSecond(run func() int) float64 {
	start := time.Now()
	flops := run()
	return float64(flops) / time.Since(start).Seconds()
}

func uniform(rng *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = rng.Float32()*2 - 1
	}
	return x
}

// alignedWork returns n float32s that start on a 64-byte boundary.
func alignedWork(n int) []float32 {
	work := make([]float32, n+15)
	skip := -int(uintptr(unsafe.Pointer(&work[0]))/4) & 15
	return work[skip:][:n]
}

func BenchmarkGemm(b *testing.B) {
	for _, n := range []int{64, 128, 256, 512, 1024, 2048} {
		b.Run(fmt.Sprintf("n=%d", n), func(b *testing.B) { benchmarkGemm(b, false, false, n, n, n, 0) })
	}
}

func BenchmarkGemmTransposed(b *testing.B) {
	for _, t := range []struct {
		name           string
		transA, transB bool
	}{{"nt", false, true}, {"tn", true, false}, {"tt", true, true}} {
		b.Run(t.name+"/n=512", func(b *testing.B) { benchmarkGemm(b, t.transA, t.transB, 512, 512, 512, 0) })
	}
}

// The shapes of 3x3 convolutions: m pixels, n output channels, k = 9 channels.
func BenchmarkGemmConv(b *testing.B) {
	for _, n := range []int{16, 32, 64, 128} {
		for _, k := range []int{27, 144, 576, 1152} {
			b.Run(fmt.Sprintf("m=256/n=%d/k=%d", n, k), func(b *testing.B) { benchmarkGemm(b, false, false, 256, n, k, 0) })
		}
	}
}

// The products of linear layers, forward and for both gradients: of the
// Transformer-XL of Penn Treebank (10 x 70 words), and of 1x1 convolutions of
// ResNet-50.
func BenchmarkGemmLinear(b *testing.B) {
	for _, s := range [][3]int{{700, 380, 380}, {700, 380, 900}, {700, 900, 380}, {700, 380, 10000}, {3136, 64, 256}, {1568, 1024, 256}, {392, 512, 2048}} {
		rows, in, out := s[0], s[1], s[2]
		name := fmt.Sprintf("rows=%d/in=%d/out=%d", rows, in, out)
		b.Run("forward/"+name, func(b *testing.B) { benchmarkGemm(b, false, true, rows, out, in, 0) })
		b.Run("dX/"+name, func(b *testing.B) { benchmarkGemm(b, false, false, rows, in, out, 0) })
		b.Run("dW/"+name, func(b *testing.B) { benchmarkGemm(b, true, false, out, in, rows, 0) })
	}
}

func BenchmarkFMALoop(b *testing.B) {
	speed := 0.0
	for b.Loop() {
		speed = max(speed, flopsPerSecond(func() int { return FMALoop(10_000) }))
	}
	b.ReportMetric(speed/1e9, "GFLOPS")
}
