package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func taps() {
	for _, s := range bothSets {
		gemmTaps(s)
		depthwiseTaps(s)
		depthwiseNine(s)
	}
}

// gemmTapsRows is the number of rows of the largest tile, which is two vectors
// wide.
var gemmTapsRows = map[string]int{"AVX2": 6, "AVX512": 14}

// depthwiseTapsRows is the number of rows of the largest tile.
const depthwiseTapsRows = 8

// depthwiseWidths are the widths of tiles of so many rows, in vectors: enough sums to
// hide the latency of an addition.
func depthwiseWidths(rows int) []int {
	switch {
	case rows <= 2:
		return []int{4, 2, 1}
	case rows <= 5:
		return []int{2, 1}
	}
	return []int{1}
}

// A tapsTile is the code for one shape of tile: C = A*B or C += A*B for count
// tiles below each other. The columns of A are in runs that begin at offsets,
// and element (i, j) of the run at offset o is a[o+i*row+j*col].
type tapsTile struct {
	set
	rows, vectors int
	mask          lanemask // of the last vector, or nil

	a, c, count Mem // what remains to be done
	acc         [][]vector
}

// newTapsTile starts a function; the caller sets the rest.
func newTapsTile(s set, name string) tapsTile {
	begin(s, name)
	local := func(name string) Mem {
		m, v := AllocLocal(8), Load(Param(name), GP64())
		MOVQ(v, m)
		return m
	}
	return tapsTile{set: s, a: local("a"), c: local("c"), count: local("count")}
}

// gemmTaps writes tiles of a matrix product, at most two vectors wide. B is read
// in rows, and what follows it fetched into the second-level cache.
func gemmTaps(s set) {
	t := newTapsTile(s, "gemmTaps")
	rows, cols := Load(Param("rows"), GP64()), Load(Param("cols"), GP64())
	narrow := label("narrow")
	CMPQ(cols, U8(s.lanes()))
	JLE(LabelRef(narrow))
	SUBQ(U8(s.lanes()), cols)
	t.vectors = 2
	t.gemmColumns(rows, cols)
	Label(narrow)
	t.vectors = 1
	t.gemmColumns(rows, cols)
}

// gemmColumns writes the tiles of a number of vectors, of which the last has
// cols columns.
func (t tapsTile) gemmColumns(rows, cols reg.Register) {
	full := label("full")
	CMPQ(cols, U8(t.lanes()))
	JEQ(LabelRef(full))
	t.mask = t.tail(cols)
	t.eachHeight(rows, 1, gemmTapsRows[t.name()], tapsTile.gemm)
	Label(full)
	t.mask = nil
	t.eachHeight(rows, 1, gemmTapsRows[t.name()], tapsTile.gemm)
}

// eachHeight writes the tiles of lo to hi rows, and a binary search for the
// right one.
func (t tapsTile) eachHeight(rows reg.Register, lo, hi int, write func(t tapsTile)) {
	if lo == hi {
		t.rows = lo
		write(t)
		return
	}
	middle := (lo + hi) / 2
	above := label("above")
	CMPQ(rows, U8(middle))
	JGT(LabelRef(above))
	t.eachHeight(rows, lo, middle, write)
	Label(above)
	t.eachHeight(rows, middle+1, hi, write)
}

func (t tapsTile) gemm() {
	tile := label("tile")
	Label(tile)
	t.clear()
	b := Load(Param("b"), GP64())
	ldb := strideParam("ldb")
	columns := make([]vector, t.vectors)
	for j := range columns {
		columns[j] = t.vector()
	}
	broadcast := t.vector()
	ahead := strideParam("ldb")
	for _, factor := range []string{"taps", "run"} {
		by := Load(Param(factor), GP64())
		IMULQ(by, ahead)
	}
	t.eachTap(nil, func(a rowPointers) {
		PREFETCHT1(Mem{Base: b, Index: ahead, Scale: 1})
		for j, v := range columns {
			t.load(Mem{Base: b, Disp: 4 * t.lanes() * j}, v, t.maskAt(j))
		}
		ADDQ(ldb, b)
		for i := range t.rows {
			t.multiplyAdd(a.at(i), columns, t.acc[i], broadcast)
		}
	})
	t.update(nil)
	t.nextTile(tile)
}

// depthwiseTaps writes tiles of products channel by channel: A and B have a
// vector of channels, not a number, at every place.
func depthwiseTaps(s set) {
	t := newTapsTile(s, "depthwiseTaps")
	rows, rest := Load(Param("rows"), GP64()), Load(Param("cols"), GP64())
	ANDQ(U8(s.lanes()-1), rest)
	mask := s.tail(rest)
	t.eachHeight(rows, 1, depthwiseTapsRows, func(t tapsTile) { t.depthwise(mask) })
}

