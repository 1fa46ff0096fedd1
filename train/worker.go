package train

import (
	"runtime"

	"autodropout/autograd"
	"autodropout/internal/parallel"
	"autodropout/layers"
	"autodropout/ops"
	"autodropout/optim"
)

// worker computes the parts of a shard of every batch, one after another, on a
// tape of its own.
type worker struct {
	tape  *autograd.Tape
	sum   []float32 // of the parts' gradients; nil: there is one part
	watch *watcher  // nil: there is none

	// Of the current step.
	loss  float64   // the shard's share
	grads []float32 // nil where no example is the shard's, or the loss is not finite
	err   error
}

func newWorker(params *autograd.Params, config *Common) *worker {
	w := &worker{tape: autograd.NewTape(params)}
	w.tape.Recompute, w.tape.HoldEffects = config.Recompute, true
	if config.CheckFinite {
		w.watch = new(watcher)
		w.tape.Watch = w.watch.look
	}
	if config.Accumulate > 1 {
		w.sum = make([]float32, params.Len())
	}
	return w
}

// compute runs the parts from first on, of as many as there are in the batch,
// forward and backward. It stops where a loss is not finite, and where next, which
// is called with the number of every part that is done, says so.
func (w *worker) compute(l *Loop, step int, b *Batch, first, count, parts int, next func(done int) bool) {
	w.loss, w.grads, w.err = 0, nil, nil
	for i := range count {
		p := Part{Index: first + i}
		p.Lo, p.Hi = p.Index*b.Examples/parts, (p.Index+1)*b.Examples/parts
		if p.Lo == p.Hi {
			continue
		}
		p.Share = float32(p.Hi-p.Lo) / float32(b.Examples)
		if w.grads != nil {
			// A part has its own batch statistics, and running ones take in all.
			w.tape.Commit()
			w.tape.Reset()
		}
		if w.err = w.part(l, step, b, &p); w.err != nil || !finite(w.loss) || !next(i) {
			return
		}
	}
}

// part runs one part. It adds to the loss and to the gradient.
func (w *worker) part(l *Loop, step int, b *Batch, p *Part) error {
	c := layers.Ctx{Tape: w.tape, Policy: l.config.Policy}
	c.Stream.Seed, c.Stream.Step, c.Stream.Example = l.config.Seed, uint64(step), uint64(p.Lo)
	c.Stream.Progress = float64(step) / float64(l.total)
	loss, err := b.Loss(&c, p)
	if err != nil {
		return err
	}
	if p.Share != 1 {
		loss = ops.Scale(loss, p.Share)
	}
	if p.reported == nil {
		p.Report(float64(loss.Item()))
	}
	if w.loss += *p.reported; finite(w.loss) {
		w.add(w.tape.Backward(loss))
	} else {
		w.grads = nil
	}
	return nil
}

// add adds the gradient of a part to those before.
func (w *worker) add(grads []float32) {
	switch {
	case w.sum == nil:
		w.grads = grads
		return
	case w.grads == nil:
		copy(w.sum, grads)
	default:
		optim.Accumulate(w.sum, grads)
	}
	w.grads = w.sum
}

// compute runs a batch forward and backward. It fills in the loss, and returns the
// gradient, nil where the loss is not finite.
func (l *Loop) compute(s *Step, b *Batch) (grads []float32, err error) {
	count := l.config.Accumulate // parts of a shard
	next := func(int) bool { return true }
	if len(l.workers) == 1 {
		count = min(count, b.Examples)
		next = func(done int) bool { return l.next(done, count) }
	}
	parts := count * len(l.workers)
	parallel.For(len(l.workers), func(i int) { l.workers[i].compute(l, s.Step, b, i*count, count, parts, next) })
	loss := 0.0
	for _, w := range l.workers {
		if w.err != nil {
			l.broken = l.broken || w.grads != nil // of parts before
			return nil, l.ended(w.err)
		}
		loss += w.loss
		switch {
		case w.grads == nil: // fewer examples than parts
		case grads == nil:
			grads = w.grads
		default:
			optim.Accumulate(grads, w.grads)
		}
	}
	s.Loss = float32(loss)
	if !finite(loss) {
		return nil, nil
	}
	return grads, nil
}

// notFinite returns the first number of the step that was not finite, nil if there
// is none or nobody has looked.
func (l *Loop) notFinite() *NotFiniteError {
	for _, w := range l.workers {
		if w.watch != nil && w.watch.first != nil {
			return w.watch.first
		}
	}
	return nil
}

// release gives back what a step has used, whether it was committed or not. After the last
// step these are the tapes, before the model is validated once more.
func (l *Loop) release() {
	for _, w := range l.workers {
		w.tape.Reset()
	}
	if l.Done() == l.total {
		l.giveBack()
	}
}

// giveBack lets go of the tapes, so that an evaluation of the model has their memory.
func (l *Loop) giveBack() {
	if l.workers != nil {
		l.workers = nil
		runtime.GC() // would come when an evaluation has taken memory beside
	}
}

// next tells that a part of a step is done and reports whether the next one may
// begin. A step of which nothing would be lost is broken off when the run is
// cancelled.
func (l *Loop) next(part, parts int) bool {
	if l.config.OnPart != nil && parts > 1 {
		l.config.OnPart(part, parts)
	}
	kept := l.config.Checkpoint == "" || l.saved == l.Done() || l.begun == l.Done()
	l.broken = part+1 < parts && kept && l.cancelled()
	return !l.broken
}
