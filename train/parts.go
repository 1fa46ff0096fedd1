package train

import (
	"autodropout/autograd"
	"autodropout/layers"
	"autodropout/optim"
)

// partTape is a tape for the parts of a batch that are computed one after
// another, with the sum of their gradients.
type partTape struct {
	tape  *autograd.Tape
	sum   []float32 // nil: there is one part
	watch *watcher  // nil: there is none
}

func newPartTape(params *autograd.Params, parts int, config *Common) partTape {
	p := partTape{tape: autograd.NewTape(params)}
	p.tape.Recompute, p.tape.HoldEffects = config.Recompute, true
	if config.CheckFinite {
		p.watch = new(watcher)
		p.tape.Watch = p.watch.look
	}
	if parts > 1 {
		p.sum = make([]float32, params.Len())
	}
	return p
}

// add adds the gradient of a part to sum, which is nil before the first one, and
// returns the new sum.
func (p *partTape) add(sum, grads []float32) []float32 {
	switch {
	case p.sum == nil:
		return grads
	case sum == nil:
		copy(p.sum, grads)
	default:
		optim.Accumulate(p.sum, grads)
	}
	return p.sum
}

// notFinite returns the first number on the tape that was not finite, nil if there
// is none or nobody has looked.
func (p *partTape) notFinite() *NotFiniteError {
	if p.watch == nil {
		return nil
	}
	return p.watch.first
}

// context returns what the forward pass of a part depends on in a training step;
// example is the place of the part's first example in the batch.
func (l *Loop) context(tape *autograd.Tape, step, example int) layers.Ctx {
	c := layers.Ctx{Tape: tape, Policy: l.config.Policy}
	c.Stream.Seed, c.Stream.Step, c.Stream.Example = l.config.Seed, uint64(step), uint64(example)
	c.Stream.Progress = l.progress(step)
	return c
}