func (t tapsTile) depthwise(mask lanemask) {
	tile, done := label("tile"), label("done")
	Label(tile)
	channel, left := GP64(), Load(Param("cols"), GP64())
	XORQ(channel, channel)
	for _, vectors := range depthwiseWidths(t.rows) {
		again, enough := label("again"), label("enough")
		size := vectors * t.lanes()
		Label(again)
		CMPQ(left, U8(size))
		JLT(LabelRef(enough))
		t.vectors, t.mask = vectors, nil
		t.depthwiseBlock(channel)
		ADDQ(U32(4*size), channel)
		SUBQ(U8(size), left)
		JMP(LabelRef(again))
		Label(enough)
	}
	TESTQ(left, left)
	JEQ(LabelRef(done))
	t.vectors, t.mask = 1, mask
	t.depthwiseBlock(channel)
	Label(done)
	t.nextTile(tile)
}

// depthwiseBlock writes a tile of the channels from a number of bytes on.
func (t tapsTile) depthwiseBlock(channel reg.Register) {
	t.clear()
	b := Load(Param("b"), GP64())
	ADDQ(channel, b)
	ldb := strideParam("ldb")
	columns := make([]vector, t.vectors)
	for j := range columns {
		columns[j] = t.vector()
	}
	t.eachTap(channel, func(a rowPointers) {
		for j, v := range columns {
			t.load(Mem{Base: b, Disp: 4 * t.lanes() * j}, v, t.maskAt(j))
		}
		ADDQ(ldb, b)
		for i := range t.rows {
			for j, v := range columns {
				from := a.at(i).Offset(4 * t.lanes() * j)
				if t.maskAt(j) == nil {
					VFMADD231PS(from, v, t.acc[i][j])
					continue
				}
				x := t.vector()
				t.load(from, x, t.maskAt(j))
				VFMADD231PS(x, v, t.acc[i][j])
			}
		}
	})
	t.update(channel)
}

// depthwiseNine writes depthwiseTaps for three runs of three columns. A vector of
// channels keeps its nine elements of B in registers while it goes over the rows, four at
// a time.
func depthwiseNine(s set) {
	begin(s, "depthwiseNine")
	left, channel := Load(Param("cols"), GP64()), GP64()
	XORQ(channel, channel)
	again, rest, done := label("again"), label("rest"), label("done")
	Label(again)
	CMPQ(left, U8(s.lanes()))
	JLT(LabelRef(rest))
	depthwiseColumn(s, channel, nil)
	ADDQ(U8(4*s.lanes()), channel)
	SUBQ(U8(s.lanes()), left)
	JMP(LabelRef(again))
	Label(rest)
	TESTQ(left, left)
	JEQ(LabelRef(done))
	depthwiseColumn(s, channel, s.tail(left))
	Label(done)
	end()
}

// depthwiseColumn writes the loops over the rows for the vector of channels that begins
// at a number of bytes.
func depthwiseColumn(s set, channel reg.Register, mask lanemask) {
	var w [9]vector
	b, ldb := Load(Param("b"), GP64()), strideParam("ldb")
	ADDQ(channel, b)
	for i := range w {
		w[i] = s.vector()
		s.load(Mem{Base: b}, w[i], mask)
		ADDQ(ldb, b)
	}
	var runs [3]reg.Register
	offsets := Load(Param("offsets"), GP64())
	for i := range runs {
		runs[i] = GP64()
		MOVQ(Mem{Base: offsets, Disp: 8 * i}, runs[i])
		a := Load(Param("a"), GP64())
		LEAQ(Mem{Base: a, Index: runs[i], Scale: 4}, runs[i])
		ADDQ(channel, runs[i])
	}
	c, row, col, ldc := Load(Param("c"), GP64()), strideParam("row"), strideParam("col"), strideParam("ldc")
	ADDQ(channel, c)
	rows := Load(Param("rows"), GP64())
	for _, count := range []int{4, 1} {
		again, enough := label("rows"), label("enough")
		Label(again)
		CMPQ(rows, U8(count))
		JLT(LabelRef(enough))
		sums := make([]vector, count)
		for i := range sums {
			sums[i] = zero(s)
		}
		for r, run := range runs {
			at := eachRowAt(run, row, count)
			for j := range 3 {
				for i := range sums {
					from := Mem{Base: at[i]}
					if j > 0 {
						from.Index, from.Scale = col, uint8(j)
					}
					if mask == nil {
						VFMADD231PS(from, w[3*r+j], sums[i])
						continue
					}
					x := s.vector()
					s.load(from, x, mask)
					VFMADD231PS(x, w[3*r+j], sums[i])
				}
			}
			LEAQ(Mem{Base: run, Index: row, Scale: uint8(count)}, run)
		}
		for i, to := range eachRowAt(c, ldc, count) {
			s.store(sums[i], Mem{Base: to}, mask)
		}
		LEAQ(Mem{Base: c, Index: ldc, Scale: uint8(count)}, c)
		SUBQ(U8(count), rows)
		JMP(LabelRef(again))
		Label(enough)
	}
}

