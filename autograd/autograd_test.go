package autograd

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
)

// mul is an element-wise product, the smallest operation that saves its inputs.
func mul(a, b *Tensor) *Tensor {
	return Do(Op{
		Name: "mul", Inputs: []*Tensor{a, b}, Shape: a.Shape(), Saves: []*Tensor{a, b},
		Forward: func(y *Output) {
			for i := range y.Data() {
				y.Data()[i] = a.Data()[i] * b.Data()[i]
			}
		},
		Backward: func(g *Grad) {
			for i, other := range []*Tensor{b, a} {
				if g.Needs(i) {
					dx := g.New(i).Data()
					for j, dy := range g.Dy().Data() {
						dx[j] = dy * other.Data()[j]
					}
				}
			}
		},
	})
}

// plus is an element-wise sum, whose inputs share its gradient.
func plus(a, b *Tensor) *Tensor {
	return Do(Op{
		Name: "plus", Inputs: []*Tensor{a, b}, Shape: a.Shape(),
		Forward: func(y *Output) {
			for i := range y.Data() {
				y.Data()[i] = a.Data()[i] + b.Data()[i]
			}
		},
		Backward: func(g *Grad) {
			for i := range 2 {
				if g.Needs(i) {
					g.Share(i)
				}
			}
		},
	})
}

// total is the sum of all elements.
func total(x *Tensor) *Tensor {
	return Do(Op{
		Name: "total", Inputs: []*Tensor{x},
		Forward: func(y *Output) {
			y.Data()[0] = 0
			for _, v := range x.Data() {
				y.Data()[0] += v
			}
		},
		Backward: func(g *Grad) {
			dx := g.New(0).Data()
			for i := range dx {
				dx[i] = g.Dy().Item()
			}
		},
	})
}

// view gives x another shape without copying.
func view(x *Tensor, shape ...int) *Tensor {
	return Do(Op{Name: "view", Inputs: []*Tensor{x}, Shape: shape, Alias: true, Backward: func(g *Grad) { g.Share(0) }})
}

func vector(ps *Params, name string, values ...float32) *Param {
	p := ps.Add(name, len(values))
	copy(p.Data(), values)
	return p
}

func wantFloats(t *testing.T, what string, got []float32, want ...float32) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s = %v, want %v", what, got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("%s = %v, want %v", what, got, want)
		}
	}
}

func wantPanic(t *testing.T, with string, f func()) {
	t.Helper()
	defer func() {
		t.Helper()
		text := ""
		switch r := recover().(type) {
		case string:
			text = r
		case error:
			text = r.Error()
		}
		if !strings.Contains(text, with) {
			t.Errorf("panic %q, want one with %q", text, with)
		}
	}()
	f()
}

func TestBackwardSumsOverUses(t *testing.T) {
	var ps Params
	a, b := vector(&ps, "a", 2, 3), vector(&ps, "b", 5, 7)
	ps.Add("unused", 3)
	tape := NewTape(&ps)
	for step := range 3 {
		x, y := tape.Use(a), tape.Use(b)
		if tape.Use(a) != x {
			t.Fatal("Use gave two tensors for one parameter")
		}
		// d(a*a*b + a + b + b)
		z := total(plus(plus(mul(mul(x, x), y), x), plus(y, y)))
		grads := tape.Backward(z)
		wantFloats(t, "gradient", grads, 2*2*5+1, 2*3*7+1, 2*2+2, 3*3+2, 0, 0, 0)
		if step == 0 && z.Item() != 2*2*5+2+5+5+3*3*7+3+7+7 {
			t.Errorf("loss = %v", z.Item())
		}
		tape.Reset()
	}
}

