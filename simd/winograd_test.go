package simd

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// winogradMatrices returns A', G and B' as Toom and Cook's theorem has them:
// G evaluates a polynomial at the points, divided by their distances from each
// other, B' multiplies by what is left of the product of all points' factors,
// and A' evaluates again, transposed. The last point is infinity.
func winogradMatrices(points []float64, outputs int) (a, g, b [][]float64) {
	t := len(points) + 1
	powers := func(x float64, n int) (row []float64) {
		for i := range n {
			row = append(row, math.Pow(x, float64(i)))
		}
		return row
	}
	product := func(skip int) []float64 {
		c := make([]float64, t)
		c[0] = 1
		for j, y := range points {
			if j == skip {
				continue
			}
			for k := t - 1; k >= 0; k-- {
				c[k] *= -y
				if k > 0 {
					c[k] += c[k-1]
				}
			}
		}
		return c
	}
	columns := make([][]float64, 0, t)
	for i, x := range points {
		distance := 1.0
		for j, y := range points {
			if j != i {
				distance *= x - y
			}
		}
		row := powers(x, 3)
		for k := range row {
			row[k] /= distance
		}
		g, b, columns = append(g, row), append(b, product(i)), append(columns, powers(x, outputs))
	}
	last := make([]float64, outputs)
	last[outputs-1] = 1
	return transposed(append(columns, last)), append(g, []float64{0, 0, 1}), append(b, product(-1))
}

// transposed leaves rows of zeros nil: such elements are not given.
func transposed(m [][]float64) [][]float64 {
	t := make([][]float64, len(m[0]))
	for i := range t {
		for j := range m {
			t[i] = append(t[i], m[j][i])
		}
		if !slices.ContainsFunc(t[i], func(x float64) bool { return x != 0 }) {
			t[i] = nil
		}
	}
	return t
}

// winogradDefinitions has the matrix of every transform. Those of F(2x2,3x3)
// have the signs of row 0 of G and B' changed.
func winogradDefinitions() [][][]float64 {
	a2, g2, b2 := winogradMatrices([]float64{0, 1, -1}, 2)
	a4, g4, b4 := winogradMatrices([]float64{0, 0.625, -0.625, 1.5, -1.5}, 4)
	for _, m := range [][][]float64{g2, b2} {
		for i := range m[0] {
			m[0][i] = -m[0][i]
		}
	}
	a3, b3 := lastMatrices(4, g4)
	aLast2, bLast2 := lastMatrices(3, g4)
	return [][][]float64{
		WinogradInputLast3: b3, WinogradOutputLast3: a3, WinogradOutputGradLast3: transposed(a3),
		WinogradInputLast2: bLast2, WinogradOutputLast2: aLast2, WinogradOutputGradLast2: transposed(aLast2),
		WinogradInput2: b2, WinogradKernel2: g2, WinogradOutput2: a2,
		WinogradOutputGrad2: transposed(a2), WinogradKernelGrad2: transposed(g2),
		WinogradInput4: b4, WinogradKernel4: g4, WinogradOutput4: a4,
		WinogradOutputGrad4: transposed(a4), WinogradKernelGrad4: transposed(g4),
	}
}

// lastMatrices returns A' and B' for the tile that has only the first points of F(4x4,3x3) and
// infinity, of six elements; rows of B' that it does not give are nil. G is that of all points:
// what its rows lack B' has.
func lastMatrices(points int, g4 [][]float64) (a, b [][]float64) {
	outputs := points - 1
	some, g, inputs := winogradMatrices([]float64{0, 0.625, -0.625, 1.5}[:points], outputs)
	place := func(i int) int {
		if i == points {
			return 5
		}
		return i
	}
	b = make([][]float64, 6)
	for i, row := range inputs {
		factor := 0.0 // by which G's row is larger
		for k := range row[:3] {
			if g4[place(i)][k] != 0 {
				factor = g[i][k] / g4[place(i)][k]
			}
		}
		for _, x := range row {
			b[place(i)] = append(b[place(i)], factor*x)
		}
	}
	for _, row := range some {
		wide := make([]float64, 6)
		for i, x := range row {
			wide[place(i)] = x
		}
		a = append(a, wide)
	}
	return a, b
}

