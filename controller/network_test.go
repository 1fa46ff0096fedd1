package controller

import (
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"autodropout/autograd"
	"autodropout/dropout"
	"autodropout/ops"
)

// toySpace has the given numbers of values for the choices of each group.
func toySpace(groups int, values ...int) dropout.Space {
	s := dropout.Space{Name: "toy", Groups: groups}
	for i, n := range values {
		s.Choices = append(s.Choices, dropout.Choice{Name: string(rune('a' + i)), Values: make([]float64, n)})
	}
	return s
}

// randomNetwork returns a network that is far from uniform.
func randomNetwork(space dropout.Space, seed uint64) *network {
	p := newNetwork(space, NetworkConfig{Layers: 2, Width: 8, Heads: 2, Seed: seed})
	rng := rand.New(rand.NewPCG(seed, 1))
	for _, name := range []string{"head.weight", "head.bias"} {
		w := p.params.Lookup(name).Data()
		for i := range w {
			w[i] = float32(rng.NormFloat64()) / 2
		}
	}
	return p
}

// points returns all points of a space.
func points(s dropout.Space) [][]int {
	all := [][]int{nil}
	for i := range s.Decisions() {
		var longer [][]int
		for _, point := range all {
			for v := range s.Choice(i).Values {
				longer = append(longer, append(slices.Clone(point), v))
			}
		}
		all = longer
	}
	return all
}

// joint returns the probability of every point of a batch.
func joint(p *network, batch [][]int) []float64 {
	logProbs, _ := p.logProbs(autograd.NewInference(), batch)
	probabilities := make([]float64, len(batch))
	for n := range batch {
		sum := 0.0
		for _, l := range logProbs.Data()[n*logProbs.Dim(1) : (n+1)*logProbs.Dim(1)] {
			sum += float64(l)
		}
		probabilities[n] = math.Exp(sum)
	}
	return probabilities
}

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance) {
		t.Errorf("%s is %g, want %g", what, got, want)
	}
}

func TestNewNetworkIsUniform(t *testing.T) {
	space := dropout.ConvSpace([]int{1, 2})
	tokens, logProbs, entropy := newNetwork(space, NetworkConfig{}).sample(rand.New(rand.NewPCG(1, 1)))
	if err := space.Check(tokens); err != nil {
		t.Fatal(err)
	}
	sum := 0.0
	for i, l := range logProbs {
		uniform := math.Log(float64(len(space.Choice(i).Values)))
		near(t, "a log-probability", float64(l), -uniform, 1e-6)
		sum += uniform
	}
	near(t, "the entropy", entropy, sum/float64(space.Decisions()), 1e-6)
}

// TestStart: a network begins near a point, samples what it says, and a log keeps it.
func TestStart(t *testing.T) {
	start := []int{1, 0, 1, 0}
	config := Config{Trials: 400, Network: smallNetwork, Start: start, Path: filepath.Join(t.TempDir(), "trials.jsonl")}
	config.Learning.Rate = 1e-9 // it stays where it begins
	space := toySpace(2, 3, 2)
	report := mustSearch(t, config, space, evaluateSmall)
	chosen := 0
	for _, trial := range report.Trials {
		for i, v := range trial.Point {
			p := 0.8
			if v == start[i] {
				chosen++
			} else {
				p = 0.2 / float64(len(space.Choice(i).Values)-1)
			}
			near(t, "a log-probability", float64(trial.LogProbs[i]), math.Log(p), 1e-3)
		}
	}
	near(t, "the share of the point's choices", float64(chosen)/1600, 0.8, 0.05)
	again, err := Replay(config.Path)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "the probability of the point after a replay", joint(again.network, [][]int{start})[0], math.Pow(0.8, 4), 1e-3)
	config.Path, config.Start = "", []int{1, 0, 1}
	if _, err := Search(t.Context(), config, space, evaluateSmall); err == nil || !strings.Contains(err.Error(), "the point to start near is not in the space") {
		t.Errorf("a point outside the space gives error %v", err)
	}
}

