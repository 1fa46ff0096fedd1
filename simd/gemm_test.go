package simd

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

var nan = float32(math.NaN())

// A gemmCase is one call of Gemm. Rows of A, B and C have gap elements between
// them.
type gemmCase struct {
	transA, transB bool
	m, n, k, gap   int
	alpha, beta    float32
}

func (g gemmCase) String() string {
	return fmt.Sprintf("transA=%t transB=%t m=%d n=%d k=%d gap=%d alpha=%g beta=%g", g.transA, g.transB, g.m, g.n, g.k, g.gap, g.alpha, g.beta)
}

// storedMatrix is a rows x cols matrix inside a larger slice. Whatever is not
// part of the matrix is a canary.
type storedMatrix struct {
	all        []float32
	rows, cols int
	ld         int
}

const margin = 40

func newStored(rng *rand.Rand, rows, cols, gap int, canary float32) storedMatrix {
	s := storedMatrix{rows: rows, cols: cols, ld: cols + gap}
	s.all = make([]float32, 2*margin+max(0, (rows-1)*s.ld+cols))
	for i := range s.all {
		s.all[i] = canary
	}
	for i := range rows {
		for j := range cols {
			s.data()[i*s.ld+j] = rng.Float32()*2 - 1
		}
	}
	return s
}

// data is as short as Gemm allows.
func (s storedMatrix) data() []float32 { return s.all[margin : len(s.all)-margin] }

// strides returns the distances between rows and between columns of op(s).
func (s storedMatrix) strides(transposed bool) (row, col int) {
	if transposed {
		return 1, s.ld
	}
	return s.ld, 1
}

func (s storedMatrix) clone() storedMatrix {
	s.all = append([]float32(nil), s.all...)
	return s
}

func (g gemmCase) operands(rng *rand.Rand) (a, b, c storedMatrix) {
	// A canary of NaN that is read, even to be multiplied by zero, shows.
	a = newStored(rng, g.m, g.k, g.gap, nan)
	if g.transA {
		a = newStored(rng, g.k, g.m, g.gap, nan)
	}
	b = newStored(rng, g.k, g.n, g.gap, nan)
	if g.transB {
		b = newStored(rng, g.n, g.k, g.gap, nan)
	}
	return a, b, newStored(rng, g.m, g.n, g.gap, 12345)
}

func (g gemmCase) run(a, b, c storedMatrix) {
	work := alignedWork(GemmWork(g.m, g.n, g.k))
	for i := range work {
		work[i] = nan
	}
	Gemm(g.transA, g.transB, g.m, g.n, g.k, g.alpha, a.data(), a.ld, b.data(), b.ld, g.beta, c.data(), c.ld, work)
}

// check compares Gemm with sums in float64.
func (g gemmCase) check(t *testing.T, rng *rand.Rand) {
	t.Helper()
	a, b, before := g.operands(rng)
	if g.beta == 0 {
		for i := range g.m {
			for j := range g.n {
				before.data()[i*before.ld+j] = nan // must not survive
			}
		}
	}
	c := before.clone()
	g.run(a, b, c)
	for at := range c.all {
		i, j := (at-margin)/before.ld, (at-margin)%before.ld
		if at < margin || at >= len(c.all)-margin || j >= g.n {
			if c.all[at] != before.all[at] {
				t.Fatalf("%v: wrote outside of C, at %d of %d", g, at-margin, len(c.data()))
			}
			continue
		}
		want, bound := g.reference(a, b, before, i, j)
		if diff := math.Abs(float64(c.all[at]) - want); !(diff <= bound) {
			t.Fatalf("%v: C[%d,%d] = %g, want %g: off by %g, error bound %g", g, i, j, c.all[at], want, diff, bound)
		}
	}
}

