package simd

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// A planesCase is one call of MultiplyPlanes.
type planesCase struct {
	count, m, n, k int
	transA, packed bool // B lies in panels of its own
	far            bool
	beta           float32
}

func planesCases() (cases []planesCase) {
	for i, m := range []int{1, 5, 6, 7, 13, 15, 29, 64} {
		for j, n := range []int{1, 8, 16, 17, 32, 35, 80} {
			c := planesCase{count: 1 + (i+j)%3, m: m, n: n, k: 1 + (7*i+5*j)%33}
			c.transA, c.packed, c.far, c.beta = i%2 == 0, j%2 == 0, (i+j)%2 == 0, float32((i+j)/2%2)
			cases = append(cases, c)
		}
	}
	// Rows of A that compete for cache lines make lower tiles.
	return append(cases, planesCase{count: 2, m: 29, n: 35, k: 1023})
}

// b returns where the matrices B are, and how much memory they take.
func (c planesCase) b() (Panels, int) {
	nr := GemmPanel()
	if !c.packed {
		b := Planes{Plane: c.k * (c.n + 3), Row: c.n + 3, Far: c.far}
		return b.Panels(), (c.count-1)*b.Plane + (c.k-1)*b.Row + c.n
	}
	panels := (c.n + nr - 1) / nr
	b := Panels{Plane: panels * nr * c.k, Panel: nr * c.k, Row: nr, Far: c.far}
	return b, c.count * b.Plane
}

// TestMultiplyPlanes compares with float64 sums, writes between canaries and
// must not read C if beta is 0.
func TestMultiplyPlanes(t *testing.T) {
	forEachTier(t, func(t *testing.T) {
		for _, c := range planesCases() {
			rng := rand.New(rand.NewPCG(uint64(c.m), uint64(c.n)))
			rows, cols := c.m, c.k
			if c.transA {
				rows, cols = c.k, c.m
			}
			a := Planes{Plane: rows*(cols+1) + 5, Row: cols + 1, Far: c.far}
			a.Data = uniform(rng, (c.count-1)*a.Plane+(rows-1)*a.Row+cols)
			b, size := c.b()
			b.Data = uniform(rng, size)
			y := Planes{Plane: c.m*(c.n+2) + 1, Row: c.n + 2}
			y.Data = make([]float32, c.count*y.Plane)
			Fill(y.Data, float32(math.NaN()))
			if c.beta != 0 {
				Fill(y.Data, 2)
			}
			MultiplyPlanes(c.count, c.transA, c.m, c.n, c.k, a, b, c.beta, y, nil)
			c.check(t, a, b, y)
		}
	})
}

// TestMultiplyPlanesSpans wants only the rows of a span in each product, those of C, or all of C
// from those of A and B if A is transposed.
func TestMultiplyPlanesSpans(t *testing.T) {
	const count, rows, cols, n = 4, 13, 9, 35
	spans := []Span{{0, 13}, {3, 8}, {5, 5}, {12, 13}}
	forEachTier(t, func(t *testing.T) {
		for _, transA := range []bool{false, true} {
			for _, beta := range []float32{0, 1} {
				rng := rand.New(rand.NewPCG(1, 2))
				m, k := rows, cols
				if transA {
					m, k = cols, rows
				}
				a := Planes{Data: uniform(rng, count*rows*cols), Plane: rows * cols, Row: cols, Far: true}
				b := Planes{Data: uniform(rng, count*k*n), Plane: k * n, Row: n, Far: true}
				c := Planes{Data: make([]float32, count*m*n), Plane: m * n, Row: n}
				Fill(c.Data, 2)
				MultiplyPlanes(count, transA, m, n, k, a, b.Panels(), beta, c, spans)
				for at, got := range c.Data {
					e, i, j := at/c.Plane, at%c.Plane/n, at%n
					inside := func(row int) bool { return row >= spans[e].Lo && row < spans[e].Hi }
					want := 2 * float64(beta)
					if !transA && !inside(i) {
						want = 2
					}
					for p := range k {
						x := a.Data[e*a.Plane:]
						switch {
						case transA && inside(p):
							want += float64(x[p*cols+i]) * float64(b.Data[e*b.Plane+p*n+j])
						case !transA && inside(i):
							want += float64(x[i*cols+p]) * float64(b.Data[e*b.Plane+p*n+j])
						}
					}
					if !(math.Abs(float64(got)-want) <= 1e-4) {
						t.Fatalf("transA %v, beta %v: element (%d, %d) of matrix %d is %v, want %v", transA, beta, i, j, e, got, want)
					}
				}
			}
		}
	})
}

