package simd

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// A tapsCase is a call of GemmTaps or DepthwiseTaps.
type tapsCase struct {
	depthwise           bool
	m, n                int
	taps, run, row, col int
	spaceB, spaceC      int // between rows
	accumulate          bool
}

func tapsCases() (cases []tapsCase) {
	rng := rand.New(rand.NewPCG(6, 6))
	for _, depthwise := range []bool{false, true} {
		for m := 1; m <= 30; m++ {
			for _, n := range []int{1, 3, 7, 8, 9, 12, 15, 16, 17, 31, 32, 45, 64, 77, 130} {
				if depthwise || n <= GemmPanel() {
					cases = append(cases, tapsCase{depthwise, m, n, 1 + rng.IntN(4), 1 + rng.IntN(5), rng.IntN(70), rng.IntN(70), rng.IntN(3), rng.IntN(3), rng.IntN(2) == 1})
				}
			}
		}
	}
	return cases
}

// size is the number of numbers in an element of A.
func (c tapsCase) size() int {
	if c.depthwise {
		return c.n
	}
	return 1
}

// A tapsCall is a case with operands.
type tapsCall struct {
	tapsCase
	a      Taps
	b, sum []float32
}

// call returns random operands of which not one number can be spared.
func (c tapsCase) call(rng *rand.Rand, allocate func(n int) []float32) tapsCall {
	const last = 50
	a := Taps{Run: c.run, Row: c.row, Col: c.col}
	for range c.taps {
		a.Offsets = append(a.Offsets, rng.IntN(last+1))
	}
	a.Offsets[rng.IntN(c.taps)] = last
	a.Data = allocate(last + (c.m-1)*c.row + (c.run-1)*c.col + c.size())
	b, sum := allocate((c.taps*c.run-1)*(c.n+c.spaceB)+c.n), allocate((c.m-1)*(c.n+c.spaceC)+c.n)
	for _, x := range [][]float32{a.Data, b, sum} {
		for i := range x {
			x[i] = rng.Float32()*2 - 1
		}
	}
	return tapsCall{c, a, b, sum}
}

func (c tapsCall) run() {
	f := GemmTaps
	if c.depthwise {
		f = DepthwiseTaps
	}
	f(c.m, c.n, &c.a, c.b, c.n+c.spaceB, c.sum, c.n+c.spaceC, c.accumulate)
}

// want returns what C should be.
func (c tapsCall) want() []float32 {
	want := slices.Clone(c.sum)
	for i := range c.m {
		for channel := range c.n {
			at := i*(c.n+c.spaceC) + channel
			sum := 0.0
			if c.accumulate {
				sum = float64(c.sum[at])
			}
			for k := range c.taps * c.tapsCase.run {
				from := c.a.Offsets[k/c.a.Run] + i*c.row + k%c.a.Run*c.col
				if c.depthwise {
					from += channel
				}
				sum += float64(c.a.Data[from]) * float64(c.b[k*(c.n+c.spaceB)+channel])
			}
			want[at] = float32(sum)
		}
	}
	return want
}

// Nothing but the elements of C changes, and they are the sums.
func TestTapsMatchDefinition(t *testing.T) {
	forEachTier(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(6, 7))
		for _, c := range tapsCases() {
			call := c.call(rng, func(n int) []float32 { return make([]float32, n) })
			want := call.want()
			call.run()
			for i, v := range call.sum {
				if !(math.Abs(float64(v-want[i])) <= 1e-5) {
					t.Fatalf("%+v: C[%d] = %v, want %v", c, i, v, want[i])
				}
			}
		}
	})
}

// An element has the same bits wherever it is and whatever is computed with it.
func TestTapsDoNotDependOnPlace(t *testing.T) {
	forEachTier(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(6, 8))
		for _, c := range tapsCases() {
			call := c.call(rng, func(n int) []float32 { return make([]float32, n) })
			i, j := rng.IntN(c.m), rng.IntN(c.n)
			one := call
			one.m, one.n, one.spaceB, one.spaceC = 1, 1, c.n+c.spaceB-1, c.n+c.spaceC-1
			one.a.Data, one.b = call.a.Data[i*c.row:], call.b[j:]
			if c.depthwise {
				one.a.Data = one.a.Data[j:]
			}
			at := i*(c.n+c.spaceC) + j
			one.sum = slices.Clone(call.sum[at : at+1])
			one.run()
			call.run()
			if one.sum[0] != call.sum[at] {
				t.Fatalf("%+v: C[%d,%d] = %v, alone %v", c, i, j, call.sum[at], one.sum[0])
			}
		}
	})
}