// reference returns element (i, j) of the result and a bound on its rounding
// error: Higham, Accuracy and Stability of Numerical Algorithms, section 3.1.
func (g gemmCase) reference(a, b, c storedMatrix, i, j int) (want, bound float64) {
	var sum, magnitude float64
	aRow, aCol := a.strides(g.transA)
	bRow, bCol := b.strides(g.transB)
	x, y := a.data(), b.data()
	for p := range g.k {
		product := float64(x[i*aRow+p*aCol]) * float64(y[p*bRow+j*bCol])
		sum += product
		magnitude += math.Abs(product)
	}
	want, magnitude = float64(g.alpha)*sum, math.Abs(float64(g.alpha))*magnitude
	if g.alpha == 0 {
		want, magnitude = 0, 0
	}
	if g.beta != 0 {
		old := float64(g.beta) * float64(c.data()[i*c.ld+j])
		want += old
		magnitude += math.Abs(old)
	}
	const unit = 1.0 / (1 << 24)
	return want, float64(g.k+4) * unit * magnitude * 1.01
}

// forEachTransposition calls body with the four combinations.
func forEachTransposition(body func(transA, transB bool)) {
	for i := range 4 {
		body(i&1 != 0, i&2 != 0)
	}
}

// Every tile there is, with and without gaps between rows.
func TestGemmTiles(t *testing.T) {
	forEachTier(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(1, 1))
		s := gemmSizes()
		for m := 1; m <= s.mr+1; m++ {
			for n := 1; n <= s.nr+1; n++ {
				for _, k := range []int{1, 5} {
					forEachTransposition(func(transA, transB bool) {
						gemmCase{transA, transB, m, n, k, (m + n) % 3, 1, float32(m % 2)}.check(t, rng)
					})
				}
			}
		}
	})
}

// Tiles of full height fetch some lines for their caller, never more than there are.
func TestGemmTilesFetch(t *testing.T) {
	forEachTier(t, func(t *testing.T) {
		s := gemmSizes()
		const tiles, k = 2, 64
		b, c := make([]float32, k*s.nr), make([]float32, tiles*s.mr*s.nr)
		for name, a := range map[string]matrix{
			"plain":      {make([]float32, tiles*s.mr*k), k, 1},
			"transposed": {make([]float32, tiles*s.mr*k), 1, tiles * s.mr},
		} {
			for _, lines := range []int{0, 3, 1000} {
				x := panels{matrix: a, next: s.mr * a.row, ahead: make([]float32, 16*lines)}
				gemmTiles(tiles, s.mr, s.nr, k, 1, &x, b, s.nr, 0, c, s.nr)
				want := lines
				if Active() == AVX2 || Active() == AVX512 {
					want = max(0, lines-tiles*k/4*map[Tier]int{AVX2: 1, AVX512: 4}[Active()])
				}
				if got := len(x.ahead) / 16; got != want {
					t.Errorf("%s: of %d lines %d are left, want %d", name, lines, got, want)
				}
			}
		}
	})
}

func TestGemmRagged(t *testing.T) {
	forEachTier(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(1, 2))
		factors := []float32{0, 1, -1, 0.5, 2}
		for range 80 {
			forEachTransposition(func(transA, transB bool) {
				gemmCase{
					transA: transA, transB: transB,
					m: 1 + rng.IntN(70), n: 1 + rng.IntN(70), k: rng.IntN(71), gap: rng.IntN(9),
					alpha: factors[rng.IntN(len(factors))], beta: factors[rng.IntN(len(factors))],
				}.check(t, rng)
			})
		}
	})
}

// Sizes at the edges of the blocks, and large enough for packing.
func TestGemmBlockEdges(t *testing.T) {
	forEachTier(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(1, 3))
		s := gemmSizes()
		for i, size := range [][3]int{
			{3, 5, s.kc}, {3, 5, s.kc + 1}, {17, 33, 2*s.kc + 1},
			{s.mc, 3, 9}, {s.mc + 1, 3, 9}, {5, s.nc, 6}, {5, s.nc + 1, 6},
			{2, 3, 1024}, {20, 40, 1024},
			{370, 372, 9}, {s.mc + 170, s.nc + 10, 17}, {9, 770, 790}, // packed
		} {
			forEachTransposition(func(transA, transB bool) {
				gemmCase{transA, transB, size[0], size[1], size[2], 0, 1, float32(i % 2)}.check(t, rng)
			})
		}
	})
}

