package optim

import (
	"fmt"

	"autodropout/autograd"
	"autodropout/simd"
)

// RMSPropConfig configures [NewRMSProp]. A zero Decay or Eps stands for
// TensorFlow's default, 0.9 or 1e-10; EfficientNet takes Momentum 0.9 and Eps
// 1e-3.
type RMSPropConfig struct {
	Decay       float32 // of the average of squares
	Momentum    float32
	Eps         float32
	WeightDecay float32 // except where Param.NoDecay
}

// RMSProp is the optimizer of Hinton's lectures (2012) in TensorFlow's form: Eps
// is inside the root, momentum applies to steps, and averages start at 1.
//
//	g = g + WeightDecay*w
//	v = Decay*v + (1-Decay)*g*g
//	m = Momentum*m + lr*g/sqrt(v+Eps)
//	w = w - m
type RMSProp struct {
	config           RMSPropConfig
	pass             *pass
	square, momentum []float32 // v and m
	steps            int
}

// NewRMSProp returns an optimizer for ps, which must be complete: parameters
// added later are not updated. It reads Param.NoDecay now: to
// change that afterwards has no effect.
func NewRMSProp(ps *autograd.Params, config RMSPropConfig) *RMSProp {
	if config.Decay == 0 {
		config.Decay = 0.9
	}
	if config.Eps == 0 {
		config.Eps = 1e-10
	}
	o := &RMSProp{config: config, square: make([]float32, ps.Len()), momentum: make([]float32, ps.Len())}
	simd.Fill(o.square, 1)
	o.pass = newPass(ps, treatment{}, o.update)
	return o
}

// Step implements [Optimizer].
func (o *RMSProp) Step(lr float32, grads []float32) {
	o.pass.run(o.steps, lr, grads)
	o.steps++
}

func (o *RMSProp) update(c chunk) {
	var decay float32
	if c.decay {
		decay = o.config.WeightDecay
	}
	simd.RMSPropStep(o.pass.params[c.lo:c.hi], o.pass.grads[c.lo:c.hi], o.square[c.lo:c.hi], o.momentum[c.lo:c.hi],
		o.pass.lr, o.config.Decay, o.config.Momentum, o.config.Eps, decay)
}

// Describe implements [Optimizer].
func (o *RMSProp) Describe() string {
	c := o.config
	return o.pass.describe("RMSProp", fmt.Sprintf("decay %v, momentum %v, eps %v, weight decay %v", c.Decay, c.Momentum, c.Eps, c.WeightDecay))
}

// State implements [Optimizer].
func (o *RMSProp) State() State {
	return State{Steps: o.steps, Slots: []Slot{{"mean square", o.square}, {"momentum", o.momentum}}}
}

// LoadState implements [Optimizer].
func (o *RMSProp) LoadState(s State) error {
	if err := load(o.State().Slots, s); err != nil {
		return err
	}
	o.steps = s.Steps
	return nil
}
