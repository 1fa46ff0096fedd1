package controller

import (
	"fmt"
	"math"
	"math/rand/v2"

	"autodropout/autograd"
	"autodropout/dropout"
	"autodropout/internal/seed"
	"autodropout/ops"
	"autodropout/optim"
)

// LearningConfig is how a policy learns. A zero field stands for the default.
type LearningConfig struct {
	// Rate is Adam's learning rate, by default 0.002.
	Rate float64 `json:"rate"`

	// Entropy is the weight of the entropy bonus, in advantage per nat and
	// choice, by default 0.01; -1 means none.
	Entropy float64 `json:"entropy"`

	// Decay is how much of the moving mean and standard deviation of the
	// rewards is kept at each result, by default 0.9.
	Decay float64 `json:"decay"`

	// Window is the number of latest results that each step learns from,
	// by default 16.
	Window int `json:"window"`
}

func (c LearningConfig) withDefaults() LearningConfig {
	if c.Rate == 0 {
		c.Rate = 0.002
	}
	if c.Entropy == 0 {
		c.Entropy = 0.01
	}
	if c.Decay == 0 {
		c.Decay = 0.9
	}
	if c.Window == 0 {
		c.Window = 16
	}
	return c
}

func (c LearningConfig) check() error {
	const mostWindow = 1 << 12
	switch {
	case !(c.Rate > 0 && c.Rate <= 1):
		return fmt.Errorf("controller: the learning rate is %g; it must be above 0 and at most 1", c.Rate)
	case c.Entropy != -1 && !(c.Entropy > 0 && c.Entropy <= 100):
		return fmt.Errorf("controller: the weight of the entropy bonus is %g; it must be above 0 and at most 100, or -1 for none", c.Entropy)
	case !(c.Decay > 0 && c.Decay < 1):
		return fmt.Errorf("controller: the decay of the reward baseline is %g; it must be between 0 and 1", c.Decay)
	case c.Window < 1 || c.Window > mostWindow:
		return fmt.Errorf("controller: the window is %d results; it must be from 1 to %d", c.Window, mostWindow)
	}
	return nil
}

// learner samples from a policy and improves it.
type learner struct {
	policy    *Policy
	algorithm Algorithm
	config    LearningConfig
	optimizer *optim.Adam
	tape      *autograd.Tape
	baseline  baseline
	recent    []experience
}

// experience is a finished trial as the policy learns from it.
type experience struct {
	tokens   []int
	logProbs []float32
	reward   float64
}

func newLearner(c Config, space dropout.Space) *learner {
	c.Policy.Seed = seed.Derive(c.Seed, "controller/policy")
	policy := NewPolicy(space, c.Policy)
	return &learner{
		policy:    policy,
		algorithm: c.Algorithm,
		config:    c.Learning,
		optimizer: optim.NewAdam(policy.Params(), optim.AdamConfig{}),
		tape:      autograd.NewTape(policy.Params()),
		baseline:  baseline{decay: c.Learning.Decay},
	}
}

func (l *learner) sample(rng *rand.Rand) (tokens []int, logProbs []float32, entropy float64) {
	return l.policy.Sample(rng)
}

// learn takes one optimizer step on the latest results, of which t is the
// newest, and then moves the baseline.
func (l *learner) learn(t Trial, reward float64) {
	l.recent = append(l.recent, experience{t.Tokens, t.LogProbs, reward})
	l.recent = l.recent[max(0, len(l.recent)-l.config.Window):]
	if l.baseline.weight > 0 {
		advantages := make([]float64, len(l.recent))
		for i, e := range l.recent {
			advantages[i] = l.baseline.advantage(e.reward)
		}
		loss := l.loss(advantages)
		l.optimizer.Step(float32(l.config.Rate), l.tape.Backward(loss))
		l.tape.Reset()
	}
	l.baseline.add(reward)
}

