package main

import (
	"fmt"
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// The points of F(4x4,3x3) are 0, ±a, ±b and infinity, with squares p and q.
const (
	a, b  = 0.625, 1.5
	p, q  = a * a, b * b
	alpha = 1 / (2 * p * (p - q))
	beta  = 1 / (2 * q * (q - p))
)

// A transform is one of the maps, in the order of package simd's constants.
// write is to store outputs as soon as it has them.
type transform struct {
	in, out int
	write   func(m *algebra, x []vector)
}

var transforms = []transform{
	{4, 4, func(m *algebra, x []vector) {
		m.store(0, m.sub(x[0], x[2]))
		m.store(1, m.add(x[2], x[1]))
		m.store(2, m.sub(x[2], x[1]))
		m.store(3, m.sub(x[3], x[1]))
	}},
	{3, 4, func(m *algebra, x []vector) {
		m.store(0, x[0])
		m.store(3, x[2])
		m.storeSumAndDifference(1, m.times(0.5, m.add(x[0], x[2])), m.times(0.5, x[1]))
	}},
	{4, 2, func(m *algebra, x []vector) {
		m.store(0, m.add(m.add(x[0], x[1]), x[2]))
		m.store(1, m.add(m.sub(x[1], x[2]), x[3]))
	}},
	{2, 4, func(m *algebra, x []vector) {
		m.store(0, x[0])
		m.store(3, x[1])
		m.storeSumAndDifference(1, x[0], x[1])
	}},
	{4, 3, func(m *algebra, x []vector) {
		half := m.times(0.5, m.add(x[1], x[2]))
		m.store(0, m.add(x[0], half))
		m.store(1, m.times(0.5, m.sub(x[1], x[2])))
		m.store(2, m.add(half, x[3]))
	}},
	{6, 6, func(m *algebra, x []vector) {
		even, odd := m.sub(x[4], m.times(q, x[2])), m.sub(x[3], m.times(q, x[1]))
		m.store(0, m.sub(even, m.times(p, m.sub(x[2], m.times(q, x[0])))))
		m.store(5, m.sub(m.sub(x[5], m.times(q, x[3])), m.times(p, odd)))
		m.storeSumAndDifference(1, even, m.times(a, odd))
		m.storeSumAndDifference(3, m.sub(x[4], m.times(p, x[2])), m.times(b, m.sub(x[3], m.times(p, x[1]))))
	}},
	{3, 6, func(m *algebra, x []vector) {
		m.store(0, m.times(1/(p*q), x[0]))
		m.store(5, x[2])
		m.storeSumAndDifference(1, m.add(m.times(alpha, x[0]), m.times(alpha*p, x[2])), m.times(alpha*a, x[1]))
		m.storeSumAndDifference(3, m.add(m.times(beta, x[0]), m.times(beta*q, x[2])), m.times(beta*b, x[1]))
	}},
	{6, 4, func(m *algebra, x []vector) {
		sumA, sumB := m.add(x[1], x[2]), m.add(x[3], x[4])
		m.store(0, m.add(m.add(x[0], sumA), sumB))
		m.store(2, m.add(m.times(p, sumA), m.times(q, sumB)))
		differenceA, differenceB := m.sub(x[1], x[2]), m.sub(x[3], x[4])
		m.store(1, m.add(m.times(a, differenceA), m.times(b, differenceB)))
		m.store(3, m.add(m.add(m.times(a*p, differenceA), m.times(b*q, differenceB)), x[5]))
	}},
	{4, 6, func(m *algebra, x []vector) {
		m.store(0, x[0])
		m.store(5, x[3])
		m.storeSumAndDifference(1, m.add(x[0], m.times(p, x[2])), m.add(m.times(a, x[1]), m.times(a*p, x[3])))
		m.storeSumAndDifference(3, m.add(x[0], m.times(q, x[2])), m.add(m.times(b, x[1]), m.times(b*q, x[3])))
	}},
	{6, 3, func(m *algebra, x []vector) {
		sumA, sumB := m.add(x[1], x[2]), m.add(x[3], x[4])
		m.store(0, m.add(m.add(m.times(1/(p*q), x[0]), m.times(alpha, sumA)), m.times(beta, sumB)))
		m.store(2, m.add(m.add(m.times(alpha*p, sumA), m.times(beta*q, sumB)), x[5]))
		m.store(1, m.add(m.times(alpha*a, m.sub(x[1], x[2])), m.times(beta*b, m.sub(x[3], x[4]))))
	}},
	{5, 6, func(m *algebra, x []vector) {
		m.store(0, m.add(m.sub(m.times(p, m.sub(m.times(q, x[0]), m.times(b, x[1]))), m.times(q, x[2])), m.times(b, x[3])))
		square, product := m.times(p-q, x[2]), m.times(a*b, x[1])
		m.store(1, m.add(m.times(a+b, m.sub(x[3], product)), square))
		m.store(2, m.add(m.times(b-a, m.add(x[3], product)), square))
		m.store(3, m.times(2*b, m.sub(x[3], m.times(p, x[1]))))
		m.store(5, m.sub(m.sub(x[4], m.times(b, x[3])), m.times(p, m.sub(x[2], m.times(b, x[1])))))
	}},
	{6, 3, func(m *algebra, x []vector) {
		sum, difference := m.add(x[1], x[2]), m.sub(x[1], x[2])
		m.store(0, m.add(m.add(x[0], sum), x[3]))
		m.store(1, m.add(m.times(a, difference), m.times(b, x[3])))
		m.store(2, m.add(m.add(m.times(p, sum), m.times(q, x[3])), x[5]))
	}},
	{3, 6, func(m *algebra, x []vector) {
		m.store(0, x[0])
		m.storeSumAndDifference(1, m.add(x[0], m.times(p, x[2])), m.times(a, x[1]))
		m.store(3, m.add(m.add(x[0], m.times(b, x[1])), m.times(q, x[2])))
		m.store(5, x[2])
	}},
	{4, 6, func(m *algebra, x []vector) {
		m.store(0, m.sub(m.times(p*q, x[0]), m.times(q, x[2])))
		m.storeSumAndDifference(1, m.times(p-q, x[2]), m.times((p-q)*a, x[1]))
		m.store(5, m.sub(x[3], m.times(p, x[1])))
	}},
	{6, 2, func(m *algebra, x []vector) {
		m.store(0, m.add(m.add(x[0], x[1]), x[2]))
		m.store(1, m.add(m.times(a, m.sub(x[1], x[2])), x[5]))
	}},
	{2, 6, func(m *algebra, x []vector) {
		m.store(0, x[0])
		m.storeSumAndDifference(1, x[0], m.times(a, x[1]))
		m.store(5, x[1])
	}},
}

// winograd writes the functions that apply one transform to rows of count groups
// of vectors of n elements.
func winograd() {
	for _, s := range bothSets {
		begin(s, "winograd")
		which := Load(Param("transform"), GP64())
		for i := range transforms {
			CMPQ(which, U8(i))
			JEQ(LabelRef(fmt.Sprint("transform", i)))
		}
		end() // not reached
		for i, t := range transforms {
			Label(fmt.Sprint("transform", i))
			t.loops(s)
		}
	}
	fetch()
}

// loops writes the loops over rows, groups and elements. Where a row starts and
// how many are left is kept in the arguments.
func (t transform) loops(s set) {
	m := &algebra{set: s, constants: map[float64]Op{}}
	dstStep, srcStep := bytes("dstStep"), bytes("srcStep")
	dstNext, srcNext := bytes("dstNext"), bytes("srcNext")
	n := Load(Param("n"), GP64())
	rest := GP64()
	MOVQ(n, rest)
	ANDQ(U8(s.lanes()-1), rest)
	mask := s.tail(rest)
	m.prepare(t)

	row, group, again, enough, done := label("row"), label("group"), label("loop"), label("enough"), label("done")
	Label(row)
	dst, src := Load(Param("dst"), GP64()), Load(Param("src"), GP64())
	count := Load(Param("count"), GP64())
	Label(group)
	m.dst, m.src = stepped(dst, dstStep, t.out), stepped(src, srcStep, t.in)
	left := GP64()
	MOVQ(n, left)
	SUBQ(U8(s.lanes()), left)
	JLT(LabelRef(enough))
	Label(again)
	m.apply(t, nil)
	m.dst.advance(4 * s.lanes())
	m.src.advance(4 * s.lanes())
	SUBQ(U8(s.lanes()), left)
	JGE(LabelRef(again))
	Label(enough)
	ADDQ(U8(s.lanes()), left)
	JEQ(LabelRef(done))
	m.apply(t, mask)
	Label(done)
	ADDQ(dstNext, dst)
	ADDQ(srcNext, src)
	DECQ(count)
	JNE(LabelRef(group))
	ADDQ(bytes("dstRow"), argument("dst"))
	ADDQ(bytes("srcRow"), argument("src"))
	DECQ(argument("rows"))
	JNE(LabelRef(row))
	end()
}

// argument returns the place of an argument on the stack.
func argument(name string) Mem {
	a, err := Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	return a.Addr
}

// fetch writes the function that asks for the cache lines of some rows to be
// brought into the second-level cache.
func fetch() {
	TEXT("fetchLines", NOSPLIT, "func(p *float32, step, lines, rows int)")
	Pragma("noescape")
	p, step := Load(Param("p"), GP64()), bytes("step")
	lines, rows := Load(Param("lines"), GP64()), Load(Param("rows"), GP64())
	row, again := label("row"), label("loop")
	at, left := GP64(), GP64()
	Label(row)
	MOVQ(p, at)
	MOVQ(lines, left)
	Label(again)
	PREFETCHT1(Mem{Base: at})
	ADDQ(U8(64), at)
	DECQ(left)
	JNE(LabelRef(again))
	ADDQ(step, p)
	DECQ(rows)
	JNE(LabelRef(row))
	RET()
}

// bytes returns a distance in elements as one in bytes.
func bytes(name string) reg.Register {
	v := Load(Param(name), GP64())
	SHLQ(U8(2), v)
	return v
}

// steppedPointers reach vectors that lie a step apart: up to three from each
// pointer, the third one by twice the step.
type steppedPointers struct {
	base []reg.Register
	step reg.Register
}

func stepped(start, step reg.Register, n int) steppedPointers {
	s := steppedPointers{step: step}
	for i := 0; i < n; i += 3 {
		at := GP64()
		if i == 0 {
			MOVQ(start, at)
		} else {
			LEAQ(Mem{Base: start, Index: step, Scale: 2}, at)
			ADDQ(step, at)
		}
		s.base = append(s.base, at)
	}
	return s
}

func (s steppedPointers) at(i int) Mem {
	m := Mem{Base: s.base[i/3]}
	if i%3 > 0 {
		m.Index, m.Scale = s.step, uint8(i%3)
	}
	return m
}

func (s steppedPointers) advance(by int) {
	for _, at := range s.base {
		ADDQ(U8(by), at)
	}
}

// intermediates is the number of registers that a transform needs at most beside
// those of its constants and inputs, counting the mask.
const intermediates = 4

// algebra writes arithmetic on vectors. Every operation rounds.
type algebra struct {
	set
	constants map[float64]Op
	spare     int  // registers for constants
	collect   bool // constants only, write nothing
	dst, src  steppedPointers
	mask      lanemask
}

// prepare loads the constants of t, as many as there are registers left for.
func (m *algebra) prepare(t transform) {
	m.spare = m.registers() - t.in - intermediates
	m.collect = true
	t.write(m, make([]vector, t.in))
	m.collect = false
}

func (m *algebra) apply(t transform, mask lanemask) {
	m.mask = mask
	x := make([]vector, t.in)
	for i := range x {
		x[i] = m.vector()
		m.load(m.src.at(i), x[i], mask)
	}
	t.write(m, x)
}

func (m *algebra) add(x, y vector) vector {
	if m.collect {
		return nil
	}
	z := m.vector()
	VADDPS(y, x, z)
	return z
}

func (m *algebra) sub(x, y vector) vector {
	if m.collect {
		return nil
	}
	z := m.vector()
	VSUBPS(y, x, z)
	return z
}

func (m *algebra) times(c float64, x vector) vector {
	if m.collect {
		if m.constants[c] == nil {
			m.constants[c] = m.constant(c)
		}
		return nil
	}
	z := m.vector()
	VMULPS(m.constants[c], x, z)
	return z
}

// constant returns a register that holds c, or its place in memory.
func (m *algebra) constant(c float64) Op {
	at := float(fmt.Sprintf("float%08x", math.Float32bits(float32(c))), float32(c))
	if len(m.constants) >= m.spare {
		return at
	}
	v := m.vector()
	m.load(at, v, nil)
	return v
}

func (m *algebra) store(i int, x vector) {
	if !m.collect {
		m.set.store(x, m.dst.at(i), m.mask)
	}
}

func (m *algebra) storeSumAndDifference(i int, x, y vector) {
	m.store(i, m.add(x, y))
	m.store(i+1, m.sub(x, y))
}
