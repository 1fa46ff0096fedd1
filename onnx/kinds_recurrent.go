package onnx

import (
	"fmt"

	"autodropout/autograd"
	"autodropout/ops"
)

// makeRecurrent makes a recurrent layer of one or both directions. The gates lie in files
// in another order than here.
func makeRecurrent(_ *builder, n *node) (func(c *call) ([]datum, error), error) {
	if err := n.only("direction", "forward", "reverse", "bidirectional"); err != nil {
		return nil, err
	}
	l := recurrentLayer{lstm: n.Op == "LSTM", order: []int{1, 0, 2}}
	directions := []bool{false} // whether they go backwards
	switch n.text("direction", "forward") {
	case "reverse":
		directions = []bool{true}
	case "bidirectional":
		directions = []bool{false, true}
	}
	if l.lstm {
		l.order = []int{0, 2, 3, 1}
	}
	switch {
	case n.int("layout", 0) != 0:
		return nil, fmt.Errorf("its examples come before its steps (layout 1), which is not supported")
	case n.attribute("activations") != nil && !n.usualActivations(len(directions)), n.attribute("clip") != nil, n.int("input_forget", 0) != 0, len(n.operand) > 7 && n.operand[7].there():
		return nil, fmt.Errorf("it has activations, a clip, peepholes or coupled gates, which are not supported")
	case !l.lstm && n.int("linear_before_reset", 0) == 0:
		return nil, fmt.Errorf("its reset gate acts before the product (linear_before_reset 0), which is not supported")
	}
	return func(c *call) ([]datum, error) { return l.run(c, directions) }, nil
}

// usualActivations reports whether the activations are the usual ones.
func (n *node) usualActivations(directions int) bool {
	usual := []string{"Sigmoid", "Tanh", "Tanh"}
	if n.Op == "GRU" {
		usual = usual[:2]
	}
	given := n.attribute("activations").Strings
	if len(given) != directions*len(usual) {
		return false
	}
	for i, name := range given {
		if name != usual[i%len(usual)] {
			return false
		}
	}
	return true
}

// recurrentLayer is an LSTM or a GRU.
type recurrentLayer struct {
	lstm  bool
	order []int // where each of our gates is in a file
}

func (l *recurrentLayer) run(c *call, directions []bool) ([]datum, error) {
	var in [4]*autograd.Tensor // x, W, R, B
	for i := range in {
		if i == 3 && !c.has(3) {
			continue
		}
		var err error
		if in[i], err = c.real(i); err != nil {
			return nil, err
		}
	}
	x, w, r, b := in[0], in[1], in[2], in[3]
	gates := len(l.order)
	if x.Rank() != 3 || w.Rank() != 3 || r.Rank() != 3 || w.Dim(0) != len(directions) || r.Dim(0) != len(directions) || w.Dim(2) != x.Dim(2) ||
		w.Dim(1) != r.Dim(1) || r.Dim(1) != gates*r.Dim(2) || b != nil && (b.Rank() != 2 || b.Dim(0) != len(directions) || b.Dim(1) != 2*r.Dim(1)) {
		return nil, fmt.Errorf("its inputs %v and weights %v and %v do not fit each other", x.Shape(), w.Shape(), r.Shape())
	}
	steps, n, hidden := x.Dim(0), x.Dim(1), r.Dim(2)
	if err := c.room(2, steps+1, n, gates*hidden); err != nil {
		return nil, err
	}
	var lengths []int
	if c.has(4) {
		given, err := c.whole(4)
		if err != nil {
			return nil, err
		}
		lengths = given.data
	}
	var all, ends, cells []*autograd.Tensor
	for d, reverse := range directions {
		start, err := l.start(c, d, len(directions), n, hidden)
		if err != nil {
			return nil, err
		}
		part := func(t *autograd.Tensor) *autograd.Tensor { return ops.Slice(t, 0, d, d+1) }
		var inBias, hiddenBias *autograd.Tensor
		if b != nil {
			both := ops.Reshape(part(b), 2, gates*hidden)
			inBias = l.gates(ops.Reshape(ops.Slice(both, 0, 0, 1), gates*hidden), hidden)
			hiddenBias = l.gates(ops.Reshape(ops.Slice(both, 0, 1, 2), gates*hidden), hidden)
		}
		product := ops.Linear(x, l.gates(ops.Reshape(part(w), gates*hidden, x.Dim(2)), hidden), inBias)
		weight := l.gates(ops.Reshape(part(r), gates*hidden, hidden), hidden)
		spec := ops.RecurrentSpec{Reverse: reverse, Lengths: lengths}
		var states *autograd.Tensor
		planes := 1
		if l.lstm {
			planes, states = 2, ops.LSTM(product, weight, hiddenBias, start[0], start[1], spec)
		} else {
			states = ops.GRU(product, weight, hiddenBias, start[0], spec)
		}
		states = ops.Reshape(states, planes*(steps+1), n, hidden)
		from, last := 1, steps
		if reverse {
			from, last = 0, 0
		}
		y := ops.Slice(states, 0, from, from+steps)
		if lengths != nil {
			y = ops.Mul(y, inside(lengths, steps))
		}
		all = append(all, ops.Reshape(y, steps, 1, n, hidden))
		ends = append(ends, ops.Slice(states, 0, last, last+1))
		if l.lstm {
			cells = append(cells, ops.Slice(states, 0, steps+1+last, steps+2+last))
		}
	}
	out := []datum{{real: ops.Concat(1, all...)}, {real: ops.Concat(0, ends...)}}
	if l.lstm {
		out = append(out, datum{real: ops.Concat(0, cells...)})
	}
	return out, nil
}

// gates returns the rows of all gates in our order.
func (l *recurrentLayer) gates(t *autograd.Tensor, hidden int) *autograd.Tensor {
	var parts []*autograd.Tensor
	for _, at := range l.order {
		parts = append(parts, ops.Slice(t, 0, at*hidden, (at+1)*hidden))
	}
	return ops.Concat(0, parts...)
}

// start returns the planes of the state that a direction begins with, nil for zeros.
func (l *recurrentLayer) start(c *call, d, directions, n, hidden int) (start [2]*autograd.Tensor, err error) {
	for i := range start {
		if !c.has(5+i) || i == 1 && !l.lstm {
			continue
		}
		h, err := c.real(5 + i)
		if err != nil {
			return start, err
		}
		if h.Rank() != 3 || h.Dim(0) != directions || h.Dim(1) != n || h.Dim(2) != hidden {
			return start, fmt.Errorf("it begins with a state of shape %v, not (%d, %d, %d)", h.Shape(), directions, n, hidden)
		}
		start[i] = ops.Reshape(ops.Slice(h, 0, d, d+1), n, hidden)
	}
	return start, nil
}

// inside returns, (T, N, 1), 1 for the steps that are not padding, and 0 for the others.
func inside(lengths []int, steps int) *autograd.Tensor {
	x := autograd.New(steps, len(lengths), 1)
	for i, length := range lengths {
		for t := range min(length, steps) {
			x.Data()[t*len(lengths)+i] = 1
		}
	}
	return x
}