func (c planesCase) check(t *testing.T, a Planes, b Panels, y Planes) {
	t.Helper()
	for at, got := range y.Data {
		e, i, j := at/y.Plane, at%y.Plane/y.Row, at%y.Plane%y.Row
		if i >= c.m || j >= c.n {
			if got != 2 && c.beta != 0 || c.beta == 0 && got == got {
				t.Fatalf("%+v: wrote to row %d, column %d of matrix %d", c, i, j, e)
			}
			continue
		}
		want := 2 * float64(c.beta)
		for p := range c.k {
			x := a.Data[e*a.Plane:]
			if c.transA {
				x = x[p*a.Row+i:]
			} else {
				x = x[i*a.Row+p:]
			}
			want += float64(x[0]) * float64(b.Data[e*b.Plane+j/GemmPanel()*b.Panel+p*b.Row+j%GemmPanel()])
		}
		if !(math.Abs(float64(got)-want) <= 1e-5*float64(c.k)) {
			t.Fatalf("%+v: element (%d, %d) of matrix %d is %g, want %g", c, i, j, e, got, want)
		}
	}
}

func TestMultiplyPlanesPanics(t *testing.T) {
	x := make([]float32, 100)
	p := Planes{Data: x, Plane: 50, Row: 5}
	short := Planes{Data: x[:74], Plane: 50, Row: 5}
	for name, call := range map[string]func(){
		"no rows": func() { MultiplyPlanes(2, false, 0, 5, 5, p, p.Panels(), 0, p, nil) },
		"short A": func() { MultiplyPlanes(2, false, 5, 5, 5, short, p.Panels(), 0, p, nil) },
		"short B": func() { MultiplyPlanes(2, false, 5, 5, 5, p, short.Panels(), 0, p, nil) },
		"short C": func() { MultiplyPlanes(2, false, 5, 5, 5, p, p.Panels(), 0, short, nil) },
		"rows":    func() { MultiplyPlanes(2, false, 5, 5, 6, p, p.Panels(), 0, p, nil) },
		"fetch":   func() { Fetch(x, 50, 51, 2) },
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
	Fetch(x, 50, 50, 2)
	Fetch(nil, 0, 0, 1)
}

func TestMultiplyPlanesDoesNotAllocate(t *testing.T) {
	forEachTier(t, func(t *testing.T) {
		x := Planes{Data: make([]float32, 1000), Plane: 100, Row: 10, Far: true}
		y := Planes{Data: make([]float32, 1000), Plane: 100, Row: 10}
		if n := testing.AllocsPerRun(10, func() { MultiplyPlanes(10, false, 10, 10, 10, x, x.Panels(), 0, y, nil) }); n != 0 {
			t.Errorf("%g allocations", n)
		}
	})
}

// Products as a convolution has them, of matrices in the second-level cache.
func BenchmarkMultiplyPlanes(b *testing.B) {
	const count, m, n, k = 36, 64, 32, 96
	x := Planes{Data: make([]float32, count*m*k), Plane: m * k, Row: k}
	y := Planes{Data: make([]float32, count*m*n), Plane: m * n, Row: n}
	z := Planes{Data: make([]float32, count*k*n), Plane: k * n, Row: n}
	for _, tier := range supportedTiers() {
		b.Run(fmt.Sprintf("tier=%s", tier), func(b *testing.B) {
			before := Active()
			defer setTier(before)
			setTier(tier)
			for b.Loop() {
				MultiplyPlanes(count, false, m, n, k, x, z.Panels(), 0, y, nil)
			}
			b.ReportMetric(2*count*m*n*k*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOPS")
		})
	}
}