// Every way two gradients can meet: both shared, one of them, none.
func TestBackwardDoesNotOverwriteSharedGradients(t *testing.T) {
	var ps Params
	a := vector(&ps, "a", 3)
	tape := NewTape(&ps)
	u := mul(tape.Use(a), FromSlice([]float32{2}, 1)) // 2a
	v := plus(u, u)                                   // shares dv with u twice
	w := plus(v, mul(u, u))
	grads := tape.Backward(total(plus(w, v)))
	// 4a + 4a² + 4a
	wantFloats(t, "gradient", grads, 8+8*3)
}

func TestParameterUsedTwiceByOneOperation(t *testing.T) {
	var ps Params
	a := vector(&ps, "a", 3, 4)
	tape := NewTape(&ps)
	wantFloats(t, "d(a*a)", tape.Backward(total(mul(tape.Use(a), tape.Use(a)))), 6, 8)
	tape.Reset()
	wantFloats(t, "d(a+a)", tape.Backward(total(plus(tape.Use(a), tape.Use(a)))), 2, 2)
}

func TestAliasAndDetach(t *testing.T) {
	var ps Params
	a := vector(&ps, "a", 1, 2, 3, 4)
	tape := NewTape(&ps)
	x := tape.Use(a)
	m := tape.Block(func() *Tensor { return view(mul(x, x), 2, 2) })
	stopped := mul(m, m.Detach())
	wantFloats(t, "gradient", tape.Backward(total(stopped)), 2, 16, 54, 128) // d(a²·stop(a²)) = 2a·a²
	if m.Dim(0) != 2 || m.Dim(-1) != 2 || stopped.Rank() != 2 {
		t.Errorf("shape %v", m.Shape())
	}
}

func TestConstantsNeedNoTape(t *testing.T) {
	y := mul(FromSlice([]float32{2, 3}, 2), FromSlice([]float32{5, 7}, 2))
	wantFloats(t, "product", y.Data(), 10, 21)
	if y.Tape() != nil || y.NeedsGrad() {
		t.Error("a product of constants belongs to a tape")
	}
}

func TestInferenceRecordsNothing(t *testing.T) {
	var ps Params
	a := vector(&ps, "a", 2)
	tape := NewInference()
	y := mul(tape.Use(a), tape.Use(a))
	if y.NeedsGrad() || len(tape.nodes) != 0 {
		t.Error("an inference tape recorded an operation")
	}
	wantPanic(t, "inference tape", func() { tape.Backward(y) })
}

func TestBlockFreesMemory(t *testing.T) {
	const n = 1 << 12
	var ps Params
	a := ps.Add("a", n)
	peak := func(tape *Tape, wrap bool) int {
		x := tape.Input(make([]float32, n), n)
		for range 10 {
			step := func() *Tensor {
				y := plus(x, x)
				for range 9 {
					y = plus(y, x)
				}
				return y
			}
			if wrap {
				x = tape.Block(step)
			} else {
				x = step()
			}
		}
		if tape.Recording() {
			tape.Backward(total(mul(x, tape.Use(a))))
		}
		tape.Reset()
		if live := tape.Stats().Live; live != 0 {
			t.Errorf("%d bytes are in use after Reset", live)
		}
		return tape.Stats().Peak
	}
	for name, tape := range map[string]func() *Tape{"training": func() *Tape { return NewTape(&ps) }, "inference": NewInference} {
		with, without := peak(tape(), true), peak(tape(), false)
		if with*4 > without {
			t.Errorf("%s: peak %d bytes in blocks, %d without", name, with, without)
		}
	}
}

func TestSavedTensorsOutliveTheirBlock(t *testing.T) {
	var ps Params
	a := vector(&ps, "a", 3)
	tape := NewTape(&ps)
	var inner *Tensor
	y := tape.Block(func() *Tensor {
		inner = mul(tape.Use(a), tape.Use(a))
		return mul(inner, inner)
	})
	z := tape.Block(func() *Tensor { return plus(y, y) })
	// Fill whatever was freed too early with something else.
	for range 8 {
		mul(FromSlice([]float32{-1}, 1), tape.Input([]float32{9}, 1))
	}
	wantFloats(t, "d(2a⁴)", tape.Backward(total(z)), 8*27)
	wantPanic(t, "released", func() { inner.Data() })
}

