package ops

import (
	"fmt"
	"slices"

	"autodropout/autograd"
)

// RecurrentSpec is how a recurrent layer goes through sequences. The zero value goes
// from the first step to the last.
type RecurrentSpec struct {
	// Reverse goes from the last step to the first.
	Reverse bool

	// Lengths has the number of steps of each example that are not padding, 0 to T. In
	// padding the state does not change. nil means all T.
	Lengths []int
}

// LSTM runs a layer of long short-term memory (Hochreiter and Schmidhuber 1997, with forget
// gates) over T steps and returns all states, (2, T+1, N, H): the hidden states, then the
// cell states. State t is the state before step t, and state t+1 the state after it; with
// Reverse it is the other way round.
//
// x (T, N, 4H) holds the contributions of the inputs to the input, forget, cell and output
// gate, each of H units, as in PyTorch; [Linear] computes it from the inputs. w (4H, H) and
// b (4H) give the contributions of the hidden state. h and c (N, H) are the initial state.
// b, h and c may be nil, which means zeros.
//
// All steps are one operation, which keeps the states and the gates for the gradient.
func LSTM(x, w, b, h, c *autograd.Tensor, spec RecurrentSpec) *autograd.Tensor {
	return newRecurrent("ops.LSTM", x, w, b, []*autograd.Tensor{h, c}, spec, lstmCell{})
}

// GRU runs a layer of gated recurrent units (Cho et al. 2014) over T steps and returns
// all states, (1, T+1, N, H), in the order of [LSTM].
//
// x (T, N, 3H) holds the contributions of the inputs to the gates: reset, update and new,
// as in PyTorch. w (3H, H) and b (3H) give the contributions of the hidden state; the reset
// gate multiplies its contribution to new. h (N, H) is the initial state. b and h may be
// nil, which means zeros.
func GRU(x, w, b, h *autograd.Tensor, spec RecurrentSpec) *autograd.Tensor {
	return newRecurrent("ops.GRU", x, w, b, []*autograd.Tensor{h}, spec, gruCell{})
}

// A cell is what a step does to the units [lo, hi) of the state of one example, of which
// the state has one or two planes of h units.
type cell interface {
	// gates is how many times h elements x and w have for a step, and kept how many
	// are kept for the gradient. together reports whether the gradients of what x and w
	// add are the same.
	gates() int
	kept() int
	together() bool

	// forward computes the state after a step from the one before. keep begins with
	// what the hidden state adds to the gates, and is then what backward reads.
	forward(keep, x []float32, before, after [2][]float32, lo, hi int)

	// backward sets dx and dw, which may be one slice, to the gradients of what the
	// inputs and the hidden state add, and d to that of the state before the step,
	// without what comes through w, from that of the state after it. It has hi-lo
	// elements to work with.
	backward(dx, dw, keep []float32, before, after, d [2][]float32, lo, hi int, scratch []float32)
}

// recurrent is one recurrent layer that runs over sequences.
type recurrent struct {
	cell
	x, w    *autograd.Tensor
	t, n, h int
	RecurrentArgs
	inputs   []*autograd.Tensor
	recorded bool

	keep   []float32 // of every step, (T, N, kept*H), or of the current one
	states [2][]float32

	// What the tasks of a step work on, which are units of some examples.
	panels  panels
	step    int          // number of the step, in the order they are taken
	in      []float32    // x
	bias    []float32    // nil: none
	dx, dw  []float32    // (T, N, gates*H), maybe the same
	d       [2][]float32 // gradient of the state, (N, H)
	dStates []float32    // that of all states, as it came
}

func newRecurrent(name string, x, w, b *autograd.Tensor, start []*autograd.Tensor, spec RecurrentSpec, c cell) *autograd.Tensor {
	spec.Lengths = slices.Clone(spec.Lengths) // the backward pass reads them
	r := &recurrent{cell: c, x: x, w: w, RecurrentArgs: RecurrentArgs{spec, b, start}, inputs: []*autograd.Tensor{x, w}}
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
		Name: name, Inputs: r.inputs, Spec: &r.RecurrentArgs, Shape: []int{len(start), r.t + 1, r.n, r.h},
		Saves: []*autograd.Tensor{w}, SavesOutput: true, Passes: r,
	})
}
