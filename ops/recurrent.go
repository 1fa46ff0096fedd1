package ops

import (
	"fmt"

	"autodropout/autograd"
	"autodropout/internal/parallel"
	"autodropout/simd"
)

// RecurrentSpec is how a recurrent layer goes through sequences. The zero value goes
// from the first step to the last.
type RecurrentSpec struct {
	// Reverse goes from the last step to the first.
	Reverse bool

	// Lengths has the number of steps of each example that are not padding, 0 to T. In
	// the others the state stays what it is. nil means all T.
	Lengths []int
}

// LSTM runs a layer of long short-term memory (Hochreiter and Schmidhuber 1997, with
// forget gates) over T steps and returns all states, (2, T+1, N, H): the hidden ones,
// then those of the cells. State t is the one before step t and state t+1 the one
// behind it; with Reverse state t+1 is the one before step t, and state t the one
// behind it.
//
// x (T, N, 4H) is what the inputs add to the four gates: input, forget, cell and output
// gate, each of H units, as in PyTorch; [Linear] makes it of the inputs. w (4H, H) and
// b (4H) are what the hidden state adds. h and c (N, H) are the state to begin with. b,
// h and c may be nil, which stands for zeros.
//
// All steps are one operation: what is kept for the gradient is the states and the
// gates.
func LSTM(x, w, b, h, c *autograd.Tensor, spec RecurrentSpec) *autograd.Tensor {
	return newRecurrent("ops.LSTM", x, w, b, []*autograd.Tensor{h, c}, spec, lstmCell{})
}

// GRU runs a layer of gated recurrent units (Cho et al. 2014) over T steps and returns
// all states, (1, T+1, N, H), in the order of [LSTM].
//
// x (T, N, 3H) is what the inputs add to the gates: reset, update and new, as in
// PyTorch; w (3H, H) and b (3H) are what the hidden state adds, which the reset gate
// multiplies in that of the new state. h (N, H) is the state to begin with. b and h may
// be nil, which stands for zeros.
func GRU(x, w, b, h *autograd.Tensor, spec RecurrentSpec) *autograd.Tensor {
	return newRecurrent("ops.GRU", x, w, b, []*autograd.Tensor{h}, spec, gruCell{})
}

// A cell is what a step does to the state of one example, of which the state has one
// or two planes of h units.
type cell interface {
	// gates is how many times h elements x and w have for a step, and kept how many
	// are kept for the gradient. together reports whether the gradients of what x and w
	// add are the same.
	gates() int
	kept() int
	together() bool

	// forward computes the state after a step from the one before. keep begins with
	// what the hidden state adds to the gates, and is then what backward reads.
	forward(keep, x []float32, before, after [2][]float32)

	// backward sets dx and dw, which may be one slice, to the gradients of what the
	// inputs and the hidden state add, and d to that of the state before the step,
	// without what comes through w, from that of the state after it.
	backward(dx, dw, keep []float32, before, after, d [2][]float32, scratch []float32)
}

// recurrent is one recurrent layer that runs over sequences.
type recurrent struct {
	cell
	x, w, b  *autograd.Tensor
	start    []*autograd.Tensor // of the planes of the state
	t, n, h  int
	spec     RecurrentSpec
	inputs   []*autograd.Tensor
	recorded bool

	keep   []float32 // of every step, (T, N, kept*H), or of the current one
	states [2][]float32

	// What the tasks of a step work on, which are examples.
	step   int
	in     []float32    // x
	dx, dw []float32    // (T, N, gates*H), maybe the same
	d      [2][]float32 // gradient of the state, (N, H)
}

func newRecurrent(name string, x, w, b *autograd.Tensor, start []*autograd.Tensor, spec RecurrentSpec, c cell) *autograd.Tensor {
	r := &recurrent{cell: c, x: x, w: w, b: b, start: start, spec: spec, inputs: []*autograd.Tensor{x, w}}
	g := r.gates()
	ok := x.Rank() == 3 && x.Dim(2)%g == 0 && (spec.Lengths == nil || len(spec.Lengths) == x.Dim(1))
	if ok {
		r.t, r.n, r.h = x.Dim(0), x.Dim(1), x.Dim(2)/g
		ok = w.Rank() == 2 && w.Dim(0) == g*r.h && w.Dim(1) == r.h && (b == nil || b.Rank() == 1 && b.Dim(0) == g*r.h)
	}
	for _, s := range start {
		ok = ok && (s == nil || s.Rank() == 2 && s.Dim(0) == r.n && s.Dim(1) == r.h)
	}
	if !ok {
		panic(autograd.NewShapeError(name, fmt.Sprintf("x (T, N, %dH), w (%dH, H), b (%dH) or nil, states (N, H) or nil, and no lengths or N", g, g, g), append([]*autograd.Tensor{x, w, b}, start...)...))
	}
	for i, length := range spec.Lengths {
		if length < 0 || length > r.t {
			panic(autograd.NewShapeError(name, fmt.Sprintf("lengths from 0 to T, but that of example %d is %d", i, length), x))
		}
	}
	for _, optional := range append([]*autograd.Tensor{b}, start...) {
		if optional != nil {
			r.inputs = append(r.inputs, optional)
		}
	}
	for _, in := range r.inputs {
		r.recorded = r.recorded || in.NeedsGrad()
	}
	return autograd.Do(autograd.Op{
		Name: name, Inputs: r.inputs, Shape: []int{len(start), r.t + 1, r.n, r.h},
		Saves: []*autograd.Tensor{w}, SavesOutput: true, Passes: r,
	})
}