// Panels of every width and length, from matrices in both orientations that
// have nothing around them to be copied by mistake.
func TestGemmPack(t *testing.T) {
	forEachTier(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(1, 5))
		for width := 1; width <= 33; width++ {
			for _, n := range []int{1, width, width + 1, 2*width + 7} {
				for _, k := range []int{1, 4, 21} {
					for _, transposed := range []bool{false, true} {
						from := newStored(rng, k, n, k%4, nan)
						if transposed {
							from = newStored(rng, n, k, k%4, nan)
						}
						row, col := from.strides(transposed)
						packed := make([]float32, packedSize(n, k, width)+margin)
						for i := range packed {
							packed[i] = nan
						}
						pack(packed, matrix{from.data(), row, col}, n, k, width)
						for j := range n {
							for p := range k {
								if got, want := packed[j/width*width*k+p*width+j%width], from.data()[p*row+j*col]; got != want {
									t.Fatalf("width %d, n=%d, k=%d, transposed %t: element (%d, %d) is %g, want %g", width, n, k, transposed, p, j, got, want)
								}
							}
						}
						for i, x := range packed[packedSize(n, k, width):] {
							if x == x {
								t.Fatalf("width %d, n=%d, k=%d, transposed %t: wrote %d elements too far", width, n, k, transposed, i+1)
							}
						}
					}
				}
			}
		}
	})
}

// The doc comment promises that blocks of C can be computed apart, whether they
// are large enough for packing or not.
func TestGemmIsIndependentOfTheCut(t *testing.T) {
	forEachTier(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(1, 4))
		forEachTransposition(func(transA, transB bool) {
			g := gemmCase{transA, transB, 95, 770, 770, 3, 0.7, 1}
			a, b, c := g.operands(rng)
			parts := c.clone()
			g.run(a, b, c)
			const rows, cols = 41, 123
			for i := 0; i < g.m; i += rows {
				for j := 0; j < g.n; j += cols {
					aAt, bAt := i*a.ld, j
					if transA {
						aAt = i
					}
					if transB {
						bAt = j * b.ld
					}
					m, n := min(rows, g.m-i), min(cols, g.n-j)
					Gemm(transA, transB, m, n, g.k, g.alpha, a.data()[aAt:], a.ld, b.data()[bAt:], b.ld,
						g.beta, parts.data()[i*c.ld+j:], c.ld, make([]float32, GemmWork(m, n, g.k)))
				}
			}
			for at := range c.all {
				if math.Float32bits(c.all[at]) != math.Float32bits(parts.all[at]) {
					t.Fatalf("%v: element %d is %g in one call and %g in parts", g, at-margin, c.all[at], parts.all[at])
				}
			}
		})
	})
}

