package simd

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"autodropout/internal/race"
)

// shapes of matrices to run kernels on: columns ragged and even, enough rows for
// more than one block of the column sums.
func shapes(k kernel) (list [][2]int) {
	for columns := range 71 {
		list = append(list, [2]int{1, columns})
	}
	list = append(list, [2]int{1, 127}, [2]int{1, 128}, [2]int{1, 355}, [2]int{1, maxCall + 21})
	if k.oneRow {
		return list
	}
	for _, columns := range []int{1, 3, 8, 9, 16, 24, 31, 40, 64, 72, 100} {
		for _, rows := range []int{0, 2, 3, 32, 150} {
			list = append(list, [2]int{rows, columns})
		}
	}
	return append(list, [2]int{3, sumCols + 40}, [2]int{maxCall/16 + 70, 16})
}

// arguments of a kernel: all its slices lie apart in one buffer each for floats
// and bits, with canaries between them.
type arguments struct {
	floats  []float32
	words   []uint32
	m, v    [][]float32
	bits    []uint32
	rows    int
	columns int
}

const gap = 19 // canaries between slices; odd, so that alignments vary

func newArguments(k kernel, rows, columns int, special bool) arguments {
	rng := rand.New(rand.NewPCG(uint64(rows), uint64(columns)))
	a := arguments{rows: rows, columns: columns}
	n := rows * columns
	a.floats = make([]float32, gap+k.matrices*(n+gap)+k.vectors*(columns+gap))
	for i := range a.floats {
		a.floats[i] = float32(rng.NormFloat64())
		if special && rng.IntN(8) == 0 {
			a.floats[i] = specials[rng.IntN(len(specials))]
		}
	}
	a.words = make([]uint32, gap+maskWords(n)+gap)
	for i := range a.words {
		a.words[i] = rng.Uint32()
	}
	a.slice(k)
	for name, second := range map[string]int{"AdamStep": 3, "RMSPropStep": 2} {
		if k.name == name {
			for i, x := range a.m[second] {
				a.m[second][i] = max(x, -x) // the second moment is not negative
			}
		}
	}
	return a
}

var specials = []float32{
	0, float32(math.Copysign(0, -1)), float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)),
	math.SmallestNonzeroFloat32, -1e-40, math.MaxFloat32, -math.MaxFloat32, -95, 88.5, 0.625, -0.625,
}

func (a *arguments) slice(k kernel) {
	n := a.rows * a.columns
	at := gap
	next := func(n int) []float32 {
		s := a.floats[at : at+n : at+n]
		at += n + gap
		return s
	}
	a.m, a.v = nil, nil
	for range k.matrices {
		a.m = append(a.m, next(n))
	}
	for range k.vectors {
		a.v = append(a.v, next(a.columns))
	}
	a.bits = a.words[gap : gap+maskWords(n) : gap+maskWords(n)]
}

func (a arguments) clone(k kernel) arguments {
	a.floats, a.words = slices.Clone(a.floats), slices.Clone(a.words)
	a.slice(k)
	return a
}

// inPlace makes matrix i the same slice as the first.
func (a arguments) inPlace(i int) arguments {
	if i > 0 {
		a.m = slices.Clone(a.m)
		a.m[i] = a.m[0]
	}
	return a
}

func (a arguments) run(k kernel) { k.run(a.m, a.v, a.bits, a.rows) }

// difference says where the buffers differ, canaries included.
func (a arguments) difference(b arguments) string {
	for i, x := range a.floats {
		if y := b.floats[i]; !sameBits(x, y) {
			return fmt.Sprintf("float %d of %d is %g, want %g", i-gap, len(a.floats)-2*gap, x, y)
		}
	}
	for i, x := range a.words {
		if y := b.words[i]; x != y {
			return fmt.Sprintf("word %d of %d is %08x, want %08x", i-gap, len(a.words)-2*gap, x, y)
		}
	}
	return ""
}

func sameBits(x, y float32) bool {
	return math.Float32bits(x) == math.Float32bits(y) || x != x && y != y
}

// overlaps are the matrices that may be the same slice as the first.
func (k kernel) overlaps() int {
	if k.vectors > 0 && k.name[:3] == "Sum" || k.name == "MaskSumDotRows" {
		return 1
	}
	return k.matrices
}

// Every tier gives the bits of the portable code, in place too, and touches
// nothing else.
func TestKernelsMatchGeneric(t *testing.T) {
	for _, k := range kernels {
		for _, special := range []bool{false, true} {
			for _, shape := range shapes(k) {
				start := newArguments(k, shape[0], shape[1], special)
				for i := range k.overlaps() {
					want := runOn(Generic, k, start, i)
					for _, tier := range supportedTiers() {
						got := runOn(tier, k, start, i)
						if d := got.difference(want); d != "" {
							t.Fatalf("%s on %s, %d x %d, argument %d in place, special values %t: %s",
								k.name, tier, shape[0], shape[1], i, special, d)
						}
					}
				}
			}
		}
	}
}

