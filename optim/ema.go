package optim

import (
	"autodropout/autograd"
	"autodropout/internal/parallel"
	"autodropout/simd"
)

// EMA keeps an exponential moving average of a model's parameters and of its
// buffers: the averaged weights of a network with batch normalisation need
// running statistics to match, and the average of those is closest.
type EMA struct {
	decay   float64
	params  []float32
	average []float32
	buffers []*autograd.Buffer
	state   []float32 // averages of the buffers, one after another
	updates int
	rate    float32 // of the current update: 1 - decay
	lerp    func(lo, hi int)
}

// NewEMA returns an average for ps, which must be complete, that starts as a
// copy of its present values. Update t, counted from 0, decays by
// min(decay, (1+t)/(10+t)): without that warm-up a run much shorter than
// 1/(1-decay) steps would hold on to its initial weights.
func NewEMA(ps *autograd.Params, decay float64) *EMA {
	e := &EMA{decay: decay, params: ps.Flat(), buffers: ps.Buffers()}
	e.average = append(e.average, e.params...)
	for _, b := range e.buffers {
		e.state = append(e.state, b.Data...)
	}
	e.lerp = func(lo, hi int) { simd.Lerp(e.average[lo:hi], e.params[lo:hi], e.rate) }
	return e
}

// Update moves the average towards the present values. Call it after each step
// of the optimizer.
func (e *EMA) Update() {
	t := float64(e.updates)
	e.rate = float32(1 - min(e.decay, (1+t)/(10+t)))
	parallel.Range(len(e.average), grain, e.lerp)
	e.eachBuffer(func(average, data []float32) { simd.Lerp(average, data, e.rate) })
	e.updates++
}

// Swap exchanges the model's values with the averages: once before an
// evaluation or an export, once more before training goes on.
func (e *EMA) Swap() {
	parallel.Range(len(e.average), grain, func(lo, hi int) { exchange(e.average[lo:hi], e.params[lo:hi]) })
	e.eachBuffer(exchange)
}

// eachBuffer calls f for the average and the data of every buffer.
func (e *EMA) eachBuffer(f func(average, data []float32)) {
	rest := e.state
	for _, b := range e.buffers {
		f(rest[:len(b.Data)], b.Data)
		rest = rest[len(b.Data):]
	}
}

func exchange(a, b []float32) {
	for i := range a {
		a[i], b[i] = b[i], a[i]
	}
}

// State returns the averages to be saved; its slices are the EMA's own.
func (e *EMA) State() State {
	return State{Steps: e.updates, Slots: []Slot{{"average", e.average}, {"average of buffers", e.state}}}
}

// LoadState restores a state that State returned, copying it. On error nothing
// has changed.
func (e *EMA) LoadState(s State) error {
	if err := load(e.State().Slots, s); err != nil {
		return err
	}
	e.updates = s.Steps
	return nil
}
