package controller

import (
	"math/rand/v2"
	"testing"

	"autodropout/dropout"
)

// BenchmarkSample samples for the paper's search: 12 blocks of 8 tokens.
func BenchmarkSample(b *testing.B) {
	p := newNetwork(dropout.ConvSpace([]int{4, 4, 4}), NetworkConfig{})
	rng := rand.New(rand.NewPCG(1, 1))
	for b.Loop() {
		p.sample(rng)
	}
}

// BenchmarkLearn takes one step of the paper's search.
func BenchmarkLearn(b *testing.B) {
	space := dropout.ConvSpace([]int{4, 4, 4})
	l := newLearner(Config{}.withDefaults(), space)
	rng := rand.New(rand.NewPCG(1, 1))
	var t Trial
	t.Point, t.LogProbs, t.Entropy = l.sample(0, rng)
	for b.Loop() {
		l.learn(t, rng.Float64())
	}
}
