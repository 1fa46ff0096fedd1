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
func MultiplyPlanes(count int, transA bool, m, n, k int, a Planes, b Panels, beta float32, c Planes) {
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
		multiplyPlane(e, count, transA, m, n, k, a, b, beta, c)
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

// tileRun is the number of tiles that are multiplied between fetches: many lines
// at once would have to wait for each other.
const tileRun = 2

// multiplyPlane is MultiplyPlanes for matrix e.
func multiplyPlane(e, count int, transA bool, m, n, k int, a Planes, b Panels, beta float32, c Planes) {
	s := gemmSizes()
	x := matrix{a.Data[e*a.Plane:], a.Row, 1}
	if transA {
		x = matrix{x.data, 1, a.Row}
	}
	mr := tileRows(x, s.mr)
	tiles := (m + mr - 1) / mr // in a panel
	parts := (tiles + tileRun - 1) / tileRun * ((n + s.nr - 1) / s.nr)
	var nextA, nextB ahead
	if e+1 < count && a.Far {
		nextA = newAhead(a.Data[(e+1)*a.Plane:], a.Plane, parts)
	}
	if e+1 < count && b.Far {
		nextB = newAhead(b.Data[(e+1)*b.Plane:], b.Plane, parts)
	}
	for j := 0; j < n; j += s.nr {
		panel, cols := b.Data[e*b.Plane+j/s.nr*b.Panel:], min(s.nr, n-j)
		for i, left := 0, tiles; left > 0; {
			// Tiles are about equally high: the first ones by a row higher.
			rows := (m - i + left - 1) / left
			run := min(tileRun, m-i-left*(rows-1))
			gemmTiles(run, rows, cols, k, 1, panels{x.from(i, 0), rows * x.row}, panel, b.Row, beta, c.Data[e*c.Plane+i*c.Row+j:], c.Row)
			nextA.fetch()
			nextB.fetch()
			i, left = i+run*rows, left-run
		}
	}
}

// ahead is a matrix that is fetched part by part, in lines of 16 elements.
type ahead struct {
	x    []float32
	part int // lines
}

func newAhead(x []float32, size, parts int) ahead {
	x = x[:min(size, len(x))]
	return ahead{x, len(x)/16/parts + 1}
}

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