// eachRowAt returns pointers to so many rows that lie stride bytes apart.
func eachRowAt(first, stride reg.Register, count int) []reg.Register {
	at := []reg.Register{first}
	for i := range count - 1 {
		next := GP64()
		LEAQ(Mem{Base: at[i], Index: stride, Scale: 1}, next)
		at = append(at, next)
	}
	return at
}

// clear sets the sums to 0.
func (t *tapsTile) clear() {
	t.acc = make([][]vector, t.rows)
	for i := range t.acc {
		for range t.vectors {
			v := zero(t.set)
			t.acc[i] = append(t.acc[i], v)
		}
	}
}

// eachTap writes the loop over all columns of A. shift, unless nil, is a number
// of bytes.
func (t *tapsTile) eachTap(shift reg.Register, body func(a rowPointers)) {
	col := strideParam("col")
	offsets, left, k := Load(Param("offsets"), GP64()), Load(Param("taps"), GP64()), GP64()
	tap, column := label("tap"), label("column")
	Label(tap)
	first, offset := GP64(), GP64()
	MOVQ(t.a, first)
	MOVQ(Mem{Base: offsets}, offset)
	LEAQ(Mem{Base: first, Index: offset, Scale: 4}, first)
	if shift != nil {
		ADDQ(shift, first)
	}
	a := newRowPointers(first, "row", t.rows)
	Load(Param("run"), k)
	Label(column)
	body(a)
	for _, pointer := range a.base {
		ADDQ(col, pointer)
	}
	DECQ(k)
	JNE(LabelRef(column))
	ADDQ(U8(8), offsets)
	DECQ(left)
	JNE(LabelRef(tap))
}

// update stores the sums, or adds them to what is there.
func (t *tapsTile) update(shift reg.Register) {
	first, accumulate := GP64(), GP64()
	MOVQ(t.c, first)
	if shift != nil {
		ADDQ(shift, first)
	}
	c := newRowPointers(first, "ldc", t.rows)
	store := label("store")
	Load(Param("accumulate"), accumulate.(reg.GPVirtual).As8())
	TESTB(accumulate.(reg.GPVirtual).As8(), accumulate.(reg.GPVirtual).As8())
	JEQ(LabelRef(store))
	old := t.vector()
	for i := range t.acc {
		for j, v := range t.acc[i] {
			t.load(c.at(i).Offset(4*t.lanes()*j), old, t.maskAt(j))
			VADDPS(old, v, v)
		}
	}
	Label(store)
	for i := range t.acc {
		for j, v := range t.acc[i] {
			t.store(v, c.at(i).Offset(4*t.lanes()*j), t.maskAt(j))
		}
	}
}

// nextTile writes the end of the loop over tiles.
func (t *tapsTile) nextTile(tile string) {
	for _, x := range []struct {
		stride string
		at     Mem
	}{{"row", t.a}, {"ldc", t.c}} {
		by := strideParam(x.stride)
		IMUL3Q(U8(t.rows), by, by)
		ADDQ(by, x.at)
	}
	DECQ(t.count)
	JNE(LabelRef(tile))
	end()
}

func (t *tapsTile) maskAt(j int) lanemask {
	if j == t.vectors-1 {
		return t.mask
	}
	return nil
}

// strideParam loads a parameter in elements and makes it bytes.
func strideParam(name string) reg.GPVirtual {
	v := Load(Param(name), GP64()).(reg.GPVirtual)
	SHLQ(U8(2), v)
	return v
}

// rowPointers are pointers to every third row of a matrix: the two rows between
// are reached with an index register.
type rowPointers struct {
	base   []reg.Register
	stride reg.Register
}

// newRowPointers takes first as the pointer to the first row.
func newRowPointers(first reg.Register, stride string, rows int) rowPointers {
	p := rowPointers{[]reg.Register{first}, strideParam(stride)}
	if rows <= 3 {
		return p
	}
	three := GP64()
	LEAQ(Mem{Base: p.stride, Index: p.stride, Scale: 2}, three)
	for i := 3; i < rows; i += 3 {
		pointer := GP64()
		LEAQ(Mem{Base: p.base[len(p.base)-1], Index: three, Scale: 1}, pointer)
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