func TestNetworkIsADistribution(t *testing.T) {
	space := toySpace(2, 3, 2)
	p := randomNetwork(space, 1)
	all := points(space)
	probabilities := joint(p, all)
	sum := 0.0
	for _, q := range probabilities {
		sum += q
	}
	near(t, "the sum over all points", sum, 1, 1e-5)

	// Samples come with these probabilities, and say so.
	const draws = 4000
	counts := map[string]int{}
	rng := rand.New(rand.NewPCG(2, 2))
	for range draws {
		tokens, logProbs, _ := p.sample(rng)
		counts[string(encode(tokens))]++
		i := slices.IndexFunc(all, func(q []int) bool { return slices.Equal(q, tokens) })
		claimed := 0.0
		for _, l := range logProbs {
			claimed += float64(l)
		}
		near(t, "the probability of a sample", math.Exp(claimed), probabilities[i], 1e-5)
	}
	chi := 0.0
	for i, q := range probabilities {
		expected := draws * q
		d := float64(counts[string(encode(all[i]))]) - expected
		chi += d * d / expected
	}
	const limit = 68 // chi-squared with 35 degrees of freedom exceeds it once in 1,500 times
	if chi > limit {
		t.Errorf("samples do not follow the probabilities: chi-squared %.1f over 36 points", chi)
	}
}

func TestNetworkIsCausal(t *testing.T) {
	space := toySpace(3, 4, 2)
	p := randomNetwork(space, 3)
	a := []int{1, 0, 2, 1, 3, 0}
	b := []int{1, 0, 2, 0, 1, 1} // differs from the fourth choice on
	logProbs, entropy := p.logProbs(autograd.NewInference(), [][]int{a, b})
	l, e := logProbs.Data(), entropy.Data()
	for i := range 6 {
		if i < 3 && l[i] != l[6+i] || i < 4 && e[i] != e[6+i] {
			t.Errorf("decision %d depends on later choices", i)
		}
	}
	if e[4] == e[10] {
		t.Error("decision 4 does not depend on decision 3")
	}
}

func TestEntropy(t *testing.T) {
	space := toySpace(1, 3)
	p := randomNetwork(space, 4)
	want := 0.0
	for _, q := range joint(p, points(space)) {
		want -= q * math.Log(q)
	}
	_, entropy := p.logProbs(autograd.NewInference(), [][]int{{2}})
	near(t, "the entropy", float64(entropy.Item()), want, 1e-5)
	_, _, sampled := p.sample(rand.New(rand.NewPCG(1, 1)))
	near(t, "the entropy of a sample", sampled, want, 1e-5)
}

// TestNetworkGradients compares the gradient of a projection of log-probabilities
// and entropies with central differences along random directions in the weights.
func TestNetworkGradients(t *testing.T) {
	space := toySpace(2, 3, 2)
	batch := [][]int{{0, 1, 2, 0}, {2, 0, 1, 1}, {1, 1, 1, 0}}
	p := randomNetwork(space, 5)
	rng := rand.New(rand.NewPCG(5, 5))
	normal := func(n int) []float32 {
		x := make([]float32, n)
		for i := range x {
			x[i] = float32(rng.NormFloat64())
		}
		return x
	}
	u, v := normal(12), normal(12)
	evaluate := func(tape *autograd.Tape) (logProbs, entropy *autograd.Tensor) {
		tape.Reset()
		return p.logProbs(tape, batch)
	}
	tape := autograd.NewTape(p.params)
	logProbs, entropy := evaluate(tape)
	loss := ops.Add(ops.Sum(ops.Mul(logProbs, tape.Input(u, 3, 4))), ops.Sum(ops.Mul(entropy, tape.Input(v, 3, 4))))
	grads := slices.Clone(tape.Backward(loss))

	flat := p.params.Flat()
	start := slices.Clone(flat)
	inference := autograd.NewInference()
	for range 5 {
		direction := normal(len(flat))
		at := func(h float64) (sum float64) {
			for i := range flat {
				flat[i] = float32(float64(start[i]) + h*float64(direction[i]))
			}
			logProbs, entropy := evaluate(inference)
			for i := range u {
				sum += float64(u[i])*float64(logProbs.Data()[i]) + float64(v[i])*float64(entropy.Data()[i])
			}
			return sum
		}
		const h = 0.005
		numeric := (8*(at(h)-at(-h)) - (at(2*h) - at(-2*h))) / (12 * h)
		copy(flat, start)
		analytic := 0.0
		for i, g := range grads {
			analytic += float64(g) * float64(direction[i])
		}
		near(t, "a directional derivative", analytic, numeric, 5e-3*(1+math.Abs(numeric)))
	}
}
