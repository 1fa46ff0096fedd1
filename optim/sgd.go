package optim

import (
	"fmt"

	"autodropout/autograd"
	"autodropout/simd"
)

// SGDConfig configures [NewSGD]. The zero value is plain gradient descent.
type SGDConfig struct {
	Momentum    float32 // usually 0.9
	Nesterov    bool
	WeightDecay float32 // added to the gradient as WeightDecay*w, except where Param.NoDecay

	// Factor returns what the learning rate of a parameter is multiplied by, and its
	// weight decay divided by, so that it shrinks as fast as the others; nil is 1 for all.
	// A parameter with the factor 0 stays as it is.
	Factor func(p *autograd.Param) float32

	// Until returns for how many steps a parameter is updated: after them it stays as it
	// is. 0 is all steps, and nil is 0 for all.
	Until func(p *autograd.Param) int
}

// SGD is stochastic gradient descent with momentum, as in PyTorch:
//
//	g = g + WeightDecay*w
//	m = Momentum*m + g
//	w = w - lr*m                  or, Nesterov: w - lr*(g + Momentum*m)
type SGD struct {
	config   SGDConfig
	pass     *pass
	momentum []float32
	steps    int
}

// NewSGD returns an optimizer for ps, which must be complete: parameters added
// later are not updated. It reads Param.NoDecay now: to
// change that afterwards has no effect.
func NewSGD(ps *autograd.Params, config SGDConfig) *SGD {
	return newSGD(ps, config, nil)
}

// newSGD leaves out the parameters that skip, unless it is nil, reports.
func newSGD(ps *autograd.Params, config SGDConfig, skip func(p *autograd.Param) bool) *SGD {
	o := &SGD{config: config, momentum: make([]float32, ps.Len())}
	o.pass = newPass(ps, treatment{config.Factor, config.Until, skip}, o.update)
	return o
}

// Step implements [Optimizer].
func (o *SGD) Step(lr float32, grads []float32) {
	o.pass.run(o.steps, lr, grads)
	o.steps++
}

func (o *SGD) update(c chunk) {
	if c.factor == 0 {
		return
	}
	var decay float32
	if c.decay {
		decay = o.config.WeightDecay / c.factor
	}
	simd.SGDStep(o.pass.params[c.lo:c.hi], o.pass.grads[c.lo:c.hi], o.momentum[c.lo:c.hi],
		c.factor*o.pass.lr, o.config.Momentum, decay, o.config.Nesterov)
}

func (c *SGDConfig) settings() string {
	return fmt.Sprintf("momentum %v, Nesterov %t, weight decay %v", c.Momentum, c.Nesterov, c.WeightDecay)
}

// Describe implements [Optimizer].
func (o *SGD) Describe() string {
	return o.pass.describe("SGD", o.config.settings())
}

// State implements [Optimizer].
func (o *SGD) State() State {
	return State{Steps: o.steps, Slots: []Slot{{"momentum", o.momentum}}}
}

// LoadState implements [Optimizer].
func (o *SGD) LoadState(s State) error {
	if err := load(o.State().Slots, s); err != nil {
		return err
	}
	o.steps = s.Steps
	return nil
}