func TestReadAfterResetPanics(t *testing.T) {
	var ps Params
	a := vector(&ps, "a", 3)
	tape := NewTape(&ps)
	y := mul(tape.Use(a), tape.Use(a))
	tape.Reset()
	wantPanic(t, "released", func() { y.Data() })
	wantPanic(t, "released", func() { y.Detach() })
}

func TestUnlistedSaveIsCaught(t *testing.T) {
	var ps Params
	a := vector(&ps, "a", 3)
	tape := NewTape(&ps)
	y := tape.Block(func() *Tensor {
		x := plus(tape.Use(a), tape.Use(a))
		return Do(Op{
			Name: "bad", Inputs: []*Tensor{x}, Shape: x.Shape(),
			Forward:  func(y *Output) { copy(y.Data(), x.Data()) },
			Backward: func(g *Grad) { g.New(0).Data()[0] = x.Data()[0] },
		})
	})
	wantPanic(t, "Op.Saves", func() { tape.Backward(total(y)) })
}

func TestSteadyStateAllocatesNoBuffer(t *testing.T) {
	var ps Params
	a := ps.Add("a", 1000)
	tape := NewTape(&ps)
	step := func() {
		x := tape.Use(a)
		y := tape.Block(func() *Tensor {
			return Do(Op{
				Name: "work", Inputs: []*Tensor{x}, Shape: x.Shape(),
				Forward: func(y *Output) {
					y.Keep(10)
					y.KeepBits(77)
					y.Scratch(500)
					y.Retain(3)
					clear(y.Data())
				},
				Backward: func(g *Grad) { g.Scratch(99); clear(g.New(0).Data()) },
			})
		})
		tape.Backward(total(mul(y, plus(x, y))))
		tape.Commit()
		tape.Reset()
	}
	step()
	before := tape.Stats()
	for range 20 {
		step()
	}
	if after := tape.Stats(); after != before {
		t.Errorf("buffers grew from %+v to %+v", before, after)
	}
	const operations = 4
	if n := testing.AllocsPerRun(10, step); n > 8*operations {
		t.Errorf("%.0f allocations a step for %d operations", n, operations)
	}
}

func TestDeferredEffectsWaitForCommit(t *testing.T) {
	tape := NewInference()
	var ran []int
	tape.Defer(func() { ran = append(ran, 1) })
	tape.Defer(func() { ran = append(ran, 2) })
	if len(ran) != 0 {
		t.Fatal("an effect ran before Commit")
	}
	tape.Commit()
	tape.Commit()
	if len(ran) != 2 || ran[0] != 1 || ran[1] != 2 {
		t.Errorf("effects ran as %v, want [1 2]", ran)
	}
	tape.Defer(func() { t.Error("an effect survived Reset") })
	tape.Reset()
	tape.Commit()

	var ps Params
	w := vector(&ps, "w", 1)
	for _, hold := range []bool{false, true} {
		tape, ran := NewTape(&ps), false
		tape.HoldEffects = hold
		tape.Defer(func() { ran = true })
		tape.Backward(total(tape.Use(w)))
		if ran == hold {
			t.Errorf("HoldEffects %t: Backward made the effect: %t", hold, ran)
		}
	}
}

