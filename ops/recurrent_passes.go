package ops

import (
	"autodropout/autograd"
	"autodropout/internal/parallel"
	"autodropout/simd"
)

// A step of a recurrent layer waits for the one before, and its product has few rows. So
// a step is one parallel loop, whose tasks compute the product for some units and, while
// that is in the cache, the state of these; and the kernels are packed once for all steps.

const (
	recurrentRows   = 64 // examples of a task
	recurrentPanels = 2  // of units
)

// panels are kernels of products with depth rows, in panels of width columns: blocks of
// the product of a task lie side by side.
type panels struct {
	packed       []float32
	depth, width int
}

// add adds to c, whose rows start ldc apart, the product of rows of a, lda apart, with
// panel i, which has n columns. Without accumulate it sets c to that.
func (p *panels) add(rows int, a []float32, lda, i, n int, c []float32, ldc int, accumulate bool) {
	parts := ceilDiv(p.depth, denseDepth)
	run := ceilDiv(p.depth, parts)
	var start [1]int
	b := p.packed[i*p.depth*p.width:]
	for k := 0; k < p.depth; k += run {
		taps := simd.Taps{Data: a[k:], Offsets: start[:], Run: min(run, p.depth-k), Row: lda, Col: 1}
		simd.GemmTaps(rows, n, &taps, b[k*n:], n, c, ldc, accumulate || k > 0)
	}
}

// at returns the step that is taken as number i, and which states are before and
// after it.
func (r *recurrent) at(i int) (step, before, after int) {
	if r.Reverse {
		return r.t - 1 - i, r.t - i, r.t - 1 - i
	}
	return i, i, i + 1
}

// first is the state to begin with.
func (r *recurrent) first() int {
	_, before, _ := r.at(0)
	return before
}

// pads reports whether a step of an example is padding.
func (r *recurrent) pads(step, example int) bool {
	return r.Lengths != nil && step >= r.Lengths[example]
}

// state returns the planes of a state of an example.
func (r *recurrent) state(index, example int) (s [2][]float32) {
	for p := range r.Start {
		s[p] = r.states[p][(index*r.n+example)*r.h:][:r.h]
	}
	return s
}

// keptOf returns what is kept of a step from an example on.
func (r *recurrent) keptOf(step, example int) []float32 {
	size := r.kept() * r.h
	if !r.recorded {
		return r.keep[example*size:]
	}
	return r.keep[(step*r.n+example)*size:]
}

// tasks returns into how many tasks a step falls.
func (r *recurrent) tasks() int {
	return ceilDiv(r.n, recurrentRows) * ceilDiv(r.h, recurrentPanels*r.panels.width)
}

// part returns the examples [from, to) and the units [lo, hi) of a task.
func (r *recurrent) part(task int) (from, to, lo, hi int) {
	units := recurrentPanels * r.panels.width
	across := ceilDiv(r.h, units)
	from, lo = task/across*recurrentRows, task%across*units
	return from, min(from+recurrentRows, r.n), lo, min(lo+units, r.h)
}

