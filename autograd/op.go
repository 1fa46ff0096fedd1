package autograd

import "fmt"

// Op is one differentiable operation, written as a literal whose two closures share what
// the forward pass computed. An Op without a Backward cannot run. Passes may take the place
// of the closures: then both passes are methods of one type, which holds what they share.
type Op struct {
	// Name is the function the user called, "ops.MatMul".
	Name string

	// Inputs are the operands. Those that belong to no tape are constants.
	Inputs []*Tensor

	// Spec holds the arguments of the operation besides its inputs, for readers of a trace
	// ([Tape.Watch]): package ops lists what each of its operations gives.
	Spec any

	// Shape is the shape of the output.
	Shape []int

	// Saves lists the inputs whose data Backward reads; SavesOutput says that
	// it reads the output. Anything else may be gone by then.
	Saves       []*Tensor
	SavesOutput bool

	// Alias makes the output share the data of Inputs[0]; Forward is nil.
	Alias bool

	// Forward fills y.
	Forward func(y *Output)

	// Backward computes the gradient of every input for which g.Needs is true,
	// with g.New, g.Add or g.Share.
	Backward func(g *Grad)

	// Passes takes the place of Forward and Backward.
	Passes Passes
}

// Passes are the forward and the backward pass of an operation, as methods of one type.
//
// An operation whose output is cheap to compute again may also have the method
// Recompute(y *Output), which fills y with the bits that Forward gave it, from what
// Backward may read; see [Tape.Recompute].
type Passes interface {
	Forward(y *Output)
	Backward(g *Grad)
}

func (op *Op) forward(y *Output) {
	switch {
	case op.Passes != nil:
		op.Passes.Forward(y)
	case op.Forward != nil:
		op.Forward(y)
	}
}

func (op *Op) backward(g *Grad) {
	if op.Passes != nil {
		op.Passes.Backward(g)
	} else {
		op.Backward(g)
	}
}

// recomputer is a Passes that makes its output again.
type recomputer interface{ Recompute(y *Output) }

// node is one recorded operation, or a parameter's leaf.
type node struct {
	op    Op         // zero on a leaf
	saved []*storage // released when the gradient has been computed
	lost  []*Tensor  // read by backward, and to be computed again for it
	param *Param     // set on a leaf
	grad  *Tensor    // of the output; on a leaf: a part of the tape's gradient
}

// Do runs op and returns its output. The tape is found through the inputs; the
// operation is recorded when that tape records and an input needs a gradient.
func Do(op Op) *Tensor {
	if op.Backward == nil && op.Passes == nil {
		panic(fmt.Sprintf("autograd: operation %s has no Backward", op.Name))
	}
	tape, needs := inspect(&op)
	var y *Tensor
	if op.Alias {
		y = newTensor(tape, op.Inputs[0].store, op.Shape)
		if len(op.Inputs[0].Data()) != y.Len() {
			panic(&ShapeError{Op: op.Name, Shapes: [][]int{op.Inputs[0].Shape(), y.Shape()}, Want: "the same number of elements"})
		}
		y.store.retain()
	} else {
		y = newTensor(tape, tape.allocate(size(op.Shape)), op.Shape)
	}
	var n *node
	if needs {
		tape.pool.stats.Recorded++
		n = tape.newNode()
		n.op = op
		y.node = n
		for _, x := range op.Saves {
			if tape.Recompute && x.recomputes() {
				n.lost = append(n.lost, x)
			} else {
				n.hold(x.store)
			}
		}
		if op.SavesOutput {
			n.hold(y.store)
		}
	}
	out := tape.output(y, n)
	op.forward(out)
	out.end()
	if tape != nil {
		tape.handles = append(tape.handles, y)
		if tape.Watch != nil {
			tape.Watch(Result{op.Name, op.Inputs, op.Spec, -1, y})
		}
	}
	return y
}

// recomputes reports whether the operation that made t can make it again.
func (t *Tensor) recomputes() bool {
	if t.node == nil {
		return false
	}
	_, ok := t.node.op.Passes.(recomputer)
	return ok
}

// restore computes the data of x again, if it is gone, and first what that takes. It then
// stays until the gradient of x has been computed.
func (t *Tape) restore(x *Tensor) {
	if x.generation == x.store.generation {
		return
	}
	for _, y := range x.node.lost { // which the operation reads
		t.restore(y)
	}
	x.store = t.pool.get(x.Len())
	x.generation = x.store.generation
	x.node.saved = append(x.node.saved, x.store)
	out := t.output(x, nil)
	x.node.op.Passes.(recomputer).Recompute(out)
	out.end()
}

// inspect returns the tape of an operation's inputs and whether it is recorded.
func inspect(op *Op) (tape *Tape, needs bool) {
	for i, x := range op.Inputs {
		if x == nil {
			panic(fmt.Sprintf("autograd: input %d of %s is nil", i, op.Name))
		}
		if x.tape == nil {
			continue
		}
		if tape != nil && tape != x.tape {
			panic(fmt.Sprintf("autograd: the inputs of %s belong to different tapes", op.Name))
		}
		tape = x.tape
		needs = needs || x.node != nil
	}
	for _, x := range op.Saves {
		if tape != nil && x.tape != nil && x.tape != tape {
			panic(fmt.Sprintf("autograd: %s reads a tensor of another tape; give its data to Input of this one", op.Name))
		}
	}
	if needs && tape.done {
		panic(fmt.Sprintf("autograd: %s was called after Backward; call Reset first", op.Name))
	}
	return tape, needs
}

// hold keeps a storage until the node's gradient has been computed.
func (n *node) hold(s *storage) {
	s.retain()
	n.saved = append(n.saved, s)
}

// allocate returns a buffer of n elements; a nil tape takes it from the heap.
func (t *Tape) allocate(n int) *storage {
	if t == nil {
		return &storage{data: make([]float32, n)}
	}
	return t.pool.get(n)
}