func TestMisusePanics(t *testing.T) {
	var ps, others Params
	a, b := vector(&ps, "a", 3), vector(&others, "b", 3)
	tape := NewTape(&ps)
	x := tape.Use(a)
	wantPanic(t, "does not belong", func() { tape.Use(b) })
	wantPanic(t, "different tapes", func() { mul(x, NewTape(&others).Use(b)) })
	wantPanic(t, "no Backward", func() { Do(Op{Name: "half", Inputs: []*Tensor{x}}) })
	wantPanic(t, "is nil", func() { mul(x, nil) })
	wantPanic(t, "not computed on this tape", func() { tape.Backward(New()) })
	wantPanic(t, "a scalar", func() { tape.Backward(tape.Input(make([]float32, 2), 2)) })
	wantPanic(t, "as many elements", func() { FromSlice(make([]float32, 2), 3) })
	wantPanic(t, "no negative axis", func() { New(-1) })
	wantPanic(t, "at most ", func() { New(math.MaxInt/8, 2) })
	wantPanic(t, "at most ", func() { New(1<<16, 1<<16, 1<<16, 1<<16) })
	wantPanic(t, "at most 6 axes", func() { New(1, 1, 1, 1, 1, 1, 1) })
	wantPanic(t, "one element", func() { New(2).Item() })
	wantPanic(t, `"a"`, func() { ps.Add("a", 1) })
	wantPanic(t, `"a"`, func() { ps.AddBuffer("a", 1) })
	wantPanic(t, "the same number", func() { view(x, 2) })
	lazy := Do(Op{Name: "lazy", Inputs: []*Tensor{x}, Forward: func(*Output) {}, Backward: func(*Grad) {}})
	wantPanic(t, "no gradient for input 0", func() { tape.Backward(lazy) })
	wantPanic(t, "twice", func() { tape.Backward(lazy) })
	wantPanic(t, "after Backward", func() { mul(x, x) })
	tape.Reset()
	tape.Use(a)
	vector(&ps, "late", 1)
	wantPanic(t, `"late" was added after the tape`, func() { tape.Use(a) })
	var none *Tape
	wantPanic(t, "there is no tape", func() { none.Use(a) })
	wantPanic(t, "there is no tape", func() { none.Input(nil, 0) })
	wantPanic(t, "there is no tape", func() { none.Block(func() *Tensor { return nil }) })
	wantPanic(t, "there is no tape", func() { none.Recording() })
}

func TestShapeError(t *testing.T) {
	var err error = NewShapeError("ops.MatMul", "equal inner dimensions", New(2, 3), nil, New())
	var shape *ShapeError
	if !errors.As(err, &shape) || err.Error() != "ops.MatMul: got (2, 3) and (), want equal inner dimensions" {
		t.Errorf("error %q", err)
	}
}

// A large buffer that is free stands in for one of up to half its size; small ones, and
// those that would waste more, do not.
func TestLargeBuffersStandIn(t *testing.T) {
	for _, c := range []struct {
		first, then int // elements
		again       bool
	}{
		{large, large, true}, {large, large/2 + 1, true}, {large, large/2 - large/8, false}, {large / 2, large, false},
		{large / 8, large / 8, true}, {large / 8, large/8 - large/32, false},
	} {
		var p pool
		s := p.get(c.first)
		p.release(s)
		got := p.get(c.then)
		if again := p.stats.Allocations == 1; again != c.again || len(got.data) != c.then {
			t.Errorf("%d elements after %d: again %v, want %v", c.then, c.first, again, c.again)
		}
		p.release(got)
		if p.stats.Live != 0 {
			t.Errorf("%d bytes are in use", p.stats.Live)
		}
		if p.get(c.first); p.stats.Allocations != map[bool]int{true: 1, false: 2}[c.again] && c.again {
			t.Errorf("the buffer of %d elements did not come back as what it is", c.first)
		}
	}
}

func TestParamsAreFlat(t *testing.T) {
	var ps Params
	a, b := vector(&ps, "a", 1, 2), vector(&ps, "b", 3)
	buffer := ps.AddBuffer("mean", 2)
	wantFloats(t, "flat", ps.Flat(), 1, 2, 3)
	ps.Flat()[2] = 9
	wantFloats(t, "b", b.Data(), 9)
	c := vector(&ps, "c", 4)
	wantFloats(t, "flat", ps.Flat(), 1, 2, 9, 4)
	if a.Offset() != 0 || b.Offset() != 2 || c.Offset() != 3 || ps.Len() != 4 {
		t.Error("offsets are wrong")
	}
	if ps.Lookup("b") != b || ps.Lookup("x") != nil || len(ps.Buffers()) != 1 || ps.Buffers()[0] != buffer {
		t.Error("Lookup is wrong")
	}
}

