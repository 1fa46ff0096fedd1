package autograd

import (
	"fmt"

	"autodropout/internal/parallel"
	"autodropout/simd"
)

// Backward returns the gradient of a scalar with respect to every parameter of the tape's
// set, flat and in the order of [Params.Flat]; parameters that loss does not depend on get
// zeros. The slice belongs to the tape and is valid until the next Backward. At the end it
// applies the side effects of the step, see [Tape.Defer].
//
// It may be called once between two Resets. It panics when it is called again, on an
// inference tape, and for a loss of another tape or with more than one element.
func (t *Tape) Backward(loss *Tensor) []float32 {
	switch {
	case !t.Recording():
		panic("autograd: Backward on an inference tape; make the tape with NewTape")
	case loss.tape != t:
		panic("autograd: Backward of a tensor that was not computed on this tape")
	case t.done:
		panic("autograd: Backward was called twice; call Reset between the steps")
	case loss.Len() != 1:
		panic(NewShapeError("autograd.Backward", "a scalar", loss))
	}
	t.done = true
	if loss.node != nil {
		one := newTensor(t, t.pool.get(1), loss.Shape())
		one.store.data[0] = 1
		t.add(loss.node, one)
	}
	for i := len(t.nodes) - 1; i >= 0; i-- {
		if n := t.nodes[i]; n.param == nil {
			t.differentiate(n)
			t.finish(n)
		}
	}
	for i, p := range t.params.params {
		if n := t.leaves[i].value.node; n == nil || n.grad == nil {
			clear(t.grads[p.offset : p.offset+p.Len()])
		}
	}
	if !t.HoldEffects {
		t.Commit()
	}
	return t.grads
}

// differentiate runs a node's Backward and hands its results on.
func (t *Tape) differentiate(n *node) {
	if n.grad == nil {
		return
	}
	g := &t.backward
	g.tape, g.node = t, n
	g.lent.tape = t
	g.inputs = append(g.inputs[:0], make([]*Tensor, len(n.op.Inputs))...)
	for _, x := range n.lost {
		t.restore(x)
	}
	n.op.backward(g)
	for i, x := range n.op.Inputs {
		if x.node == nil {
			continue
		}
		if g.inputs[i] == nil {
			panic(fmt.Sprintf("autograd: Backward of %s returned no gradient for input %d", n.op.Name, i))
		}
		if t.Watch != nil {
			t.Watch(Result{n.op.Name, n.op.Inputs, n.op.Spec, i, g.inputs[i]})
		}
		t.add(x.node, g.inputs[i])
	}
	g.lent.release()
}

// finish releases what a node holds.
func (t *Tape) finish(n *node) {
	if n.grad != nil && n.param == nil {
		t.discard(n.grad)
	}
	for _, s := range n.saved {
		t.pool.release(s)
	}
	clear(n.saved)
	clear(n.lost)
	*n = node{saved: n.saved[:0], lost: n.lost[:0]}
}

// add sums a gradient into that of a node, taking over its reference.
func (t *Tape) add(n *node, dx *Tensor) {
	switch {
	case n.grad == dx:
		return // filled in place
	case n.grad == nil && n.param != nil:
		n.grad = t.leaves[n.param.index].grad
		copy(n.grad.store.data, dx.store.data)
		t.discard(dx)
	case n.grad == nil:
		n.grad = dx
	case n.param != nil || n.grad.store.refs == 1:
		sum(n.grad.store.data, n.grad.store.data, dx.store.data)
		t.discard(dx)
	case dx.store.refs == 1:
		sum(dx.store.data, n.grad.store.data, dx.store.data)
		t.discard(n.grad)
		n.grad = dx
	default: // both are shared with other nodes
		total := newTensor(t, t.pool.get(dx.Len()), dx.Shape())
		sum(total.store.data, n.grad.store.data, dx.store.data)
		t.discard(n.grad)
		t.discard(dx)
		n.grad = total
	}
}

// discard gives up a gradient. Nobody else holds it, so it can be another tensor.
func (t *Tape) discard(dx *Tensor) {
	t.pool.release(dx.store)
	t.unused = append(t.unused, dx)
}

// sumGrain is the constant number of elements a task adds up.
const sumGrain = 1 << 15

func sum(dst, a, b []float32) {
	if len(dst) <= sumGrain {
		simd.Add(dst, a, b)
		return
	}
	parallel.Range(len(dst), sumGrain, func(lo, hi int) {
		simd.Add(dst[lo:hi], a[lo:hi], b[lo:hi])
	})
}

// Grad is what an [Op]'s Backward works with.
type Grad struct {
	tape   *Tape
	node   *node
	inputs []*Tensor // results so far
	lent   lent
}

// Dy returns the gradient of the output, to be read only.
func (g *Grad) Dy() *Tensor { return g.node.grad }

// Needs reports whether the gradient of input i is wanted.
func (g *Grad) Needs(i int) bool { return g.node.op.Inputs[i].node != nil }

// New returns an uninitialised tensor for the gradient of input i; the caller
// must write all of it. The engine sums it with the gradients from other uses.
func (g *Grad) New(i int) *Tensor {
	x := g.node.op.Inputs[i]
	n := x.node
	if n.param != nil && n.grad == nil {
		// The first use of a parameter writes where the gradient will be.
		n.grad = g.tape.leaves[n.param.index].grad
		g.inputs[i] = n.grad
	} else {
		g.inputs[i] = newTensor(g.tape, g.tape.pool.get(x.Len()), x.Shape())
	}
	return g.inputs[i]
}

// Add is New for operations that add to what is there: prior holds the gradient
// of input i from other uses so far, nil if there is none, and the caller writes
// the sum to dx. The two may be one tensor.
func (g *Grad) Add(i int) (dx, prior *Tensor) {
	n := g.node.op.Inputs[i].node
	if prior = n.grad; prior == nil {
		return g.New(i), nil
	}
	dx = prior
	if n.param == nil && prior.store.refs > 1 {
		dx = newTensor(g.tape, g.tape.pool.get(prior.Len()), prior.Shape())
		g.lent.buffers = append(g.lent.buffers, prior.store)
		n.grad = dx
	}
	g.inputs[i] = dx
	return dx, prior
}

// Share makes the gradient of the output that of input i as well, reshaped
// where the shapes differ.
func (g *Grad) Share(i int) {
	dy := g.node.grad
	dy.store.refs++
	g.inputs[i] = newTensor(g.tape, dy.store, g.node.op.Inputs[i].Shape())
}

// Scratch returns an uninitialised buffer that lives until Backward returns.
func (g *Grad) Scratch(n int) []float32 { return g.lent.take(n) }