// A stridedCase is one call of Winograd.
type stridedCase struct {
	t              WinogradTransform
	n, count, rows int
	gap            int  // elements between vectors
	swapped        bool // groups are closer together than the vectors of a group
}

func (c stridedCase) String() string {
	return fmt.Sprintf("transform %d, n=%d count=%d rows=%d gap=%d swapped=%t", c.t, c.n, c.count, c.rows, c.gap, c.swapped)
}

// layout returns where vectors of one side are, and the length of all of them.
func (c stridedCase) layout(vectors int) (s Strided, length int) {
	s = Strided{Step: c.n + c.gap, Next: vectors * (c.n + c.gap)}
	if c.swapped {
		s = Strided{Step: c.count * (c.n + c.gap), Next: c.n + c.gap}
	}
	length = (c.count-1)*s.Next + (vectors-1)*s.Step + c.n
	s.Row = length + c.gap
	return s, (c.rows-1)*s.Row + length
}

// run calls Winograd with slices between canaries, and returns all of dst's.
func (c stridedCase) run(rng *rand.Rand) (dst, src Strided, all []float32) {
	in, out := c.t.Size()
	src, n := c.layout(in)
	src.Data = uniform(rng, n)
	dst, n = c.layout(out)
	all = make([]float32, n+2*gap)
	Fill(all, 12345)
	dst.Data = all[gap : gap+n : gap+n]
	Winograd(c.t, dst, src, c.n, c.count, c.rows)
	return dst, src, all
}

// check compares with the matrix in float64 and looks for writes elsewhere.
func (c stridedCase) check(t *testing.T, matrix [][]float64) {
	t.Helper()
	dst, src, all := c.run(rand.New(rand.NewPCG(1, uint64(c.n))))
	for group := range c.rows * c.count {
		r, g := group/c.count, group%c.count
		from, to := src.from(r, g), dst.from(r, g)
		for i, row := range matrix {
			for j := range c.n * min(1, len(row)) {
				var want, magnitude float64
				for k, factor := range row {
					product := factor * float64(from.Data[k*src.Step+j])
					want += product
					magnitude += math.Abs(product)
				}
				at := &to.Data[i*dst.Step+j]
				if diff := math.Abs(float64(*at) - want); !(diff <= magnitude*6/(1<<24)) {
					t.Fatalf("%v: element %d of vector %d, group %d, row %d is %g, want %g", c, j, i, g, r, *at, want)
				}
				*at = 12345
			}
		}
	}
	if i := slices.IndexFunc(all, func(x float32) bool { return x != 12345 }); i >= 0 {
		t.Fatalf("%v: wrote outside of the vectors, at %d", c, i-gap)
	}
}

func stridedCases() (cases []stridedCase) {
	for t := range winogradSizes {
		for _, n := range []int{1, 3, 7, 8, 9, 15, 16, 17, 24, 31, 40, 63} {
			for i, count := range []int{1, 2, 5} {
				cases = append(cases, stridedCase{WinogradTransform(t), n, count, 1 + (n+i)%3, (n + i) % 3, (n+i)%2 == 0})
			}
		}
		cases = append(cases,
			stridedCase{t: WinogradTransform(t), n: 61, count: maxCall / 300, rows: 2},
			stridedCase{t: WinogradTransform(t), n: 61, count: 10, rows: maxCall / 2000})
	}
	return cases
}

func TestWinogradMatchesDefinition(t *testing.T) {
	matrices := winogradDefinitions()
	forEachTier(t, func(t *testing.T) {
		for _, c := range stridedCases() {
			c.check(t, matrices[c.t])
		}
	})
}

func TestWinogradMatchesGeneric(t *testing.T) {
	before := Active()
	defer setTier(before)
	for _, c := range stridedCases() {
		setTier(Generic)
		_, _, want := c.run(rand.New(rand.NewPCG(1, 1)))
		for _, tier := range supportedTiers() {
			setTier(tier)
			_, _, got := c.run(rand.New(rand.NewPCG(1, 1)))
			for i := range want {
				if !sameBits(got[i], want[i]) {
					t.Fatalf("%v on %s: element %d is %g, want %g", c, tier, i-gap, got[i], want[i])
				}
			}
		}
	}
}

