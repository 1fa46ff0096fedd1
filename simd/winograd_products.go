package simd

import (
	"fmt"

	"autodropout/internal/race"
)

// Planes are matrices of the same size that lie in data: row i of matrix e
// starts at e*Plane + i*Row.
type Planes struct {
	Data       []float32
	Plane, Row int
	Far        bool // beyond the second-level cache
}

// Panels are matrices that are cut into panels of [GemmPanel] columns: row i of
// panel p of matrix e starts at e*Plane + p*Panel + i*Row.
type Panels struct {
	Data              []float32
	Plane, Panel, Row int
	Far               bool
}

// Span is rows [Lo, Hi).
type Span struct{ Lo, Hi int }

// Panels returns the same matrices as panels that lie side by side.
func (x Planes) Panels() Panels { return Panels{x.Data, x.Plane, GemmPanel(), x.Row, x.Far} }

// MultiplyPlanes computes C = op(A)*B + beta*C for each of count matrices. op(A)
// is m x k, B is k x n and C is m x n; op transposes if transA says so. With
// beta = 0, C is not read. C must not overlap A or B.
//
// Matrices are used where they are, so one of A and one of B should fit into the
// second-level cache together and have rows close to each other. If they lie far
// from that cache, the next ones are fetched meanwhile. An element of C is the sum
// over k in ascending order.
//
// With spans, only those rows of A count that the span of the matrix has, and only the
// same rows of C, or of B if A is transposed.
func MultiplyPlanes(count int, transA bool, m, n, k int, a Planes, b Panels, beta float32, c Planes, spans []Span) {
	if count <= 0 || m <= 0 || n <= 0 || k <= 0 {
		panic(fmt.Sprintf("simd: MultiplyPlanes: %d products of %d x %d with %d x %d", count, m, k, k, n))
	}
	rows, cols := m, k
	if transA {
		rows, cols = k, m
	}
	a.check("A", count, rows, cols)
	c.check("C", count, m, n)
	nr := GemmPanel()
	for j := 0; j < n; j += nr {
		panel := Planes{Data: b.Data[min(j/nr*b.Panel, len(b.Data)):], Plane: b.Plane, Row: b.Row}
		panel.check("B", count, k, min(nr, n-j))
		race.ReadGroups(panel.Data, count, b.Plane, k, min(nr, n-j), b.Row)
	}
	race.ReadGroups(a.Data, count, a.Plane, rows, cols, a.Row)
	race.WriteGroups(c.Data, count, c.Plane, m, n, c.Row)
	for e := range count {
		p := planeProduct{a.Data[e*a.Plane:], b.Data[e*b.Plane:], c.Data[e*c.Plane:], m, n, k, beta}
		next := Span{0, rows}
		if spans != nil {
			p.cut(spans[e], transA, a.Row, b.Row, c.Row)
			next = spans[min(e+1, count-1)]
		}
		var nextA, nextB []float32
		if e+1 < count && a.Far {
			nextA = a.Data[(e+1)*a.Plane+next.Lo*a.Row:][:max(0, (next.Hi-next.Lo-1)*a.Row+cols)]
		}
		if e+1 < count && b.Far {
			nextB = b.Data[(e+1)*b.Plane:]
			nextB = nextB[:min(b.Plane, len(nextB))]
		}
		p.multiply(transA, a.Row, b, c.Row, nextA, nextB)
	}
}

// A planeProduct is one of the products of MultiplyPlanes.
type planeProduct struct {
	a, b, c []float32
	m, n, k int
	beta    float32
}

// cut leaves the rows of a span. If it has none C is beta*C.
func (p *planeProduct) cut(s Span, transA bool, aRow, bRow, cRow int) {
	rows := s.Hi - s.Lo
	switch {
	case rows > 0 && transA:
		p.a, p.b, p.k = p.a[s.Lo*aRow:], p.b[s.Lo*bRow:], rows
		return
	case rows > 0:
		p.a, p.c, p.m = p.a[s.Lo*aRow:], p.c[s.Lo*cRow:], rows
		return
	case transA && p.beta == 0:
		for i := range p.m {
			clear(p.c[i*cRow:][:p.n])
		}
	}
	p.m = 0
}

func (x Planes) check(name string, count, rows, cols int) {
	if x.Plane < 0 || x.Row < cols {
		panic(fmt.Sprintf("simd: MultiplyPlanes: rows of %s are %d elements long and start every %d", name, cols, x.Row))
	}
	if need := (count-1)*x.Plane + (rows-1)*x.Row + cols; len(x.Data) < need {
		panic(fmt.Sprintf("simd: MultiplyPlanes: %s has %d elements, want %d", name, len(x.Data), need))
	}
}

// tileRun is the number of tiles that are multiplied between fetches: many lines
// at once would have to wait for each other.
const tileRun = 2

// multiply computes the product, and fetches what the next one reads meanwhile.
func (p *planeProduct) multiply(transA bool, aRow int, b Panels, cRow int, nextA, nextB []float32) {
	s := gemmSizes()
	x := matrix{p.a, aRow, 1}
	if transA {
		x = matrix{x.data, 1, aRow}
	}
	mr := tileRows(x, s.mr)
	tiles := (p.m + mr - 1) / mr // in a panel
	parts := max(1, (tiles+tileRun-1)/tileRun*((p.n+s.nr-1)/s.nr))
	aheadA, aheadB := newAhead(nextA, parts), newAhead(nextB, parts)
	for j := 0; j < p.n; j += s.nr {
		panel, cols := p.b[j/s.nr*b.Panel:], min(s.nr, p.n-j)
		for i, left := 0, tiles; left > 0; {
			// Tiles are about equally high: the first ones by a row higher.
			rows := (p.m - i + left - 1) / left
			run := min(tileRun, p.m-i-left*(rows-1))
			gemmTiles(run, rows, cols, p.k, 1, panels{x.from(i, 0), rows * x.row}, panel, b.Row, p.beta, p.c[i*cRow+j:], cRow)
			aheadA.fetch()
			aheadB.fetch()
			i, left = i+run*rows, left-run
		}
	}
}

// ahead is a matrix that is fetched part by part, in lines of 16 elements.
type ahead struct {
	x    []float32
	part int // lines
}

func newAhead(x []float32, parts int) ahead { return ahead{x, len(x)/16/parts + 1} }

func (a *ahead) fetch() {
	if n := min(a.part, len(a.x)/16); n > 0 {
		fetch(a.x, 0, n, 1)
		a.x = a.x[n*16:]
	}
}

// Fetch brings n elements of each of some rows, which start step elements apart, into the
// second-level cache. It is for memory that is about to be written in an order that the
// processor does not foresee.
func Fetch(x []float32, step, n, rows int) {
	if n <= 0 || rows <= 0 {
		return
	}
	if need := (rows-1)*step + n; step < 0 || len(x) < need {
		panic(fmt.Sprintf("simd: Fetch: %d elements, want %d", len(x), need))
	}
	fetch(x, step, (n+15)/16, rows)
}