// A Product must have the bits of Gemm, whatever is packed.
func TestProduct(t *testing.T) {
	forEachTier(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(1, 6))
		height, width := GemmTile()
		for _, size := range [][3]int{{1, 1, 0}, {1, 2, 3}, {50, 70, 9}, {95, 200, 800}, {400, 95, 401}, {29, 40, 1021}, {90, 770, 770}} {
			forEachTransposition(func(transA, transB bool) {
				g := gemmCase{transA, transB, size[0], size[1], size[2], 3, 1, float32(size[1] % 2)}
				a, b, c := g.operands(rng)
				blocks := c.clone()
				g.run(a, b, c)
				p := NewProduct(transA, transB, g.m, g.n, g.k, a.data(), a.ld, b.data(), b.ld)
				memory := alignedWork(p.Memory())
				for i := range memory {
					memory[i] = nan
				}
				for part := range p.Parts() {
					p.Pack(p.Parts()-1-part, memory)
				}
				if !transA && g.k > 0 { // as a product with a layer's weights
					packed := alignedWork(PackedSize(g.n, g.k))
					PackB(packed, transB, g.n, g.k, b.data(), b.ld)
					p = NewPackedProduct(g.m, g.n, g.k, a.data(), a.ld, packed)
					for part := range p.Parts() {
						p.Pack(part, memory)
					}
				}
				for i := 0; i < g.m; i += 3 * height {
					for j := 0; j < g.n; j += 2 * width {
						p.Block(i, j, min(3*height, g.m-i), min(2*width, g.n-j), g.beta, blocks.data()[i*c.ld+j:], c.ld, memory)
					}
				}
				for at := range c.all {
					if math.Float32bits(c.all[at]) != math.Float32bits(blocks.all[at]) {
						t.Fatalf("%v: element %d is %g in one call and %g in blocks", g, at-margin, c.all[at], blocks.all[at])
					}
				}
			})
		}
	})
}

func TestGemmPanics(t *testing.T) {
	x := func(n int) []float32 { return make([]float32, n) }
	work := x(GemmWork(3, 4, 5))
	for name, call := range map[string]func(){
		"short A":    func() { Gemm(false, false, 3, 4, 5, 1, x(14), 5, x(20), 4, 0, x(12), 4, work) },
		"short At":   func() { Gemm(true, false, 3, 4, 5, 1, x(14), 3, x(20), 4, 0, x(12), 4, work) },
		"short B":    func() { Gemm(false, false, 3, 4, 5, 1, x(15), 5, x(19), 4, 0, x(12), 4, work) },
		"short Bt":   func() { Gemm(false, true, 3, 4, 5, 1, x(15), 5, x(19), 5, 0, x(12), 4, work) },
		"short C":    func() { Gemm(false, false, 3, 4, 5, 1, x(15), 5, x(20), 4, 0, x(11), 4, work) },
		"short work": func() { Gemm(false, false, 3, 4, 5, 1, x(15), 5, x(20), 4, 0, x(12), 4, work[1:]) },
		"small lda":  func() { Gemm(false, false, 3, 4, 5, 1, x(15), 4, x(20), 4, 0, x(12), 4, work) },
		"negative m": func() { Gemm(false, false, -3, 4, 5, 1, x(15), 5, x(20), 4, 0, x(12), 4, work) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			call()
		}()
	}
	Gemm(false, false, 3, 4, 5, 1, x(15), 5, x(20), 4, 0, x(12), 4, work)
}

func TestGemmDoesNotAllocate(t *testing.T) {
	forEachTier(t, func(t *testing.T) {
		a, b, c := make([]float32, 100*100), make([]float32, 100*100), make([]float32, 100*100)
		work := make([]float32, GemmWork(100, 100, 100))
		allocations := testing.AllocsPerRun(5, func() {
			forEachTransposition(func(transA, transB bool) {
				Gemm(transA, transB, 100, 100, 100, 1, a, 100, b, 100, 1, c, 100, work)
			})
		})
		if allocations != 0 {
			t.Errorf("%v allocations", allocations)
		}
	})
}

func TestFMALoop(t *testing.T) {
	forEachTier(t, func(t *testing.T) {
		if once, twice := FMALoop(100), FMALoop(200); once <= 0 || twice != 2*once {
			t.Errorf("FMALoop counts %d flops in 100 iterations and %d in 200", once, twice)
		}
	})
}

func ExampleGemm() {
	a := []float32{
		1, 2, 3,
		4, 5, 6,
	}
	b := []float32{
		1, 0,
		0, 1,
		1, 1,
	}
	c := make([]float32, 4)
	Gemm(false, false, 2, 2, 3, 1, a, 3, b, 2, 0, c, 2, make([]float32, GemmWork(2, 2, 3)))
	fmt.Println(c)
	// Output: [4 5 10 11]
}
