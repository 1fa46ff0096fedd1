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
	p := newPlaneProduct(transA, m, n, k, a, b, c)
	for e := range count {
		span, next := Span{0, rows}, Span{0, rows}
		if spans != nil {
			span, next = spans[e], spans[min(e+1, count-1)]
		}
		var nextA, nextB []float32
		if e+1 < count && a.Far {
			nextA = a.Data[(e+1)*a.Plane+next.Lo*a.Row:][:max(0, (next.Hi-next.Lo-1)*a.Row+cols)]
		}
		if e+1 < count && b.Far {
			nextB = b.Data[(e+1)*b.Plane:]
			nextB = nextB[:min(b.Plane, len(nextB))]
		}
		p.multiply(a.Data[e*a.Plane:], b.Data[e*b.Plane:], beta, c.Data[e*c.Plane:], span, nextA, nextB)
	}
}

func (x Planes) check(name string, count, rows, cols int) {
	if x.Plane < 0 || x.Row < cols {
		panic(fmt.Sprintf("simd: MultiplyPlanes: rows of %s are %d elements long and start every %d", name, cols, x.Row))
	}
	if need := (count-1)*x.Plane + (rows-1)*x.Row + cols; len(x.Data) < need {
		panic(fmt.Sprintf("simd: MultiplyPlanes: %s has %d elements, want %d", name, len(x.Data), need))
	}
}

// A planeProduct is what the products of MultiplyPlanes have in common. It has no slices:
// small products are over before what was just stored could be loaded as larger pieces.
type planeProduct struct {
	transA        bool
	m, n, k       int
	aRow, aCol    int // distances in op(A)
	bPanel, bRow  int
	cRow          int
	height, width int // of a tile at most
}

func newPlaneProduct(transA bool, m, n, k int, a Planes, b Panels, c Planes) planeProduct {
	s := gemmSizes()
	x := matrix{a.Data, a.Row, 1}
	if transA {
		x = x.transposed()
	}
	return planeProduct{transA: transA, m: m, n: n, k: k, aRow: x.row, aCol: x.col,
		bPanel: b.Panel, bRow: b.Row, cRow: c.Row, height: tileRows(x, s.mr), width: s.nr}
}

// multiply computes a product of those rows of A that the span has, and fetches what the
// next one reads meanwhile.
func (p *planeProduct) multiply(a, b []float32, beta float32, c []float32, s Span, nextA, nextB []float32) {
	m, k := s.Hi-s.Lo, p.k
	if p.transA {
		m, k = p.m, s.Hi-s.Lo
	}
	if s.Hi <= s.Lo {
		if p.transA && beta == 0 {
			for i := range m {
				clear(c[i*p.cRow:][:p.n])
			}
		}
		return
	}
	if p.transA {
		a, b = a[s.Lo*p.aCol:], b[s.Lo*p.bRow:]
	} else {
		a, c = a[s.Lo*p.aRow:], c[s.Lo*p.cRow:]
	}
	// Tiles are about equally high: the first ones by a row higher.
	tiles := (m + p.height - 1) / p.height // in a panel
	low, high := m/tiles, m%tiles
	x := panels{matrix: matrix{row: p.aRow, col: p.aCol}, ahead: nextA}
	for j := 0; j < p.n; j += p.width {
		panel, cols := b[j/p.width*p.bPanel:], min(p.width, p.n-j)
		for i, done := 0, 0; done < tiles; {
			rows, run := low, tiles-done
			if done < high {
				rows, run = low+1, high-done
			}
			if len(nextB) > 0 && len(x.ahead) < 16 {
				x.ahead, nextB = nextB, nil
			}
			x.data, x.next = a[i*p.aRow:], rows*p.aRow
			gemmTiles(run, rows, cols, k, 1, &x, panel, p.bRow, beta, c[i*p.cRow+j:], p.cRow)
			i, done = i+run*rows, done+run
		}
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