// The three maps of each size together are a convolution.
func TestWinogradConvolves(t *testing.T) {
	for _, maps := range [][3]WinogradTransform{
		{WinogradInput2, WinogradKernel2, WinogradOutput2},
		{WinogradInput4, WinogradKernel4, WinogradOutput4},
		{WinogradInputLast3, WinogradKernel4, WinogradOutputLast3},
		{WinogradInputLast2, WinogradKernel4, WinogradOutputLast2},
	} {
		x, kernel := []float32{1, -2, 3, 5, -4, 2}, []float32{2, -1, 3}
		size, outputs := maps[2].Size()
		spectrum, other, y := make([]float32, size), make([]float32, size), make([]float32, outputs)
		Winograd(maps[0], Strided{Data: spectrum, Step: 1}, Strided{Data: x, Step: 1}, 1, 1, 1)
		Winograd(maps[1], Strided{Data: other, Step: 1}, Strided{Data: kernel, Step: 1}, 1, 1, 1)
		Mul(spectrum, spectrum, other)
		Winograd(maps[2], Strided{Data: y, Step: 1}, Strided{Data: spectrum, Step: 1}, 1, 1, 1)
		for i, got := range y {
			want := kernel[0]*x[i] + kernel[1]*x[i+1] + kernel[2]*x[i+2]
			if math.Abs(float64(got-want)) > 1e-5 {
				t.Errorf("tile of %d: output %d is %g, want %g", outputs, i, got, want)
			}
		}
	}
}

func TestWinogradPanics(t *testing.T) {
	x := make([]float32, 100)
	for name, call := range map[string]func(){
		"short dst": func() { Winograd(WinogradInput4, Strided{x[:57], 10, 0, 0}, Strided{x, 10, 0, 0}, 8, 1, 1) },
		"short src": func() { Winograd(WinogradInput4, Strided{x, 10, 0, 0}, Strided{x[:57], 10, 0, 0}, 8, 1, 1) },
		"group":     func() { Winograd(WinogradInput4, Strided{x, 10, 0, 0}, Strided{x[:67], 10, 10, 0}, 8, 2, 1) },
		"backwards": func() { Winograd(WinogradInput4, Strided{x, 10, 0, 0}, Strided{x, -1, 10, 0}, 8, 2, 1) },
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
	Winograd(WinogradInput4, Strided{x[:58], 10, 0, 0}, Strided{x[:58], 10, 0, 0}, 8, 1, 1)
	Winograd(WinogradInput4, Strided{nil, 10, 0, 0}, Strided{nil, 10, 0, 0}, 0, 1, 1)
}

func TestWinogradDoesNotAllocate(t *testing.T) {
	forEachTier(t, func(t *testing.T) {
		x, y := make([]float32, 400), make([]float32, 400)
		if n := testing.AllocsPerRun(10, func() {
			Winograd(WinogradInput4, Strided{x, 30, 1, 0}, Strided{y, 30, 1, 0}, 30, 2, 1)
		}); n != 0 {
			t.Errorf("%g allocations", n)
		}
	})
}

// Data in the first-level cache, as a convolution has it.
func BenchmarkWinograd(b *testing.B) {
	x, y := make([]float32, 6*256), make([]float32, 6*256)
	for t := range winogradSizes {
		for _, tier := range supportedTiers() {
			b.Run(fmt.Sprintf("transform=%d/tier=%s", t, tier), func(b *testing.B) {
				before := Active()
				defer setTier(before)
				setTier(tier)
				in, out := WinogradTransform(t).Size()
				b.SetBytes(int64(4 * 256 * (in + out)))
				for b.Loop() {
					Winograd(WinogradTransform(t), Strided{y, 256, 64, 0}, Strided{x, 256, 64, 0}, 64, 4, 1)
				}
			})
		}
	}
}
