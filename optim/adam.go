package optim

import (
	"fmt"
	"math"

	"autodropout/autograd"
	"autodropout/simd"
)

// AdamConfig configures [NewAdam]. A zero Beta1, Beta2 or Eps stands for
// PyTorch's default: 0.9, 0.999, 1e-8.
type AdamConfig struct {
	Beta1, Beta2 float32
	Eps          float32
	WeightDecay  float32 // except where Param.NoDecay
	Decoupled    bool    // decay the weights instead of the gradient: AdamW

	// Factor returns what the learning rate of a parameter is multiplied by;
	// nil is 1 for all.
	Factor func(p *autograd.Param) float32
}

// Adam is the optimizer of Kingma and Ba (arXiv 1412.6980, algorithm 1), with
// PyTorch's weight decay:
//
//	g = g + WeightDecay*w         or, Decoupled: w = w - lr*WeightDecay*w
//	m = Beta1*m + (1-Beta1)*g
//	v = Beta2*v + (1-Beta2)*g*g
//	w = w - lr/(1-Beta1^t) * m / (sqrt(v/(1-Beta2^t)) + Eps)
//
// Decoupled is the AdamW of Loshchilov and Hutter (arXiv 1711.05101).
type Adam struct {
	config        AdamConfig
	pass          *pass
	first, second []float32 // moments m and v
	steps         int
	c1, c2        float32 // bias corrections of the current step
}

// NewAdam returns an optimizer for ps, which must be complete: parameters added
// later are not updated. It reads Param.NoDecay now: to
// change that afterwards has no effect.
func NewAdam(ps *autograd.Params, config AdamConfig) *Adam {
	if config.Beta1 == 0 {
		config.Beta1 = 0.9
	}
	if config.Beta2 == 0 {
		config.Beta2 = 0.999
	}
	if config.Eps == 0 {
		config.Eps = 1e-8
	}
	o := &Adam{config: config, first: make([]float32, ps.Len()), second: make([]float32, ps.Len())}
	o.pass = newPass(ps, treatment{factor: config.Factor}, o.update)
	return o
}

// Step implements [Optimizer].
func (o *Adam) Step(lr float32, grads []float32) {
	t := float64(o.steps + 1)
	o.c1 = float32(1 - math.Pow(float64(o.config.Beta1), t))
	o.c2 = float32(1 - math.Pow(float64(o.config.Beta2), t))
	o.pass.run(o.steps, lr, grads)
	o.steps++
}

func (o *Adam) update(c chunk) {
	w, lr := o.pass.params[c.lo:c.hi], c.factor*o.pass.lr
	var decay float32
	if c.decay {
		decay = o.config.WeightDecay
	}
	if o.config.Decoupled {
		simd.Scale(w, w, 1-lr*decay)
		decay = 0
	}
	simd.AdamStep(w, o.pass.grads[c.lo:c.hi], o.first[c.lo:c.hi], o.second[c.lo:c.hi],
		lr, o.config.Beta1, o.config.Beta2, o.config.Eps, decay, o.c1, o.c2)
}

// Describe implements [Optimizer].
func (o *Adam) Describe() string {
	c := o.config
	return o.pass.describe("Adam", fmt.Sprintf("beta1 %v, beta2 %v, eps %v, weight decay %v, decoupled %t", c.Beta1, c.Beta2, c.Eps, c.WeightDecay, c.Decoupled))
}

// State implements [Optimizer].
func (o *Adam) State() State {
	return State{Steps: o.steps, Slots: []Slot{{"first moment", o.first}, {"second moment", o.second}}}
}

// LoadState implements [Optimizer].
func (o *Adam) LoadState(s State) error {
	if err := load(o.State().Slots, s); err != nil {
		return err
	}
	o.steps = s.Steps
	return nil
}