// GemmTapsRows does what calls of GemmTaps would do one after the other, to the bit, and
// needs not one number more.
func TestTapsRowsAreProducts(t *testing.T) {
	forEachTier(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(6, 11))
		for _, c := range tapsCases() {
			if c.depthwise {
				continue
			}
			count, aNext, gap := 1+rng.IntN(4), rng.IntN(40), rng.IntN(9)
			size := (c.m-1)*(c.n+c.spaceC) + c.n
			longer := (count - 1) * aNext
			call := c.call(rng, func(n int) []float32 {
				return make([]float32, n+longer) // of which only A needs it
			})
			call.b, call.sum = call.b[:len(call.b)-longer], nil
			for range (count-1)*(size+gap) + size {
				call.sum = append(call.sum, rng.Float32())
			}
			want := slices.Clone(call.sum)
			for i := range count {
				a := call.a
				a.Data = a.Data[i*aNext:]
				GemmTaps(c.m, c.n, &a, call.b, c.n+c.spaceB, want[i*(size+gap):], c.n+c.spaceC, c.accumulate)
			}
			GemmTapsRows(count, c.m, c.n, &call.a, aNext, call.b, c.n+c.spaceB, call.sum, c.n+c.spaceC, size+gap, c.accumulate)
			if !slices.Equal(call.sum, want) {
				t.Fatalf("%+v, %d products: not those of single calls", c, count)
			}
			for name, spoil := range map[string]func(){
				"A": func() { call.a.Data = call.a.Data[:len(call.a.Data)-1] }, "C": func() { call.sum = call.sum[:len(call.sum)-1] },
			} {
				saved := call
				spoil()
				if !panics(func() {
					GemmTapsRows(count, c.m, c.n, &call.a, aNext, call.b, c.n+c.spaceB, call.sum, c.n+c.spaceC, size+gap, c.accumulate)
				}) {
					t.Fatalf("%+v, %d products: a short %s did not panic", c, count, name)
				}
				call = saved
			}
		}
	})
}

func panics(f func()) (did bool) {
	defer func() { did = recover() != nil }()
	f()
	return false
}

func TestTapsOfNothing(t *testing.T) {
	for name, f := range map[string]func(m, n int, a *Taps, b []float32, ldb int, c []float32, ldc int, accumulate bool){"GemmTaps": GemmTaps, "DepthwiseTaps": DepthwiseTaps} {
		c := []float32{1, 2, 3, 4, 5}
		f(2, 2, &Taps{}, nil, 2, c, 3, true)
		if !slices.Equal(c, []float32{1, 2, 3, 4, 5}) {
			t.Errorf("%s added %v", name, c)
		}
		f(2, 2, &Taps{}, nil, 2, c, 3, false)
		if !slices.Equal(c, []float32{0, 0, 3, 0, 0}) {
			t.Errorf("%s without columns gives %v", name, c)
		}
	}
}

func TestTapsPanics(t *testing.T) {
	good := tapsCase{false, 3, 4, 2, 2, 5, 1, 1, 1, false}.call(rand.New(rand.NewPCG(6, 9)), func(n int) []float32 { return make([]float32, n) })
	for name, spoil := range map[string]func(c *tapsCall){
		"short A":         func(c *tapsCall) { c.a.Data = c.a.Data[1:] },
		"short B":         func(c *tapsCall) { c.b = c.b[1:] },
		"short C":         func(c *tapsCall) { c.sum = c.sum[1:] },
		"negative offset": func(c *tapsCall) { c.a.Offsets = []int{-1} },
		"overlapping C":   func(c *tapsCall) { c.spaceC = -1 },
		"no run":          func(c *tapsCall) { c.a.Run = 0 },
		"backwards":       func(c *tapsCall) { c.a.Row = -1 },
	} {
		for _, depthwise := range []bool{false, true} {
			t.Run(fmt.Sprint(name, depthwise), func(t *testing.T) {
				c := good
				c.depthwise = depthwise
				if depthwise {
					c.a.Data = make([]float32, len(c.a.Data)+c.n-1)
				}
				spoil(&c)
				defer func() {
					if recover() == nil {
						t.Error("did not panic")
					}
				}()
				c.run()
			})
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("more columns than a panel: did not panic")
		}
	}()
	GemmTaps(1, GemmPanel()+1, &good.a, make([]float32, 1000), 100, make([]float32, 1000), 100, false)
}

func BenchmarkTaps(b *testing.B) {
	rng := rand.New(rand.NewPCG(6, 10))
	for _, bench := range []struct {
		name string
		c    tapsCase
	}{
		{"stem", tapsCase{false, 32, 16, 3, 9, 3, 1, 0, 0, false}},
		{"stride2", tapsCase{false, 16, 16, 3, 96, 64, 1, 0, 0, false}},
		{"weights", tapsCase{false, 96, 16, 16, 16, 1, 64, 0, 0, true}},
		{"depthwise3x3", tapsCase{true, 16, 96, 3, 3, 96, 96, 0, 0, false}},
		{"depthwise5x5", tapsCase{true, 16, 96, 5, 5, 96, 96, 0, 0, false}},
		{"depthwiseWeights", tapsCase{true, 3, 96, 8, 16, 96, 96, 0, 0, true}},
	} {
		b.Run(bench.name, func(b *testing.B) {
			call := bench.c.call(rng, func(n int) []float32 { return make([]float32, n) })
			for b.Loop() {
				call.run()
			}
			flops := 2 * float64(bench.c.m*bench.c.n*bench.c.taps*bench.c.run) * float64(b.N)
			b.ReportMetric(flops/b.Elapsed().Seconds()/1e9, "GFLOPS")
		})
	}
}
