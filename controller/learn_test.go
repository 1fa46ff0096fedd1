package controller

import (
	"math"
	"slices"
	"testing"

	"autodropout/autograd"
	"autodropout/ops"
)

func TestImportance(t *testing.T) {
	for _, c := range []struct {
		now, old []float32
		want     float64
	}{
		{[]float32{-1, -2}, []float32{-1, -2}, 1},
		{[]float32{-1, -2}, []float32{-1.5, -2.5}, math.E},
		{[]float32{-3, -2}, []float32{-1, -2}, math.Exp(-2)},
		{[]float32{-1, -1}, []float32{-2, -2}, mostWeight},
		{[]float32{-0.1, -2}, []float32{-900, -1}, mostWeight}, // e^898.9 is not a float64
		{[]float32{-900, -1}, []float32{-1, -1}, 0},
	} {
		near(t, "the importance weight", importance(c.now, c.old), c.want, 1e-6)
	}
}

// objectiveOf returns the values of an objective for one trial and the gradient
// of their sum with respect to the log-probabilities of now.
func objectiveOf(objective func(*autograd.Tensor, []float32, float64) *autograd.Tensor, now, old []float32, advantage float64) (values, grads []float32) {
	var ps autograd.Params
	p := ps.Add("logProbs", 1, len(now))
	copy(p.Data(), now)
	tape := autograd.NewTape(&ps)
	y := objective(tape.Use(p), old, advantage)
	values = slices.Clone(y.Data())
	return values, tape.Backward(ops.Sum(y))
}

func TestReinforceObjective(t *testing.T) {
	for _, c := range []struct {
		now, old          []float32
		advantage, factor float64
	}{
		{[]float32{-0.5, -2}, []float32{-1, -2}, 2, 2 * math.Exp(0.5)},
		{[]float32{-1, -1}, []float32{-2, -2}, -1, -5}, // e^2 is truncated
		{[]float32{-2, -3}, []float32{-1, -1}, 0.5, 0.5 * math.Exp(-3)},
	} {
		values, grads := objectiveOf(weighted, c.now, c.old, c.advantage)
		for i := range c.now {
			near(t, "the objective", float64(values[i]), c.factor*float64(c.now[i]), 1e-5)
			near(t, "its gradient", float64(grads[i]), c.factor, 1e-5)
		}
	}
}

func TestPPOObjective(t *testing.T) {
	ratios := []float64{1.1, 1.5, 0.9, 0.5}
	old := []float32{-2, -2, -2, -2}
	now := make([]float32, len(ratios))
	for i, r := range ratios {
		now[i] = float32(-2 + math.Log(r))
	}
	for _, c := range []struct {
		advantage     float64
		values, grads []float64
	}{
		// A good choice earns nothing for going above 1.2, a bad one nothing for
		// going below 0.8; the way back is never cut off.
		{2, []float64{2.2, 2.4, 1.8, 1}, []float64{2.2, 0, 1.8, 1}},
		{-2, []float64{-2.2, -3, -1.8, -1.6}, []float64{-2.2, -3, -1.8, 0}},
	} {
		values, grads := objectiveOf(clipped, now, old, c.advantage)
		for i := range now {
			near(t, "the objective", float64(values[i]), c.values[i], 1e-5)
			near(t, "its gradient", float64(grads[i]), c.grads[i], 1e-5)
		}
	}
	// On policy the gradient is that of REINFORCE.
	_, grads := objectiveOf(clipped, old, old, -2)
	near(t, "the gradient on policy", float64(grads[0]), -2, 1e-5)
}

func TestBaseline(t *testing.T) {
	b := baseline{decay: 0.5}
	b.add(1)
	if a := b.advantage(1); a != 0 {
		t.Errorf("a reward equal to all before has advantage %g", a)
	}
	if a := b.advantage(2); a != mostAdvantage {
		t.Errorf("the first reward that differs has advantage %g, want %d", a, mostAdvantage)
	}
	b.add(4)
	// Weights 1/3 and 2/3: mean 3, variance 2.
	near(t, "an advantage", b.advantage(4), 1/math.Sqrt2, 1e-12)
	near(t, "an advantage", b.advantage(2), -1/math.Sqrt2, 1e-12)
	near(t, "an advantage", b.advantage(-100), -mostAdvantage, 0)

	// Neither the unit nor the origin of the reward matters.
	c := baseline{decay: 0.5}
	c.add(1001)
	c.add(1004)
	near(t, "a shifted advantage", c.advantage(1002), b.advantage(2), 1e-9)
}

// No entropy bonus is a wish that a zero field can not express.
func TestNoEntropy(t *testing.T) {
	if c := (LearningConfig{}).withDefaults(); c.Entropy != 0.01 {
		t.Errorf("the default bonus is %g", c.Entropy)
	}
	if c := (LearningConfig{NoEntropy: true}).withDefaults(); c.Entropy != 0 || c.check() != nil {
		t.Errorf("without a bonus its weight is %g (%v)", c.Entropy, c.check())
	}
	for _, c := range []LearningConfig{{Entropy: -1}, {Entropy: 101}, {Entropy: 1, NoEntropy: true}} {
		if c = c.withDefaults(); c.check() == nil {
			t.Errorf("%+v is accepted", c)
		}
	}
}
