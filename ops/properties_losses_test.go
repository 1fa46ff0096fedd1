package ops_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"autodropout/autograd"
	"autodropout/ops"
)

// crossEntropyProperty has labels, or distributions that need not add up to 1.
func crossEntropyProperty(rng *rand.Rand, soft bool) property {
	n, c := 1+rng.IntN(40), 1+rng.IntN(30)
	spec, weights := ops.CrossEntropySpec{Smoothing: float32(rng.IntN(2)) * 0.25}, make([]float64, c)
	for j := range weights {
		weights[j] = 1
	}
	if rng.IntN(2) == 0 {
		for j := range weights {
			spec.Weights = append(spec.Weights, rng.Float32()+0.1)
			weights[j] = float64(spec.Weights[j])
		}
	}
	labels, targets := randomIDs(rng, n, c), autograd.New(n, c)
	for i := range targets.Data() {
		targets.Data()[i] = rng.Float32()
	}
	if !soft && rng.IntN(2) == 0 && n > 1 {
		spec.Ignored = []int{-7, labels[0]}
		labels[1] = -7
		labels = append(labels[:n-1], (labels[0]+1)%c) // one counts, unless there is one class
		if c == 1 {
			spec.Ignored, labels[1] = nil, 0
		}
	}
	return property{
		about: fmt.Sprint(n, c, spec, soft), inputs: tensors{normal(rng, n, c)},
		run: func(in tensors) *autograd.Tensor {
			if soft {
				return ops.SoftCrossEntropy(in[0], targets, spec)
			}
			return ops.CrossEntropy(in[0], labels, spec)
		},
		want: func(in []array) array {
			total, loss, s := 0.0, 0.0, float64(spec.Smoothing)
			for i, label := range labels {
				if !soft && slices.Contains(spec.Ignored, label) {
					continue
				}
				if total++; !soft {
					total += weights[label] - 1
				}
				for j, log := range logSoftmax(in[0].data[i*c : (i+1)*c]) {
					share := float64(targets.Data()[i*c+j])
					if !soft {
						share = 0
						if j == label {
							share = 1
						}
					}
					factor := weights[j]
					loss -= factor * ((1-s)*share + s/float64(c)) * log
				}
			}
			return array{nil, []float64{loss / total}}
		},
	}
}

// distanceProperty is that of the mean of a function of differences.
func distanceProperty(f func(a, b *autograd.Tensor) *autograd.Tensor, want func(d float64) float64) func(rng *rand.Rand) property {
	return func(rng *rand.Rand) property {
		shape := randomShape(rng, 0, 4)
		return property{
			about: fmt.Sprint(shape), inputs: tensors{normal(rng, shape...), normal(rng, shape...)}, run: binaryCase(f),
			want: func(in []array) array {
				y := newArray()
				for i, v := range in[0].data {
					y.data[0] += want(v-in[1].data[i]) / float64(len(in[0].data))
				}
				return y
			},
		}
	}
}

// shares returns a tensor of numbers from 0 to 1, some of them 0.
func shares(rng *rand.Rand, shape ...int) *autograd.Tensor {
	x := autograd.New(shape...)
	for i := range x.Data() {
		x.Data()[i] = max(0, rng.Float32()*1.2-0.2)
	}
	return x
}

func bceProperty(rng *rand.Rand) property {
	shape := randomShape(rng, 1, 4)
	c := shape[len(shape)-1]
	targets, weights := shares(rng, shape...), shares(rng, c).Data()
	given := weights
	if rng.IntN(2) == 0 {
		given = nil
		for j := range weights {
			weights[j] = 1
		}
	}
	return property{
		about: fmt.Sprint(shape, given != nil), inputs: tensors{normal(rng, shape...)},
		run: func(in tensors) *autograd.Tensor { return ops.BCEWithLogits(in[0], targets, given) },
		want: func(in []array) array {
			y := newArray()
			for i, v := range in[0].data {
				t := float64(targets.Data()[i])
				y.data[0] -= (float64(weights[i%c])*t*math.Log(sigmoid(v)) + (1-t)*math.Log(sigmoid(-v))) / float64(len(in[0].data))
			}
			return y
		},
	}
}