func TestSizeClass(t *testing.T) {
	last, _ := sizeClass(1)
	for n := 1; n < 5000; n++ {
		class, capacity := sizeClass(n)
		if capacity < n || n > 16 && float64(capacity) > 1.25*float64(n) {
			t.Fatalf("sizeClass(%d) holds %d", n, capacity)
		}
		if class < last || class > last+1 {
			t.Fatalf("sizeClass(%d) = %d after %d", n, class, last)
		}
		if again, same := sizeClass(capacity); again != class || same != capacity {
			t.Fatalf("sizeClass(%d) = %d (%d), but of its capacity %d (%d)", n, class, capacity, again, same)
		}
		last = class
	}
}

func TestWatch(t *testing.T) {
	var ps Params
	a := vector(&ps, "a", 3)
	tape := NewTape(&ps)
	var seen []string
	tape.Watch = func(r Result) {
		name := "constant"
		if p := r.Inputs[0].Param(); p != nil {
			name = p.Name
		}
		seen = append(seen, fmt.Sprint(r.Op, r.Input, r.Data(), name))
	}
	tape.Backward(total(mul(tape.Use(a), FromSlice([]float32{2}, 1))))
	want := []string{"mul-1 [6]a", "total-1 [6]constant", "total0 [1]constant", "mul0 [2]a"}
	if !slices.Equal(seen, want) {
		t.Errorf("Watch saw %q, want %q", seen, want)
	}
}

func TestString(t *testing.T) {
	x := FromSlice([]float32{1, 2, 3, 4, 5, 6, 7, 8, 9}, 3, 3)
	if got, want := x.String(), "tensor(3, 3) 1 2 3 4 5 6 7 8 ..."; got != want {
		t.Errorf("String = %q, want %q", got, want)
	}
}

func TestNaNFlows(t *testing.T) {
	var ps Params
	a := vector(&ps, "a", float32(math.NaN()))
	tape := NewTape(&ps)
	if g := tape.Backward(total(mul(tape.Use(a), tape.Use(a)))); !math.IsNaN(float64(g[0])) {
		t.Errorf("gradient %v, want NaN", g)
	}
}

// TestOperationInsideAnother runs an operation in the Forward of another one:
// each has its own memory.
func TestOperationInsideAnother(t *testing.T) {
	tape := NewInference()
	x := tape.Input([]float32{1, 2}, 2)
	double := func(x *Tensor, inside func()) *Tensor {
		return Do(Op{
			Name: "double", Inputs: []*Tensor{x}, Shape: x.Shape(),
			Forward: func(y *Output) {
				scratch := y.Scratch(2)
				copy(scratch, x.Data())
				inside()
				for i, v := range scratch {
					y.Data()[i] = 2 * v
				}
			},
			Backward: func(*Grad) {},
		})
	}
	var inner *Tensor
	outer := double(x, func() { inner = double(tape.Input([]float32{5, 6}, 2), func() {}) })
	if got := [...]float32{outer.Data()[0], outer.Data()[1], inner.Data()[0], inner.Data()[1]}; got != [...]float32{2, 4, 10, 12} {
		t.Errorf("%v, want [2 4 10 12]", got)
	}
}

// TestSavesOfAnotherTape: what an operation only reads belongs to its tape too.
func TestSavesOfAnotherTape(t *testing.T) {
	var ps Params
	x, other := NewTape(&ps).Input([]float32{1}, 1), NewInference().Input([]float32{2}, 1)
	wantPanic(t, "of another tape", func() {
		Do(Op{Name: "Test", Inputs: []*Tensor{x}, Saves: []*Tensor{other}, Shape: []int{1}, Forward: func(*Output) {}, Backward: func(*Grad) {}})
	})
}
