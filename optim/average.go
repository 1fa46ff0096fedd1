package optim

import (
	"autodropout/autograd"
	"autodropout/internal/parallel"
	"autodropout/simd"
)

// Average keeps an average of a model's parameters and of its buffers: the averaged weights
// of a network with batch normalisation need matching running statistics, and the averaged
// statistics come closest.
type Average struct {
	decay   func(t float64) float64 // of update t, counted from 0
	back    bool                    // the model goes on from the average
	params  []float32
	average []float32
	buffers []*autograd.Buffer
	state   []float32 // averages of the buffers, one after another
	updates int
	rate    float32 // of the current update: 1 - decay
	lerp    func(lo, hi int)
}

// NewEMA returns an exponential moving average for ps, which must be complete,
// that starts as a copy of its present values. Update t, counted from 0, decays
// by min(decay, (1+t)/(10+t)): without that warm-up a run much shorter than
// 1/(1-decay) steps would hold on to its initial weights.
func NewEMA(ps *autograd.Params, decay float64) *Average {
	return newAverage(ps, func(t float64) float64 { return min(decay, (1+t)/(10+t)) })
}

// NewMean returns an average for ps, which must be complete, in which the
// values of all updates weigh the same (Polyak and Juditsky 1992). Before the
// first it is a copy of the present values.
func NewMean(ps *autograd.Params) *Average {
	return newAverage(ps, func(t float64) float64 { return t / (t + 1) })
}

// NewLookahead returns an average for ps, which must be complete. It starts as a copy of
// the present values. An update moves the average towards the values that the optimizer
// has reached, and then sets the model to the average (Zhang et al., arXiv 1907.08610;
// in this form Jordan, arXiv 2404.00498, section 3.4). decay(t), from 0 to 1, is the
// weight of the old average in update t, counted from 0.
func NewLookahead(ps *autograd.Params, decay func(t float64) float64) *Average {
	a := newAverage(ps, decay)
	a.back = true
	return a
}

func newAverage(ps *autograd.Params, decay func(t float64) float64) *Average {
	a := &Average{decay: decay, params: ps.Flat(), buffers: ps.Buffers()}
	a.average = append(a.average, a.params...)
	for _, b := range a.buffers {
		a.state = append(a.state, b.Data...)
	}
	a.lerp = func(lo, hi int) { a.move(a.average[lo:hi], a.params[lo:hi]) }
	return a
}

// Update moves the average towards the present values. Call it after each step of the
// optimizer, or with [NewLookahead] after every few steps.
func (a *Average) Update() {
	a.rate = float32(1 - a.decay(float64(a.updates)))
	parallel.Range(len(a.average), grain, a.lerp)
	a.eachBuffer(a.move)
	a.updates++
}

// move moves an average towards the data.
func (a *Average) move(average, data []float32) {
	if a.back && a.rate == 1 { // the model stays as it is, which Lerp would round
		copy(average, data)
		return
	}
	simd.Lerp(average, data, a.rate)
	if a.back {
		copy(data, average)
	}
}

// Swap exchanges the model's values with the averages: once before an
// evaluation or an export, once more before training goes on.
func (a *Average) Swap() {
	parallel.Range(len(a.average), grain, func(lo, hi int) { exchange(a.average[lo:hi], a.params[lo:hi]) })
	a.eachBuffer(exchange)
}

// eachBuffer calls f for the average and the data of every buffer.
func (a *Average) eachBuffer(f func(average, data []float32)) {
	rest := a.state
	for _, b := range a.buffers {
		f(rest[:len(b.Data)], b.Data)
		rest = rest[len(b.Data):]
	}
}

func exchange(a, b []float32) {
	for i := range a {
		a[i], b[i] = b[i], a[i]
	}
}

// State returns the averages to be saved; its slices are the Average's own.
func (a *Average) State() State {
	return State{Steps: a.updates, Slots: []Slot{{"average", a.average}, {"average of buffers", a.state}}}
}

// LoadState restores a state that State returned, copying it. On error nothing
// has changed.
func (a *Average) LoadState(s State) error {
	if err := load(a.State().Slots, s); err != nil {
		return err
	}
	a.updates = s.Steps
	return nil
}