func klProperty(rng *rand.Rand) property {
	shape := randomShape(rng, 1, 4)
	targets := shares(rng, shape...)
	return property{
		about: fmt.Sprint(shape), inputs: tensors{normal(rng, shape...)},
		run: func(in tensors) *autograd.Tensor { return ops.KLDivergence(in[0], targets) },
		want: func(in []array) array {
			y := newArray()
			for i, log := range in[0].data {
				if t := float64(targets.Data()[i]); t > 0 {
					y.data[0] += t * (math.Log(t) - log) / float64(shape[0])
				}
			}
			return y
		},
	}
}

// cosines returns those of the rows of c elements.
func cosines(in []array, c int) []float64 {
	var y []float64
	for i := 0; i < len(in[0].data); i += c {
		dot, a, b := 0.0, 0.0, 0.0
		for j := i; j < i+c; j++ {
			dot += in[0].data[j] * in[1].data[j]
			a += in[0].data[j] * in[0].data[j]
			b += in[1].data[j] * in[1].data[j]
		}
		y = append(y, dot/math.Sqrt(a*b))
	}
	return y
}

func cosineProperty(rng *rand.Rand) property {
	shape := append(randomShape(rng, 0, 3), 2+rng.IntN(20))
	return property{
		about: fmt.Sprint(shape), inputs: tensors{normal(rng, shape...), normal(rng, shape...)}, run: binaryCase(ops.CosineSimilarity),
		want: func(in []array) array { return array{shape[:len(shape)-1], cosines(in, shape[len(shape)-1])} },
	}
}

func cosineLossProperty(rng *rand.Rand) property {
	n, c, margin := 1+rng.IntN(30), 2+rng.IntN(20), rng.Float64()
	labels := randomIDs(rng, n, 2)
	for i := range labels {
		labels[i] = 2*labels[i] - 1
	}
	return property{
		about: fmt.Sprint(n, c), inputs: tensors{normal(rng, n, c), normal(rng, n, c)},
		run: func(in tensors) *autograd.Tensor { return ops.CosineLoss(in[0], in[1], labels, float32(margin)) },
		want: func(in []array) array {
			y := newArray()
			for i, cosine := range cosines(in, c) {
				if labels[i] == 1 {
					y.data[0] += (1 - cosine) / float64(n)
				} else {
					y.data[0] += max(0, cosine-margin) / float64(n)
				}
			}
			return y
		},
	}
}

// ctcProperty adds up the probabilities of all paths, one by one.
func ctcProperty(rng *rand.Rand) property {
	n, t, c := 1+rng.IntN(3), 1+rng.IntN(5), 2+rng.IntN(3)
	spec := ops.CTCSpec{Blank: rng.IntN(c), ZeroInfinite: true}
	if rng.IntN(2) == 0 {
		spec.Lengths = randomIDs(rng, n, t+1)
	}
	labels := make([][]int, n)
	for i := range labels {
		for range rng.IntN(4) {
			labels[i] = append(labels[i], (spec.Blank+1+rng.IntN(c-1))%c)
		}
	}
	return property{
		about: fmt.Sprint(n, t, c, spec, labels), inputs: tensors{normal(rng, n, t, c)},
		run: func(in tensors) *autograd.Tensor { return ops.CTC(in[0], labels, spec) },
		want: func(in []array) array {
			y := newArray()
			for i, sequence := range labels {
				steps := t
				if spec.Lengths != nil {
					steps = spec.Lengths[i]
				}
				var logs [][]float64
				for row := range slices.Chunk(in[0].data[i*t*c:(i*t+steps)*c], c) {
					logs = append(logs, logSoftmax(row))
				}
				p := 0.0
				paths := int(math.Pow(float64(c), float64(steps)))
				for path := range paths {
					log, before := 0.0, spec.Blank
					var read []int
					for k := range steps {
						class := path % c
						path /= c
						log += logs[k][class]
						if class != before && class != spec.Blank {
							read = append(read, class)
						}
						before = class
					}
					if slices.Equal(read, sequence) {
						p += math.Exp(log)
					}
				}
				if p > 0 {
					y.data[0] -= math.Log(p) / float64(max(1, len(sequence))) / float64(n)
				}
			}
			return y
		},
	}
}
