package layers

import (
	"cmp"
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

// HeNormal is Normal with variance 2/fan (He et al., arXiv 1502.01852). If the fan is the
// number of outputs that an input reaches ("fan-out"), it keeps the size of gradients; if
// it is the number of inputs of an output ("fan-in"), the size of activations.
func HeNormal(fan int) Init { return Normal(math.Sqrt(2 / float64(fan))) }

// Dirac makes each of the first outputs of a convolution repeat one input, as
// torch.nn.init.dirac_ does, and draws the kernels of the other outputs with rest. It is
// for a weight of one group, (Size, Width, In, Out) in memory.
func Dirac(config Conv2DConfig, rest Init) Init {
	return func(rng *rand.Rand, w []float32) {
		width := cmp.Or(config.Width, config.Size)
		same := min(config.In, config.Out)
		rest(rng, w)
		for at := 0; at < len(w); at += config.Out {
			clear(w[at : at+same])
		}
		centre := (config.Size/2*width + width/2) * config.In * config.Out
		for i := range same {
			w[centre+i*config.Out+i] = 1
		}
	}
}

// XavierUniform is Uniform with variance 2/(in+out) (Glorot and Bengio 2010).
func XavierUniform(in, out int) Init { return Uniform(math.Sqrt(6 / float64(in+out))) }
