package autograd

import (
	"fmt"

	"autodropout/internal/parallel"
)

// Tape records one evaluation. Make one with [NewTape] or [NewInference], use
// it for many steps, and call [Tape.Reset] between them.
type Tape struct {
	params   *Params
	leaves   []*Tensor // by parameter index, nil until used in this step
	grads    []float32 // flat, in parameter order
	nodes    []*node   // of this step, in the order they ran
	spare    []*node
	handles  []*Tensor // tensors whose buffers end with the open block or the step
	deferred []func()
	retained []*storage // until Reset
	pool     pool
	work     work // of the operation that runs, reused
	backward Grad // reused by every node
	done     bool // Backward has run in this step
}

// NewTape returns a tape that records operations and computes gradients for
// every parameter of ps.
func NewTape(ps *Params) *Tape {
	ps.Flat() // from here on the parameters' data stays where it is
	return &Tape{params: ps, leaves: make([]*Tensor, len(ps.params)), grads: parallel.Aligned(ps.total)}
}

// NewInference returns a tape that records nothing, for prediction.
func NewInference() *Tape { return &Tape{} }

// Recording reports whether the tape computes gradients.
func (t *Tape) Recording() bool { return t.params != nil }

// Stats describes the float buffers the tape owns.
func (t *Tape) Stats() Stats { return t.pool.stats }

// Input returns a tensor on the tape that shares data and needs no gradient.
// The caller must leave data alone until [Tape.Reset].
func (t *Tape) Input(data []float32, shape ...int) *Tensor {
	x := FromSlice(data, shape...)
	x.tape = t
	return x
}

// Use returns the tensor of a parameter. Within a step it is the same tensor
// each time, so a parameter used twice (tied weights) collects both gradients.
// On a recording tape the parameter must belong to the set the tape was made
// with; an inference tape takes any.
func (t *Tape) Use(p *Param) *Tensor {
	if !t.Recording() {
		return t.Input(p.data, p.shape...)
	}
	if p.set != t.params {
		panic(fmt.Sprintf("autograd: parameter %q does not belong to this tape's parameters; use Input(p.Data(), p.Shape()...) for one that is not trained", p.Name))
	}
	if t.leaves[p.index] == nil {
		x := t.Input(p.data, p.shape...)
		x.node = t.newNode()
		x.node.output = x
		x.node.param = p
		t.leaves[p.index] = x
	}
	return t.leaves[p.index]
}

// Block runs f and gives back the buffer of every tensor made inside it except
// the one it returns; those that recorded operations need for their gradients
// stay until these are computed. Models wrap their repeated parts in it, which
// bounds memory in training and in prediction. Blocks nest.
func (t *Tape) Block(f func() *Tensor) *Tensor {
	start := len(t.handles)
	result := f()
	kept := false
	for _, x := range t.handles[start:] {
		if x == result {
			kept = true
			continue
		}
		t.drop(x)
	}
	clear(t.handles[start:])
	t.handles = t.handles[:start]
	if kept {
		t.handles = append(t.handles, result)
	}
	return result
}

// drop gives back the reference that the tensor itself holds on its storage.
func (t *Tape) drop(x *Tensor) {
	if !x.released {
		x.released = true
		t.pool.release(x.store)
	}
}

// Defer queues a side effect of the forward pass, such as an update of running
// statistics. [Tape.Commit] runs it; a step that is abandoned has none.
func (t *Tape) Defer(f func()) { t.deferred = append(t.deferred, f) }

// Commit runs the queued side effects in order.
func (t *Tape) Commit() {
	for _, f := range t.deferred {
		f()
	}
	clear(t.deferred)
	t.deferred = t.deferred[:0]
}

// Reset ends the step: every tensor made on the tape is released, side effects
// that were not committed are dropped, and the tape is ready for the next step.
func (t *Tape) Reset() {
	for _, n := range t.nodes {
		t.finish(n)
		t.spare = append(t.spare, n)
	}
	clear(t.nodes)
	t.nodes = t.nodes[:0]
	for _, x := range t.handles {
		t.drop(x)
	}
	clear(t.handles)
	t.handles = t.handles[:0]
	for _, s := range t.retained {
		t.pool.release(s)
	}
	clear(t.retained)
	t.retained = t.retained[:0]
	clear(t.leaves)
	clear(t.deferred)
	t.deferred = t.deferred[:0]
	t.done = false
}

func (t *Tape) newNode() *node {
	var n *node
	if len(t.spare) > 0 {
		n = t.spare[len(t.spare)-1]
		t.spare = t.spare[:len(t.spare)-1]
	} else {
		n = &node{}
	}
	t.nodes = append(t.nodes, n)
	return n
}
