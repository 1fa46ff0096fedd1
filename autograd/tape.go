package autograd

import (
	"fmt"

	"autodropout/internal/parallel"
)

// Tape records one evaluation. Make one with [NewTape] or [NewInference], use
// it for many steps, and call [Tape.Reset] between them.
type Tape struct {
	// Recompute gives up outputs that operations can make again while gradients
	// are computed (see [Passes]). It takes less memory and a little more time, and
	// gives the same bits. It must not change between two Resets.
	Recompute bool

	// HoldEffects makes the side effects of a step wait for [Tape.Commit], so that a caller
	// can discard a step whose numbers are not finite. Otherwise [Tape.Backward] applies
	// them.
	HoldEffects bool

	// Watch, if set, sees every result of an operation once it is computed, for example to
	// look for numbers that are not finite. It must keep no tensor.
	Watch func(Result)

	// KeepAll makes blocks give nothing back, for callers who look at tensors inside them.
	KeepAll bool

	params   *Params
	frozen   *Frozen   // nil: parameters may change
	leaves   []leaf    // by parameter index
	grads    []float32 // flat, in parameter order
	nodes    []*node   // of this step, in the order they ran
	spare    []*node
	handles  []*Tensor // tensors whose buffers end with the open block or the step
	slab     []Tensor  // for the next ones
	unused   []*Tensor // were gradients, to be made something else
	deferred []func()
	retained []*storage // until Reset
	pool     pool
	out      Output // of the operation that runs, reused
	backward Grad   // reused by every node
	done     bool   // Backward has run in this step
}

// NewTape returns a tape that records operations and computes gradients for
// every parameter of ps.
func NewTape(ps *Params) *Tape {
	ps.Flat() // from here on the parameters' data stays where it is
	t := &Tape{params: ps, leaves: make([]leaf, len(ps.params)), grads: parallel.Aligned(ps.total)}
	for i, p := range ps.params {
		end := p.offset + p.Len()
		t.leaves[i] = leaf{t.Input(p.data, p.shape...), FromSlice(t.grads[p.offset:end:end], p.shape...)}
	}
	return t
}

// Result is the output of an operation, or the gradient of one of its inputs.
type Result struct {
	Op     string
	Inputs []*Tensor // of the operation; after the forward pass their data may be gone
	Spec   any       // of the operation; see [Op]
	Input  int       // the one whose gradient it is; -1 for the output
	*Tensor
}

// leaf is a parameter's tensor, which has a node once it is used in a step, and
// its part of the tape's gradient.
type leaf struct{ value, grad *Tensor }

// NewInference returns a tape that records nothing, for prediction.
func NewInference() *Tape { return &Tape{} }

// Recording reports whether the tape computes gradients.
func (t *Tape) Recording() bool {
	t.mustExist()
	return t.params != nil
}

// mustExist panics without a tape.
func (t *Tape) mustExist() {
	if t == nil {
		panic("autograd: there is no tape; make one with NewTape to train or NewInference to predict, and give it to what runs on it, such as a layers.Ctx")
	}
}

// Stats describes what the tape holds.
func (t *Tape) Stats() Stats { return t.pool.stats }

// Input returns a tensor on the tape that shares data and needs no gradient.
// The caller must leave data alone until [Tape.Reset].
func (t *Tape) Input(data []float32, shape ...int) *Tensor {
	t.mustExist()
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
	if late := t.params.params[len(t.leaves):]; len(late) > 0 {
		panic(fmt.Sprintf("autograd: parameter %q was added after the tape was made; make the tape when all layers have been", late[0].Name))
	}
	x := t.leaves[p.index].value
	if x.node == nil {
		x.node = t.newNode()
		x.node.param = p
	}
	return x
}

// Block runs f and gives back the buffer of every tensor made inside it except
// the one it returns; those that recorded operations need for their gradients
// stay until these are computed. Models wrap their repeated parts in it, which
// bounds memory in training and in prediction. Blocks nest.
func (t *Tape) Block(f func() *Tensor) *Tensor {
	t.mustExist()
	start := len(t.handles)
	result := f()
	if t.KeepAll {
		return result
	}
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

// Defer queues a side effect of the forward pass, such as an update of running statistics.
// [Tape.Backward] applies it once the gradients are there, unless HoldEffects is set. A
// forward pass alone, or a step that is abandoned, has no side effects.
func (t *Tape) Defer(f func()) { t.deferred = append(t.deferred, f) }

// Commit applies the queued side effects in order. It serves HoldEffects, and forward
// passes that should update statistics without a gradient.
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
	for _, leaf := range t.leaves {
		leaf.value.node = nil
	}
	clear(t.deferred)
	t.deferred = t.deferred[:0]
	t.pool.stats.Recorded = 0
	t.done = false
}

// newHandle returns a place for a tensor. They come in slabs, so that a step
// makes few objects.
func (t *Tape) newHandle() *Tensor {
	const slab = 32
	if t == nil {
		return new(Tensor)
	}
	if last := len(t.unused) - 1; last >= 0 {
		x := t.unused[last]
		t.unused = t.unused[:last]
		return x
	}
	if len(t.slab) == 0 {
		t.slab = make([]Tensor, slab)
	}
	x := &t.slab[0]
	t.slab = t.slab[1:]
	return x
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
