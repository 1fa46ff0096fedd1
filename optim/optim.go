package optim

import (
	"fmt"
	"strings"

	"autodropout/autograd"
	"autodropout/internal/parallel"
)

// Optimizer updates the parameters it was made for.
type Optimizer interface {
	// Step updates the parameters with the learning rate lr and a flat gradient
	// in the order of [autograd.Params.Flat], which it leaves as it is.
	// A parameter the loss does not depend on has a gradient of zero and still
	// decays and follows its momentum.
	Step(lr float32, grads []float32)

	// State returns what has to be saved to go on later. Its slices are the
	// optimizer's own, valid until the next step.
	State() State

	// LoadState restores a state that State returned, copying it. On error
	// nothing has changed.
	LoadState(s State) error

	// Describe returns all settings, with commas between them, on one line.
	// Optimizers of one description make the same updates of the same gradients: a
	// checkpoint notes it, so that a training goes on with the optimizer it had.
	Describe() string
}

// State is what an optimizer or an average remembers between steps.
type State struct {
	Steps int // taken so far
	Slots []Slot
}

// Slot is one named array of a State.
type Slot struct {
	Name string
	Data []float32
}

// load copies the slots of s into those of dst, which must agree with them.
func load(dst []Slot, s State) error {
	if s.Steps < 0 {
		return fmt.Errorf("the saved state claims %d steps: it is damaged, begin anew", s.Steps)
	}
	if len(s.Slots) != len(dst) {
		return fmt.Errorf("the saved state has %d arrays, this optimizer has %d: was it saved with another one?", len(s.Slots), len(dst))
	}
	for i, slot := range s.Slots {
		if slot.Name != dst[i].Name || len(slot.Data) != len(dst[i].Data) {
			return fmt.Errorf("the saved state has %q with %d elements where %q with %d belongs: was it saved with another optimizer or model?",
				slot.Name, len(slot.Data), dst[i].Name, len(dst[i].Data))
		}
	}
	for i, slot := range s.Slots {
		copy(dst[i].Data, slot.Data)
	}
	return nil
}

// grain is the constant number of elements a task updates: some 20 microseconds
// of work, and in the caches.
const grain = 1 << 14

// A treatment is how parameters are told apart. The functions may be nil.
type treatment struct {
	factor func(p *autograd.Param) float32 // of the learning rate; nil: 1
	until  func(p *autograd.Param) int     // steps for which it is updated, 0 or nil: all
	skip   func(p *autograd.Param) bool    // it is none of the pass's
}

// chunk is a range of the flat parameters that is treated alike.
type chunk struct {
	lo, hi int
	decay  bool
	factor float32
	until  int // 0: all steps
}

// chunks cuts the flat parameters into tasks. Neighbours that are treated alike
// share theirs, so that a hundred small parameters are not a hundred tasks.
func chunks(ps *autograd.Params, t treatment) []chunk {
	var runs []chunk
	for _, p := range ps.All() {
		if t.skip != nil && t.skip(p) {
			continue
		}
		run := chunk{lo: p.Offset(), hi: p.Offset() + p.Len(), decay: !p.NoDecay, factor: 1}
		if t.factor != nil {
			run.factor = t.factor(p)
		}
		if t.until != nil {
			run.until = t.until(p)
		}
		last := len(runs) - 1
		if last >= 0 && runs[last] == (chunk{runs[last].lo, run.lo, run.decay, run.factor, run.until}) {
			runs[last].hi = run.hi
		} else {
			runs = append(runs, run)
		}
	}
	var cut []chunk
	for _, r := range runs {
		for lo := r.lo; lo < r.hi; lo += grain {
			part := r
			part.lo, part.hi = lo, min(lo+grain, r.hi)
			cut = append(cut, part)
		}
	}
	return cut
}

// pass runs an update over all parameters. Its fields are set for one step; the
// body is made once, so that a step allocates nothing.
type pass struct {
	params []float32
	chunks []chunk
	body   func(i int)

	lr    float32
	grads []float32
	step  int // counted from 0
}

// newPass prepares a pass, of an optimizer that is in place by the first step, which
// calls update for every chunk that is still updated.
func newPass(ps *autograd.Params, t treatment, update func(c chunk)) *pass {
	p := &pass{params: ps.Flat(), chunks: chunks(ps, t)}
	p.body = func(i int) {
		if c := p.chunks[i]; c.until == 0 || p.step < c.until {
			update(c)
		}
	}
	return p
}

// describe returns the description of an optimizer: its kind, its settings, and
// which parameters it treats apart.
func (p *pass) describe(kind string, settings ...string) string {
	parts := append([]string{kind}, settings...)
	for _, c := range p.chunks {
		if c.factor != 1 {
			parts = append(parts, fmt.Sprintf("rate times %v for elements %d to %d", c.factor, c.lo, c.hi))
		}
		if c.until != 0 {
			parts = append(parts, fmt.Sprintf("%d steps for elements %d to %d", c.until, c.lo, c.hi))
		}
	}
	return strings.Join(parts, ", ")
}

func (p *pass) run(step int, lr float32, grads []float32) {
	if len(grads) != len(p.params) {
		panic(&autograd.ShapeError{Op: "optim.Step", Shapes: [][]int{{len(grads)}}, Want: fmt.Sprintf("a gradient of the %d parameters", len(p.params))})
	}
	p.step, p.lr, p.grads = step, lr, grads
	parallel.For(len(p.chunks), p.body)
	p.grads = nil
}