func (r *recurrent) Forward(y *autograd.Output) {
	n, h, size := r.n, r.h, (r.t+1)*r.n*r.h
	for p, s := range r.Start {
		r.states[p] = y.Data()[p*size:][:size]
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
	r.keep, r.in, r.bias = y.Keep(steps*n*r.kept()*h), r.x.Data(), nil
	if r.Bias != nil {
		r.bias = r.Bias.Data()
	}
	r.panels = panels{y.Scratch(r.gates() * h * h), h, min(h, simd.GemmPanel())}
	parallel.Each(r.gates()*ceilDiv(h, r.panels.width), 0, r, (*recurrent).packForward)
	for r.step = range r.t {
		parallel.Each(r.tasks(), 0, r, (*recurrent).forward)
	}
}

// packForward packs a panel of a gate, transposed.
func (r *recurrent) packForward(task int, _ []float32) {
	each, width := ceilDiv(r.h, r.panels.width), r.panels.width
	gate, lo := task/each, task%each*width
	n := min(width, r.h-lo)
	simd.Transpose(r.panels.packed[(gate*r.h+lo)*r.h:], n, r.w.Data()[(gate*r.h+lo)*r.h:], r.h, n, r.h)
}

func (r *recurrent) forward(task int, _ []float32) {
	step, before, after := r.at(r.step)
	from, to, lo, hi := r.part(task)
	h, width, kept := r.h, r.panels.width, r.kept()*r.h
	keep := r.keptOf(step, from)
	p := r.panels
	for gate := range r.gates() {
		p.packed = r.panels.packed[gate*h*h:]
		for j := lo; j < hi; j += width {
			n := min(width, h-j)
			for i := 0; r.bias != nil && i < to-from; i++ {
				copy(keep[i*kept+gate*h+j:][:n], r.bias[gate*h+j:])
			}
			p.add(to-from, r.states[0][(before*r.n+from)*h:], h, j/width, n, keep[gate*h+j:], kept, r.bias != nil)
		}
	}
	for e := from; e < to; e++ {
		old, next := r.state(before, e), r.state(after, e)
		if r.pads(step, e) {
			for plane := range r.Start {
				copy(next[plane][lo:hi], old[plane][lo:hi])
			}
			continue
		}
		wide := r.gates() * h
		r.cell.forward(keep[(e-from)*kept:][:kept], r.in[(step*r.n+e)*wide:][:wide], old, next, lo, hi)
	}
}

// Backward goes through the steps the other way round. The gradients of w and b are one
// product and one sum of all steps.
func (r *recurrent) Backward(g *autograd.Grad) {
	n, h, wide := r.n, r.h, r.gates()*r.h
	if g.Needs(0) {
		r.dx = g.New(0).Data()
	} else {
		r.dx = g.Scratch(r.t * n * wide)
	}
	if r.dw = r.dx; !r.together() {
		r.dw = g.Scratch(r.t * n * wide)
	}
	r.dStates = g.Dy().Data()
	for p := range r.Start {
		r.d[p] = g.Scratch(n * h)
		clear(r.d[p])
	}
	if n*h > 0 {
		r.panels = panels{g.Scratch(wide * h), wide, min(h, simd.GemmPanel())}
		parallel.Each(ceilDiv(h, r.panels.width), 0, r, (*recurrent).packBackward)
		for r.step = r.t - 1; r.step >= -1; r.step-- {
			parallel.Each(r.tasks(), recurrentPanels*r.panels.width, r, (*recurrent).backward)
		}
	}
	if g.Needs(1) {
		behind := r.states[0][:r.t*n*h] // the states before the steps
		if r.Reverse {
			behind = r.states[0][n*h:]
		}
		gemmReduce(g, wide, h, r.t*n, r.dw, wide, behind, h, g.New(1).Data())
	}
	at := 2
	if r.Bias != nil {
		if g.Needs(at) {
			sumRows(g, g.New(at).Data(), r.dw)
		}
		at++
	}
	for p, s := range r.Start {
		if s == nil {
			continue
		}
		if g.Needs(at) {
			copy(g.New(at).Data(), r.d[p])
		}
		at++
	}
}

// packBackward packs a panel of w as it is.
func (r *recurrent) packBackward(task int, _ []float32) {
	lo := task * r.panels.width
	n := min(r.panels.width, r.h-lo)
	copyRows(r.panels.packed[lo*r.panels.depth:], n, r.w.Data()[lo:], r.h, r.panels.depth)
}

// backward computes the gradient of the state after a step, to which what came and what
// comes through w from the next step is added, and goes through the step. Number -1 is
// the state to begin with.
func (r *recurrent) backward(task int, scratch []float32) {
	from, to, lo, hi := r.part(task)
	h, wide, kept := r.h, r.gates()*r.h, r.kept()*r.h
	if r.step < r.t-1 {
		next, _, _ := r.at(r.step + 1)
		for j := lo; j < hi; j += r.panels.width {
			r.panels.add(to-from, r.dw[(next*r.n+from)*wide:], wide, j/r.panels.width, min(r.panels.width, h-j), r.d[0][from*h+j:], h, true)
		}
	}
	step, before, after := r.at(max(0, r.step))
	if r.step < 0 {
		after = r.first()
	}
	for e := from; e < to; e++ {
		var d [2][]float32
		for p := range r.Start {
			d[p] = r.d[p][e*h:][:h]
			simd.Add(d[p][lo:hi], d[p][lo:hi], r.dStates[((p*(r.t+1)+after)*r.n+e)*h+lo:])
		}
		if r.step < 0 {
			continue
		}
		dx, dw := r.dx[(step*r.n+e)*wide:][:wide], r.dw[(step*r.n+e)*wide:][:wide]
		if r.pads(step, e) {
			for gate := 0; gate < wide; gate += h {
				clear(dx[gate+lo : gate+hi])
				clear(dw[gate+lo : gate+hi])
			}
			continue
		}
		r.cell.backward(dx, dw, r.keptOf(step, e)[:kept], r.state(before, e), r.state(after, e), d, lo, hi, scratch[:hi-lo])
	}
}
