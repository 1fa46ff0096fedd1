package layers

import (
	"math"
	"math/rand/v2"
)

// Init fills a parameter with initial values drawn from rng.
type Init func(rng *rand.Rand, w []float32)

// Zeros is the Init that fills with 0.
func Zeros(_ *rand.Rand, w []float32) { clear(w) }

// Ones is the Init that fills with 1.
func Ones(_ *rand.Rand, w []float32) {
	for i := range w {
		w[i] = 1
	}
}

// Normal draws from a normal distribution with mean 0 and standard deviation
// std.
func Normal(std float64) Init {
	return func(rng *rand.Rand, w []float32) {
		for i := range w {
			w[i] = float32(std * rng.NormFloat64())
		}
	}
}

// Uniform draws evenly from [-bound, bound).
func Uniform(bound float64) Init {
	return func(rng *rand.Rand, w []float32) {
		for i := range w {
			w[i] = float32(bound * (2*rng.Float64() - 1))
		}
	}
}

// HeNormal is Normal with variance 2/fan (He et al., arXiv 1502.01852). With
// the number of outputs that an input reaches as the fan it keeps the size of
// gradients ("fan-out"), with the number of inputs of an output that of
// activations ("fan-in").
func HeNormal(fan int) Init { return Normal(math.Sqrt(2 / float64(fan))) }

// XavierUniform is Uniform with variance 2/(in+out) (Glorot and Bengio 2010).
func XavierUniform(in, out int) Init { return Uniform(math.Sqrt(6 / float64(in+out))) }