func runOn(tier Tier, k kernel, start arguments, inPlace int) arguments {
	before := Active()
	defer setTier(before)
	setTier(tier)
	a := start.clone(k)
	a.inPlace(inPlace).run(k)
	return a
}

// The portable code does what the documentation says, to within rounding.
func TestKernelsMatchDefinition(t *testing.T) {
	for _, k := range kernels {
		for _, shape := range shapes(k) {
			got := newArguments(k, shape[0], shape[1], false)
			want := newDefinition(k, got)
			runGeneric := runOn(Generic, k, got, 0)
			if d := want.difference(runGeneric); d != "" {
				t.Fatalf("%s, %d x %d: %s", k.name, shape[0], shape[1], d)
			}
		}
	}
}

// definition is the result of a kernel in float64.
type definition struct {
	m, v [][]float64
	bits []uint32
}

func newDefinition(k kernel, a arguments) definition {
	d := definition{m: widen(a.m), v: widen(a.v), bits: slices.Clone(a.bits)}
	if n := a.rows * a.columns; k.name == "ReLUBits" || k.name == "ScaleShiftReLURows" {
		if n%32 != 0 {
			d.bits[len(d.bits)-1] &= 1<<(n%32) - 1
		}
	}
	for r := range a.rows {
		for j := range a.columns {
			d.apply(k, r*a.columns+j, j)
		}
	}
	return d
}

func (d *definition) apply(k kernel, i, j int) {
	e := element{m: make([]float64, len(d.m)), v: make([]float64, len(d.v))}
	for k, m := range d.m {
		e.m[k] = m[i]
	}
	for k, v := range d.v {
		e.v[k] = v[j]
	}
	e.bit = d.bits[i/32]>>(i%32)&1 != 0
	k.want(&e)
	for k, x := range e.m {
		d.m[k][i] = x
	}
	for k, x := range e.v {
		d.v[k][j] = x
	}
	d.bits[i/32] &^= 1 << (i % 32)
	if e.bit {
		d.bits[i/32] |= 1 << (i % 32)
	}
}

func widen(x [][]float32) [][]float64 {
	wide := make([][]float64, len(x))
	for i, x := range x {
		for _, v := range x {
			wide[i] = append(wide[i], float64(v))
		}
	}
	return wide
}

// difference allows what rounding of sums over the rows may cost.
func (d definition) difference(got arguments) string {
	tolerance := 2e-6 + 1e-7*float64(min(got.rows, sumRows))
	check := func(what string, got [][]float32, want [][]float64) string {
		for k := range want {
			for i, w := range want[k] {
				g := float64(got[k][i])
				if !(math.Abs(g-w) <= tolerance*(1+math.Abs(w))) && !(math.IsNaN(g) && math.IsNaN(w)) {
					return fmt.Sprintf("%s %d has %g at %d, want %g", what, k, g, i, w)
				}
			}
		}
		return ""
	}
	if s := check("matrix", got.m, d.m); s != "" {
		return s
	}
	if s := check("vector", got.v, d.v); s != "" {
		return s
	}
	if !slices.Equal(got.bits, d.bits) {
		return fmt.Sprintf("bits are %08x, want %08x", got.bits, d.bits)
	}
	return ""
}

func TestKernelsDoNotAllocate(t *testing.T) {
	if race.Enabled {
		t.Skip("the race detector is told of buffers on the stack, which moves them to the heap")
	}
	forEachTier(t, func(t *testing.T) {
		for _, k := range kernels {
			a := newArguments(k, 3, 40, false)
			if k.oneRow {
				a = newArguments(k, 1, 40, false)
			}
			if n := testing.AllocsPerRun(10, func() { a.run(k) }); n != 0 {
				t.Errorf("%s allocates %g times", k.name, n)
			}
		}
	})
}

func BenchmarkKernels(b *testing.B) {
	for _, k := range kernels {
		rows := 256
		if k.oneRow {
			rows = 1
		}
		for _, tier := range supportedTiers() {
			b.Run(fmt.Sprintf("kernel=%s/tier=%s", k.name, tier), func(b *testing.B) {
				before := Active()
				defer setTier(before)
				setTier(tier)
				a := newArguments(k, rows, 1<<14/rows, false)
				b.SetBytes(int64(4 * k.matrices << 14))
				for b.Loop() {
					a.run(k)
				}
			})
		}
	}
}