// at returns the step that is taken as number i, and which states are before and
// after it.
func (r *recurrent) at(i int) (step, before, after int) {
	if r.spec.Reverse {
		return r.t - 1 - i, r.t - i, r.t - 1 - i
	}
	return i, i, i + 1
}

// first is the state to begin with, and last the one that is left.
func (r *recurrent) first() int {
	_, before, _ := r.at(0)
	return before
}

// pads reports whether a step of an example is padding.
func (r *recurrent) pads(step, example int) bool {
	return r.spec.Lengths != nil && step >= r.spec.Lengths[example]
}

// state returns the planes of a state of an example.
func (r *recurrent) state(index, example int) (s [2][]float32) {
	for p := range r.start {
		s[p] = r.states[p][(index*r.n+example)*r.h:][:r.h]
	}
	return s
}

// setStates lets states be the planes of the output.
func (r *recurrent) setStates(data []float32) {
	size := (r.t + 1) * r.n * r.h
	for p := range r.start {
		r.states[p] = data[p*size:][:size]
	}
}

// keptOf returns what is kept of a step, of all examples.
func (r *recurrent) keptOf(step int) []float32 {
	if !r.recorded {
		return r.keep
	}
	size := r.n * r.kept() * r.h
	return r.keep[step*size:][:size]
}

func (r *recurrent) Forward(y *autograd.Output) {
	n, h, wide, kept := r.n, r.h, r.gates()*r.h, r.kept()*r.h
	r.setStates(y.Data())
	for p, s := range r.start {
		first := r.states[p][r.first()*n*h:][:n*h]
		clear(first)
		if s != nil {
			copy(first, s.Data())
		}
	}
	if n*h == 0 {
		return
	}
	steps := 1
	if r.recorded {
		steps = r.t
	}
	r.keep, r.in = y.Keep(steps*n*kept), r.x.Data()
	var b []float32
	if r.b != nil {
		b = r.b.Data()
	}
	// The products of a step have few rows: transposed once, w need not be for each.
	w := y.Scratch(h * wide)
	simd.Transpose(w, wide, r.w.Data(), h, wide, h)
	for i := range r.t {
		step, before, _ := r.at(i)
		r.step = i
		gemmPlus(false, false, n, wide, h, r.states[0][before*n*h:], h, w, wide, 0, r.keptOf(step), kept, b)
		parallel.Each(n, 0, r, (*recurrent).forward)
	}
}

func (r *recurrent) forward(example int, _ []float32) {
	step, before, after := r.at(r.step)
	from, to := r.state(before, example), r.state(after, example)
	if r.pads(step, example) {
		copy(to[0], from[0])
		copy(to[1], from[1])
		return
	}
	wide, kept := r.gates()*r.h, r.kept()*r.h
	r.cell.forward(r.keptOf(step)[example*kept:][:kept], r.in[(step*r.n+example)*wide:][:wide], from, to)
}

// Backward goes through the steps the other way round. What comes through w is a
// product a step; the gradients of w and b are one product and one sum of all steps.
func (r *recurrent) Backward(g *autograd.Grad) {
	n, h, wide := r.n, r.h, r.gates()*r.h
	dy, size := g.Dy().Data(), (r.t+1)*n*h
	if g.Needs(0) {
		r.dx = g.New(0).Data()
	} else {
		r.dx = g.Scratch(r.t * n * wide)
	}
	if r.dw = r.dx; !r.together() {
		r.dw = g.Scratch(r.t * n * wide)
	}
	dState := func(p, index int) []float32 { return dy[p*size+index*n*h:][:n*h] }
	for p := range r.start {
		r.d[p] = g.Scratch(n * h)
		clear(r.d[p])
	}
	for i := r.t - 1; i >= 0 && n*h > 0; i-- {
		step, _, after := r.at(i)
		for p := range r.start {
			simd.Add(r.d[p], r.d[p], dState(p, after))
		}
		r.step = i
		parallel.Each(n, h, r, (*recurrent).backward)
		gemm(false, false, n, h, wide, r.dw[step*n*wide:], wide, r.w.Data(), h, 1, r.d[0], h)
	}
	behind := r.states[0][:r.t*n*h] // the states before the steps
	if r.spec.Reverse {
		behind = r.states[0][n*h:]
	}
	if g.Needs(1) {
		gemmReduce(g, wide, h, r.t*n, r.dw, wide, behind, h, g.New(1).Data())
	}
	at := 2
	if r.b != nil {
		if g.Needs(at) {
			sumRows(g, g.New(at).Data(), r.dw)
		}
		at++
	}
	for p, s := range r.start {
		if s == nil {
			continue
		}
		if g.Needs(at) {
			simd.Add(g.New(at).Data(), r.d[p], dState(p, r.first()))
		}
		at++
	}
}

func (r *recurrent) backward(example int, scratch []float32) {
	step, before, after := r.at(r.step)
	wide, kept := r.gates()*r.h, r.kept()*r.h
	dx, dw := r.dx[(step*r.n+example)*wide:][:wide], r.dw[(step*r.n+example)*wide:][:wide]
	if r.pads(step, example) {
		clear(dx)
		clear(dw)
		return
	}
	var d [2][]float32
	for p := range r.start {
		d[p] = r.d[p][example*r.h:][:r.h]
	}
	r.cell.backward(dx, dw, r.keptOf(step)[example*kept:][:kept], r.state(before, example), r.state(after, example), d, scratch[:r.h])
}
