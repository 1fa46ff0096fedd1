package main

import (
	"context"
	"fmt"
	"time"

	"autodropout/autograd"
	"autodropout/internal/parallel"
	"autodropout/ops"
	"autodropout/simd"
)

// gemmShape is a product of op(A) (m x k) and op(B) (k x n).
type gemmShape struct {
	Use    string `json:"use"` // the model or layer with such a product, or "square"
	M      int    `json:"m"`
	N      int    `json:"n"`
	K      int    `json:"k"`
	TransA bool   `json:"trans_a"`
	TransB bool   `json:"trans_b"`
}

func (s gemmShape) name() string {
	return fmt.Sprintf("gemm-%s-%dx%dx%d", s.letters(), s.M, s.N, s.K)
}

// letters names the transposition as BLAS users do: "nn", "nt", "tn".
func (s gemmShape) letters() string {
	letter := map[bool]string{false: "n", true: "t"}
	return letter[s.TransA] + letter[s.TransB]
}

func (s gemmShape) flops() float64 { return 2 * float64(s.M) * float64(s.N) * float64(s.K) }

// gemmShapes returns squares, and the products of Wide ResNets, ResNet-50 and
// Transformer-XL with both gradients.
func gemmShapes() []gemmShape {
	var shapes []gemmShape
	for _, n := range []int{64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048} {
		shapes = append(shapes, gemmShape{Use: "square", M: n, N: n, K: n})
	}
	for _, n := range []int{256, 512, 1024, 2048} {
		shapes = append(shapes,
			gemmShape{Use: "square", M: n, N: n, K: n, TransB: true},
			gemmShape{Use: "square", M: n, N: n, K: n, TransA: true})
	}
	const pixels = 1024 // an image of a WRN's first stage
	for _, c := range []int{16, 32, 64, 128, 160, 256, 320, 640} {
		shapes = append(shapes, convolutionShapes("conv3x3", pixels, 9*c, c)...)
	}
	for _, s := range [][2]int{{16, 32}, {32, 64}, {64, 128}, {16, 160}, {160, 320}, {320, 640}} {
		shapes = append(shapes, gemmShape{Use: "shortcut", M: pixels, N: s[1], K: s[0]})
	}
	shapes = append(shapes, linearShapes("classifier", 64, 640, 10)...)
	for _, s := range [][3]int{
		{56 * 56, 64, 64}, {56 * 56, 64, 256}, {56 * 56, 256, 64}, {4 * 28 * 28, 512, 128}, {4 * 28 * 28, 128, 512},
		{8 * 14 * 14, 1024, 256}, {8 * 14 * 14, 256, 1024}, {8 * 7 * 7, 2048, 512}, {8 * 7 * 7, 512, 2048},
	} {
		shapes = append(shapes, convolutionShapes("resnet50", s[0], s[1], s[2])...)
	}
	for _, s := range [][2]int{{380, 380}, {380, 900}, {900, 380}, {380, 10000}} {
		shapes = append(shapes, linearShapes("txl-ptb", 10*70, s[0], s[1])...)
	}
	for _, s := range [][2]int{{400, 400}, {400, 900}, {900, 400}, {400, 33278}} {
		shapes = append(shapes, linearShapes("txl-wt2", 8*150, s[0], s[1])...)
	}
	return shapes
}

// convolutionShapes returns the products of a convolution whose input is gathered
// into a matrix (pixels, in), with weights (in, out).
func convolutionShapes(use string, pixels, in, out int) []gemmShape {
	return []gemmShape{
		{Use: use, M: pixels, N: out, K: in},
		{Use: use + " dX", M: pixels, N: in, K: out, TransB: true},
		{Use: use + " dW", M: in, N: out, K: pixels, TransA: true},
	}
}

// linearShapes returns the products of a linear layer with weights (out, in).
func linearShapes(use string, rows, in, out int) []gemmShape {
	return []gemmShape{
		{Use: use, M: rows, N: out, K: in, TransB: true},
		{Use: use + " dX", M: rows, N: in, K: out},
		{Use: use + " dW", M: out, N: in, K: rows, TransA: true},
	}
}

// measureGemms measures the products: on one thread the kernel itself, on more
// the operation that shares it out.
func (c *config) measureGemms(ctx context.Context, p *printer) error {
	p.title("Matrix products", "%-14s %4s %6s %6s %6s", "use", "op", "m", "n", "k")
	for _, s := range c.gemms {
		const least = 20e6 // operations, enough for the clock
		repeats := 1 + int(least/s.flops())
		k := s.kernel(repeats)
		if c.threads > 1 {
			k = s.operation(repeats)
		}
		k.warmUp()
		speed, err := measure(ctx, k, float64(repeats)*s.flops(), c.rounds, c.round)
		if err != nil {
			return err
		}
		r := c.result(s.name(), speed)
		r.gemmShape = &s
		if err := p.print(r, fmt.Sprintf("%-14s %4s %6d %6d %6d", s.Use, s.letters(), s.M, s.N, s.K)); err != nil {
			return err
		}
	}
	return nil
}

// kernel returns repeated calls of simd.Gemm.
func (s gemmShape) kernel(repeats int) kernel {
	a, b, c := uniform(s.M*s.K), uniform(s.K*s.N), make([]float32, s.M*s.N)
	lda, ldb := s.K, s.N
	if s.TransA {
		lda = s.M
	}
	if s.TransB {
		ldb = s.K
	}
	return func() (spent time.Duration) {
		parallel.ForScratch(1, simd.GemmWork(s.M, s.N, s.K), func(_ int, work []float32) {
			start := time.Now()
			for range repeats {
				simd.Gemm(s.TransA, s.TransB, s.M, s.N, s.K, 1, a, lda, b, ldb, 0, c, s.N, work)
			}
			spent = time.Since(start)
		})
		return spent
	}
}

// operation returns repeated calls of ops.MatMul.
func (s gemmShape) operation(repeats int) kernel {
	tape := autograd.NewInference()
	rowsA, colsA, rowsB, colsB := s.M, s.K, s.K, s.N
	if s.TransA {
		rowsA, colsA = colsA, rowsA
	}
	if s.TransB {
		rowsB, colsB = colsB, rowsB
	}
	a := tape.Input(uniform(s.M*s.K), rowsA, colsA)
	b := tape.Input(uniform(s.K*s.N), rowsB, colsB)
	return func() time.Duration {
		start := time.Now()
		for range repeats {
			tape.Reset()
			ops.MatMul(a, b, ops.MatMulSpec{TransA: s.TransA, TransB: s.TransB})
		}
		return time.Since(start)
	}
}