// loss returns what a step decreases: minus the mean over the latest results
// and their choices of the algorithm's objective and of the entropy bonus.
func (l *learner) loss(advantages []float64) *autograd.Tensor {
	batch := make([][]int, len(l.recent))
	var old []float32
	for i, e := range l.recent {
		batch[i] = e.tokens
		old = append(old, e.logProbs...)
	}
	logProbs, entropy := l.policy.LogProbs(l.tape, batch)
	var objective *autograd.Tensor
	if l.algorithm == PPO {
		objective = clipped(l.tape, logProbs, old, advantages)
	} else {
		objective = weighted(l.tape, logProbs, old, advantages)
	}
	if l.config.Entropy > 0 {
		objective = ops.Add(objective, ops.Scale(entropy, float32(l.config.Entropy)))
	}
	return ops.Neg(ops.Mean(objective))
}

// mostWeight truncates the importance ratio of a sequence, which is a product
// over all its choices and would have no bound.
const mostWeight = 5

// weighted returns REINFORCE's objective, w·A·log p for every choice. The
// weight w of a point is the probability of all its tokens under the policy of
// now over that under the policy that sampled it, mostWeight at most; no
// gradient flows through it.
func weighted(tape *autograd.Tape, logProbs *autograd.Tensor, old []float32, advantages []float64) *autograd.Tensor {
	decisions := logProbs.Dim(1)
	factors := make([]float32, logProbs.Len())
	for n, a := range advantages {
		lo, hi := n*decisions, (n+1)*decisions
		w := importance(logProbs.Data()[lo:hi], old[lo:hi])
		for i := lo; i < hi; i++ {
			factors[i] = float32(w * a)
		}
	}
	return ops.Mul(logProbs, tape.Input(factors, logProbs.Shape()...))
}

// importance returns the truncated ratio of the probabilities of a sequence,
// added up in logarithms, as either product would underflow.
func importance(now, old []float32) float64 {
	sum := 0.0
	for i := range now {
		sum += float64(now[i]) - float64(old[i])
	}
	return math.Exp(min(sum, math.Log(mostWeight)))
}

// clipRange is how far from 1 a ratio still earns PPO anything.
const clipRange = 0.2

// clipped returns PPO's objective, min(r·A, clip(r, 1-c, 1+c)·A), where r is the
// ratio of the probabilities of one token, now over when it was sampled.
func clipped(tape *autograd.Tape, logProbs *autograd.Tensor, old []float32, advantages []float64) *autograd.Tensor {
	factors := make([]float32, logProbs.Len())
	for i := range factors {
		factors[i] = float32(advantages[i/logProbs.Dim(1)])
	}
	shape := logProbs.Shape()
	a := tape.Input(factors, shape...)
	r := ops.Exp(ops.Sub(logProbs, tape.Input(old, shape...)))
	return ops.Minimum(ops.Mul(r, a), ops.Mul(ops.Clamp(r, 1-clipRange, 1+clipRange), a))
}

// baseline is what a reward is compared with: moving averages of the rewards
// and of their squares.
type baseline struct {
	decay        float64
	mean, square float64 // sums with decaying weights
	weight       float64 // of these weights
}

func (b *baseline) add(reward float64) {
	b.mean = b.decay*b.mean + (1-b.decay)*reward
	b.square = b.decay*b.square + (1-b.decay)*reward*reward
	b.weight = b.decay*b.weight + (1 - b.decay)
}

// mostAdvantage bounds what one result can do, such as the first child that
// diverges after many that differ by little.
const mostAdvantage = 3

// advantage returns how many standard deviations a reward is above the mean,
// at most mostAdvantage either way. So neither the unit of the reward nor how
// much it varies decides how fast the policy moves.
func (b *baseline) advantage(reward float64) float64 {
	mean := b.mean / b.weight
	if reward == mean {
		return 0
	}
	std := math.Sqrt(max(0, b.square/b.weight-mean*mean))
	return max(-mostAdvantage, min((reward-mean)/std, mostAdvantage))
}
