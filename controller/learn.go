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

// LearningConfig is how a network learns. A zero field stands for the default.
type LearningConfig struct {
	// Rate is Adam's learning rate, by default 0.005.
	Rate float64 `json:"rate"`

	// Entropy is the weight of the entropy bonus, in advantage per nat and
	// choice, by default 0.01.
	Entropy float64 `json:"entropy"`

	// NoEntropy learns without the bonus; Entropy is 0 then.
	NoEntropy bool `json:"no_entropy,omitempty"`

	// Decay is how much of the moving mean and standard deviation of the
	// rewards is kept at each result, by default 0.9.
	Decay float64 `json:"decay"`
}

func (c LearningConfig) withDefaults() LearningConfig {
	if c.Rate == 0 {
		c.Rate = 0.005
	}
	if c.Entropy == 0 && !c.NoEntropy {
		c.Entropy = 0.01
	}
	if c.Decay == 0 {
		c.Decay = 0.9
	}
	return c
}

func (c LearningConfig) check() error {
	switch {
	case !(c.Rate > 0 && c.Rate <= 1):
		return fmt.Errorf("controller: the learning rate is %g; it must be above 0 and at most 1", c.Rate)
	case c.NoEntropy && c.Entropy != 0:
		return fmt.Errorf("controller: the weight of the entropy bonus is %g and there is to be none; give one of the two", c.Entropy)
	case !c.NoEntropy && !(c.Entropy > 0 && c.Entropy <= 100):
		return fmt.Errorf("controller: the weight of the entropy bonus is %g; it must be above 0 and at most 100", c.Entropy)
	case !(c.Decay > 0 && c.Decay < 1):
		return fmt.Errorf("controller: the decay of the reward baseline is %g; it must be between 0 and 1", c.Decay)
	}
	return nil
}

// learner samples from a network and improves it.
type learner struct {
	network   *network
	algorithm Algorithm
	config    LearningConfig
	optimizer *optim.Adam
	tape      *autograd.Tape
	baseline  baseline
	lessons   int
	known     *memory // of lessons that need not be repeated; nil: of none
}

func newLearner(c Config, space dropout.Space) *learner {
	c.Network.Seed = seed.Derive(c.Seed, "controller/policy")
	network := newNetwork(space, c.Network)
	network.begin = beginning{space, c.Start, c.StartProbs}
	l := &learner{
		network:   network,
		algorithm: c.Algorithm,
		config:    c.Learning,
		optimizer: optim.NewAdam(network.params, optim.AdamConfig{}),
		tape:      autograd.NewTape(network.params),
		baseline:  baseline{decay: c.Learning.Decay},
	}
	if c.known != nil && len(c.known.floats) == l.floats() {
		l.known = c.known
	}
	return l
}

func (l *learner) sample(_ int, rng *rand.Rand) (point []int, logProbs []float32, entropy float64) {
	return l.network.sample(rng)
}

// learn takes one optimizer step on a result and then moves the baseline. The
// first result has nothing to be compared with: it only sets the baseline. So do
// those whose lessons are known.
func (l *learner) learn(t Trial, reward float64) (ratio float64) {
	ratio = 1 // of a network that has not taken a step
	l.lessons++
	if l.known != nil {
		if l.lessons == l.known.Lessons {
			l.recall(l.known)
			l.known = nil
		}
	} else if l.baseline.weight > 0 {
		var loss *autograd.Tensor
		loss, ratio = l.loss(t, l.baseline.advantage(reward))
		l.optimizer.Step(float32(l.config.Rate), l.tape.Backward(loss))
		l.tape.Reset()
	}
	l.baseline.add(reward)
	return ratio
}

// loss returns what a step decreases, minus the mean over the choices of a
// trial of the algorithm's objective and of the entropy bonus, and the trial's
// importance ratio.
func (l *learner) loss(t Trial, advantage float64) (loss *autograd.Tensor, ratio float64) {
	logProbs, entropy := l.network.logProbs(l.tape, [][]int{t.Point})
	objective := weighted
	if l.algorithm == PPO {
		objective = clipped
	}
	y := objective(logProbs, t.LogProbs, advantage)
	if l.config.Entropy > 0 {
		y = ops.Add(y, ops.Scale(entropy, float32(l.config.Entropy)))
	}
	return ops.Neg(ops.Mean(y)), ratioOf(logProbs.Data(), t.LogProbs)
}

// mostWeight truncates the importance ratio of a sequence, which is a product
// over all its choices and would have no bound.
const mostWeight = 5

// weighted returns REINFORCE's objective, w·A·log p for every choice. The weight
// w is the probability of the whole sequence under the network of now over that
// under the network that sampled it, mostWeight at most; no gradient flows
// through it.
func weighted(logProbs *autograd.Tensor, old []float32, advantage float64) *autograd.Tensor {
	return ops.Scale(logProbs, float32(importance(logProbs.Data(), old)*advantage))
}

// importance returns the truncated ratio of the probabilities of a sequence.
func importance(now, old []float32) float64 { return min(ratioOf(now, old), mostWeight) }

// ratioOf returns the ratio of the probabilities of a sequence, added up in
// logarithms, as either product would underflow.
func ratioOf(now, old []float32) float64 {
	sum := 0.0
	for i := range now {
		sum += float64(now[i]) - float64(old[i])
	}
	return math.Exp(sum)
}

// clipRange is how far from 1 a ratio still earns PPO anything.
const clipRange = 0.2

// clipped returns PPO's objective, min(r·A, clip(r, 1-c, 1+c)·A), where r is the
// ratio of the probabilities of one choice, now over when it was sampled.
func clipped(logProbs *autograd.Tensor, old []float32, advantage float64) *autograd.Tensor {
	r := ops.Exp(ops.Sub(logProbs, autograd.FromSlice(old, logProbs.Shape()...)))
	a := float32(advantage)
	return ops.Minimum(ops.Scale(r, a), ops.Scale(ops.Clamp(r, 1-clipRange, 1+clipRange), a))
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
// much it varies decides how fast the network moves.
func (b *baseline) advantage(reward float64) float64 {
	mean := b.mean / b.weight
	if reward == mean {
		return 0
	}
	std := math.Sqrt(max(0, b.square/b.weight-mean*mean))
	return max(-mostAdvantage, min((reward-mean)/std, mostAdvantage))
}
