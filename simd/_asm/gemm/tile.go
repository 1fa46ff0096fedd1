package main

import (
	"fmt"
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// tile writes the micro-kernel: C = alpha*A*B + beta*C for one tile of rows x
// cols elements of C below the other. Strides are in elements. A is read one
// element at a time, element (i, k) of a tile at a[i*aRow+k*aCol], so it may be
// packed, plain or transposed; those of the next tile are aTile further. B is
// read in rows, b[k*bRow:][:cols].
func tile(s set) {
	begin(s, "gemmTiles")
	rows := Load(Param("rows"), GP64())
	cols := Load(Param("cols"), GP64()).(reg.GPVirtual)
	CMPQ(cols, U8(s.lanes()))
	JLE(LabelRef("narrow"))
	SUBQ(U8(s.lanes()), cols)
	tileColumns(s, rows, cols, 2)
	Label("narrow")
	tileColumns(s, rows, cols, 1)
}

// tileColumns writes the tiles of a number of vectors. cols counts the columns
// of the last vector, which is masked if they are too few for it. A mask that
// lets everything pass would do for both, but not for free.
func tileColumns(s set, rows reg.Register, cols reg.GPVirtual, vectors int) {
	full := fmt.Sprintf("full%d", vectors)
	CMPQ(cols, U8(s.lanes()))
	JEQ(LabelRef(full))
	s.setMask(cols)
	tileRows(s, rows, 1, s.rows(), vectors, true)
	Label(full)
	tileRows(s, rows, 1, s.rows(), vectors, false)
}

// tileRows writes the tiles of lo to hi rows, and a binary search for the right
// one.
func tileRows(s set, rows reg.Register, lo, hi, vectors int, masked bool) {
	if lo == hi {
		t := tileBody{set: s, rows: lo, vectors: vectors, masked: masked}
		t.write()
		return
	}
	middle := (lo + hi) / 2
	above := fmt.Sprintf("above%d%s", middle, suffix(vectors, masked))
	CMPQ(rows, U8(middle))
	JGT(LabelRef(above))
	tileRows(s, rows, lo, middle, vectors, masked)
	Label(above)
	tileRows(s, rows, middle+1, hi, vectors, masked)
}

func suffix(vectors int, masked bool) string {
	if masked {
		return fmt.Sprintf("x%dmasked", vectors)
	}
	return fmt.Sprintf("x%d", vectors)
}

// A tileBody is the code for one shape of tile.
type tileBody struct {
	set
	rows, vectors int
	masked        bool // the last vector is

	acc [][]vector
}

func (t *tileBody) write() {
	t.prefetch()
	next := t.label("tile")
	Label(next)
	t.acc = make([][]vector, t.rows)
	for i := range t.acc {
		for range t.vectors {
			v := t.vector()
			t.zero(v)
			t.acc[i] = append(t.acc[i], v)
		}
	}
	t.multiply()
	t.update()
	t.advance(next)
	left := Load(Param("lines"), GP64())
	Store(left, Return("left"))
	VZEROUPPER()
	RET()
}

func (t *tileBody) label(name string) string {
	return fmt.Sprintf("%s%d%s", name, t.rows, suffix(t.vectors, t.masked))
}

// prefetch asks for the first tile of C, so that it is there when the sums are.
func (t *tileBody) prefetch() {
	c := t.rowPointers("c", "ldc", t.rows)
	for i := range t.rows {
		t.prefetchRow(c.at(i))
	}
}

// prefetchRow asks for the cache lines of a row of a tile of C, or of B.
func (t *tileBody) prefetchRow(start Mem) {
	for end := 4 * t.lanes() * t.vectors; end > 0; end -= 64 {
		PREFETCHT0(start.Offset(end - 4))
	}
}

// advance moves the parameters on to the next tile, if there is one.
func (t *tileBody) advance(next string) {
	step := t.stride("aTile")
	ADDQ(step, paramAddress("a"))
	step = t.stride("ldc")
	IMUL3Q(U8(t.rows), step, step)
	ADDQ(step, paramAddress("c"))
	DECQ(paramAddress("tiles"))
	JNE(LabelRef(next))
}

// multiply writes the loop over k, which asks for A sixteen and for B eight
// steps ahead.
func (t *tileBody) multiply() {
	k := Load(Param("k"), GP64())
	a := t.rowPointers("a", "aRow", t.rows)
	aCol := t.stride("aCol")
	b := Load(Param("b"), GP64())
	bRow := t.stride("bRow")

	aheadA, aheadB := GP64(), GP64()
	MOVQ(aCol, aheadA)
	SHLQ(U8(4), aheadA)
	MOVQ(bRow, aheadB)
	SHLQ(U8(3), aheadB)

	m := multiplication{tileBody: t, a: a, aCol: aCol, b: b, bRow: bRow, aheadA: aheadA, aheadB: aheadB}
	for range t.vectors {
		m.row = append(m.row, t.vector())
	}
	m.broadcast = t.vector()
	// Products of planes are cut into tiles of about the same height, which are seldom full.
	if t.rows == t.set.rows() || t.vectors == 2 && !t.masked && t.rows >= t.set.rows()-2 {
		m.plain(k)
		m.transposed(k)
	}
	loop := t.label("loop")
	Label(loop)
	m.prefetch()
	m.step(Mem{Base: b}, a.at)
	ADDQ(bRow, b)
	a.advance(aCol)
	DECQ(k)
	JNE(LabelRef(loop))
	Label(t.label("done"))
}

// A multiplication is what the loops over k of a tile share.
type multiplication struct {
	*tileBody
	a              rowPointers
	aCol, b, bRow  reg.Register
	aheadA, aheadB reg.Register // distances
	row            []vector     // of B
	broadcast      vector
}

// prefetch asks for what the processor does not foresee, packed or not: rows of
// a plain matrix lie on different pages.
func (m *multiplication) prefetch() {
	PREFETCHT0(Mem{Base: m.a.base[0], Index: m.aheadA, Scale: 1})
	m.prefetchRow(Mem{Base: m.b, Index: m.aheadB, Scale: 1})
}

// fetch asks for the next lines of what the caller reads after these tiles, if there are
// any left. They wait in the second-level cache. More at a time would wait for each other.
func (m *multiplication) fetch(none string) {
	pointer := GP64()
	SUBQ(U8(m.lines()), paramAddress("lines"))
	JLT(LabelRef(none))
	MOVQ(paramAddress("ahead"), pointer)
	for line := range m.lines() {
		PREFETCHT1(Mem{Base: pointer, Disp: 64 * line})
	}
	ADDQ(U32(64*m.lines()), paramAddress("ahead"))
	Label(none)
}

// prefetchTile asks for the next tile of A, whose rows are next bytes further, so
// that it comes from memory while this tile is computed. It waits in the
// second-level cache, as rows far apart compete for the lines of the first.
func (m *multiplication) prefetchTile(next reg.GPVirtual) {
	pointer := GP64()
	for i := range m.rows {
		if i%3 == 0 {
			LEAQ(Mem{Base: m.a.base[i/3], Index: next, Scale: 1}, pointer)
			PREFETCHT1(Mem{Base: pointer})
		} else {
			PREFETCHT1(Mem{Base: pointer, Index: m.a.stride, Scale: uint8(i % 3)})
		}
	}
}

// step multiplies a column of A, whose elements are where at says, with a row of B.
func (m *multiplication) step(b Mem, at func(row int) Mem) {
	for j, v := range m.row {
		m.load(b.Offset(4*m.lanes()*j), v, m.maskedAt(j))
	}
	for i, acc := range m.acc {
		m.multiplyAdd(at(i), m.row, acc, m.broadcast)
	}
}

// plain writes the loop for an A whose rows lie as they are.
func (m *multiplication) plain(k reg.Register) {
	next := m.stride("aTile")
	m.unrolled(k, unrolling{
		name: "plain", distance: m.aCol,
		begin: func() { m.prefetchTile(next) },
		at: func(step int) func(row int) Mem {
			return func(row int) Mem { return m.a.at(row).Offset(4 * step) }
		},
		advance: func() {
			for _, pointer := range m.a.base {
				ADDQ(U8(4*4), pointer)
			}
		},
		end: func() {},
	})
}

// transposed writes the loop for an A whose columns lie as they are, packed or not.
func (m *multiplication) transposed(k reg.Register) {
	first, three := m.a.base[0], GP64()
	LEAQ(Mem{Base: m.aCol, Index: m.aCol, Scale: 2}, three)
	m.unrolled(k, unrolling{
		name: "transposed", distance: m.a.stride,
		begin: func() {},
		at: func(step int) func(row int) Mem {
			column := stepsFrom(first, m.aCol, three, step)
			return func(row int) Mem { return column.Offset(4 * row) }
		},
		advance: func() { LEAQ(Mem{Base: first, Index: m.aCol, Scale: 4}, first) },
		end: func() {
			for i, pointer := range m.a.base[1:] {
				LEAQ(Mem{Base: first, Disp: 4 * 3 * (i + 1)}, pointer)
			}
		},
	})
}

// stepsFrom is the place a number of steps, up to three, behind start.
func stepsFrom(start, step, three reg.Register, steps int) Mem {
	switch steps {
	case 0:
		return Mem{Base: start}
	case 3:
		return Mem{Base: start, Index: three, Scale: 1}
	}
	return Mem{Base: start, Index: step, Scale: uint8(steps)}
}

// An unrolling is where a loop of four steps finds A.
type unrolling struct {
	name     string
	distance reg.Register                     // of elements that must lie side by side
	at       func(step int) func(row int) Mem // the column of a step
	begin    func()                           // of the loop
	advance  func()                           // by four columns
	end      func()                           // makes the pointers right for what is left
}

// unrolled writes a loop that takes four steps at a time, while there are as many, if A
// lies as it says. Its fewer additions leave ports to the multiplications.
func (m *multiplication) unrolled(k reg.Register, u unrolling) {
	loop, rest, other := m.label(u.name), m.label(u.name+"Rest"), m.label(u.name+"Not")
	CMPQ(u.distance, U8(4))
	JNE(LabelRef(other))
	SUBQ(U8(4), k)
	JLT(LabelRef(rest))
	three := GP64()
	LEAQ(Mem{Base: m.bRow, Index: m.bRow, Scale: 2}, three)
	Label(loop)
	m.prefetch()
	m.fetch(m.label(u.name + "Fetched"))
	u.begin()
	for step := range 4 {
		m.step(stepsFrom(m.b, m.bRow, three, step), u.at(step))
	}
	LEAQ(Mem{Base: m.b, Index: m.bRow, Scale: 4}, m.b)
	u.advance()
	SUBQ(U8(4), k)
	JGE(LabelRef(loop))
	u.end()
	Label(rest)
	ADDQ(U8(4), k)
	JEQ(LabelRef(m.label("done")))
	Label(other)
}

// update writes C = alpha*acc + beta*C. With beta = 0, C is not read.
func (t *tileBody) update() {
	alpha, beta := t.vector(), t.vector()
	scaled := t.label("scaled")
	// As many multiplications as a step of the loop has would show where k is small.
	CMPL(paramAddress("alpha"), U32(math.Float32bits(1)))
	JEQ(LabelRef(scaled))
	VBROADCASTSS(paramAddress("alpha"), alpha)
	for i := range t.acc {
		for _, v := range t.acc[i] {
			VMULPS(alpha, v, v)
		}
	}
	Label(scaled)
	c := t.rowPointers("c", "ldc", t.rows)
	bits := GP32()
	MOVL(paramAddress("beta"), bits)
	ADDL(bits, bits) // drops the sign: -0 is 0
	store := t.label("store")
	JEQ(LabelRef(store))
	VBROADCASTSS(paramAddress("beta"), beta)
	old := t.vector()
	for i := range t.acc {
		for j, v := range t.acc[i] {
			t.load(c.at(i).Offset(4*t.lanes()*j), old, t.maskedAt(j))
			VFMADD231PS(old, beta, v)
		}
	}
	Label(store)
	t.storeTile(c)
}

// storeTile writes the tile and asks for the rows of C below, so that they come
// while the next tile is computed. One row at a time, they do not keep what is
// needed sooner waiting. Where no tile follows, it asks for this one again.
func (t *tileBody) storeTile(c rowPointers) {
	below, pointer := t.stride("ldc"), GP64()
	IMUL3Q(U8(t.rows), below, below)
	XORQ(pointer, pointer)
	CMPQ(paramAddress("tiles"), U8(1))
	CMOVQEQ(pointer, below)
	for i := range t.acc {
		for j, v := range t.acc[i] {
			t.store(v, c.at(i).Offset(4*t.lanes()*j), t.maskedAt(j))
		}
		if i%3 == 0 {
			LEAQ(Mem{Base: c.base[i/3], Index: below, Scale: 1}, pointer)
			t.prefetchRow(Mem{Base: pointer})
		} else {
			t.prefetchRow(Mem{Base: pointer, Index: c.stride, Scale: uint8(i % 3)})
		}
	}
}

func (t *tileBody) maskedAt(j int) bool { return t.masked && j == t.vectors-1 }

// stride loads a parameter in elements and makes it bytes.
func (t *tileBody) stride(name string) reg.GPVirtual {
	v := Load(Param(name), GP64()).(reg.GPVirtual)
	SHLQ(U8(2), v)
	return v
}

// paramAddress returns the place of a parameter on the stack.
func paramAddress(name string) Mem {
	p, err := Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	return p.Addr
}

// rowPointers are pointers to every third row of a matrix: the two rows between
// are reached with an index register.
type rowPointers struct {
	base   []reg.GPVirtual
	stride reg.GPVirtual
}

func (t *tileBody) rowPointers(matrix, stride string, rows int) rowPointers {
	p := rowPointers{stride: t.stride(stride)}
	three := GP64()
	LEAQ(Mem{Base: p.stride, Index: p.stride, Scale: 2}, three)
	for i := 0; i < rows; i += 3 {
		pointer := GP64()
		if i == 0 {
			Load(Param(matrix), pointer)
		} else {
			LEAQ(Mem{Base: p.base[len(p.base)-1], Index: three, Scale: 1}, pointer)
		}
		p.base = append(p.base, pointer)
	}
	return p
}

func (p rowPointers) at(i int) Mem {
	m := Mem{Base: p.base[i/3]}
	if between := i % 3; between > 0 {
		m.Index, m.Scale = p.stride, uint8(between)
	}
	return m
}

func (p rowPointers) advance(by reg.Register) {
	for _, pointer := range p.base {
		ADDQ(by, pointer)
	}
}
