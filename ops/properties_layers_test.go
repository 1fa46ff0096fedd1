package ops_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"autodropout/autograd"
	"autodropout/gradcheck"
	"autodropout/ops"
)

// matMul adds the product of a (m, k) and b (k, n), each transposed first if its
// flag is set, to y.
func matMul(y, a, b []float64, m, k, n int, transA, transB bool) {
	for i := range m {
		for j := range n {
			for l := range k {
				at, bt := i*k+l, l*n+j
				if transA {
					at = l*m + i
				}
				if transB {
					bt = j*k + l
				}
				y[i*n+j] += a[at] * b[bt]
			}
		}
	}
}

// matrixSizes are m, k and n, one of which may be long.
func matrixSizes(rng *rand.Rand) (m, k, n int) {
	sizes := [3]int{1 + rng.IntN(20), 1 + rng.IntN(20), 1 + rng.IntN(20)}
	if rng.IntN(4) == 0 {
		sizes[rng.IntN(3)] = 1 + rng.IntN(1500)
	}
	return sizes[0], sizes[1], sizes[2]
}

func matMulProperty(rng *rand.Rand) property {
	m, k, n := matrixSizes(rng)
	spec := ops.MatMulSpec{TransA: rng.IntN(2) == 0, TransB: rng.IntN(2) == 0}
	a, b := []int{m, k}, []int{k, n}
	if spec.TransA {
		slices.Reverse(a)
	}
	if spec.TransB {
		slices.Reverse(b)
	}
	batches, batch := [][]int{nil, nil}, []int{}
	if rng.IntN(2) == 0 {
		for ok := false; !ok; ok = size(batch) <= 40 {
			batches, batch = broadcastShapes(rng, 2)
		}
	}
	a, b = slices.Concat(batches[0], a), slices.Concat(batches[1], b)
	return property{
		about: fmt.Sprint(a, b, spec), inputs: tensors{normal(rng, a...), normal(rng, b...)}, run: matMulCase(spec.TransA, spec.TransB),
		want: func(in []array) array {
			y := newArray(slices.Concat(batch, []int{m, n})...)
			first := func(operand int, place []int) int { // the matrix that counts for a place
				at := 0
				for i, d := range batches[operand] {
					p := place[len(place)-len(batches[operand])+i]
					at = at*d + p%d
				}
				return at
			}
			places(batch, func(at int, place []int) {
				matMul(y.data[at*m*n:][:m*n], in[0].data[first(0, place)*m*k:], in[1].data[first(1, place)*k*n:], m, k, n, spec.TransA, spec.TransB)
			})
			return y
		},
	}
}

func linearProperty(rng *rand.Rand) property {
	shape := randomShape(rng, 1, 4)
	_, k, n := matrixSizes(rng)
	for size(shape)*k > 1<<16 {
		shape = shape[1:]
	}
	shape = append(shape, k)
	inputs := tensors{normal(rng, shape...), normal(rng, n, k)}
	if rng.IntN(2) == 0 {
		inputs = append(inputs, normal(rng, n))
	}
	return property{
		about: fmt.Sprint(shape, n, len(inputs)), inputs: inputs,
		run: func(in tensors) *autograd.Tensor {
			if len(in) == 2 {
				return ops.Linear(in[0], in[1], nil)
			}
			return ops.Linear(in[0], in[1], in[2])
		},
		want: func(in []array) array {
			y := newArray(append(slices.Clone(shape[:len(shape)-1]), n)...)
			if len(in) == 3 {
				for i := range y.data {
					y.data[i] = in[2].data[i%n]
				}
			}
			matMul(y.data, in[0].data, in[1].data, len(y.data)/n, k, n, false, true)
			return y
		},
	}
}

func layerNormProperty(rng *rand.Rand) property {
	const eps = 0.01
	shape := randomShape(rng, 1, 4)
	c := shape[len(shape)-1]
	return property{
		about: fmt.Sprint(shape), inputs: tensors{normal(rng, shape...), normal(rng, c), normal(rng, c)},
		run: func(in tensors) *autograd.Tensor { return ops.LayerNorm(in[0], in[1], in[2], eps) },
		want: func(in []array) array {
			y := in[0].clone()
			for row := range slices.Chunk(y.data, c) {
				normalise(row, eps)
				for j := range row {
					row[j] = row[j]*in[1].data[j] + in[2].data[j]
				}
			}
			return y
		},
	}
}

func rmsNormProperty(rng *rand.Rand) property {
	const eps = 0.01
	shape := randomShape(rng, 1, 4)
	c := shape[len(shape)-1]
	return property{
		about: fmt.Sprint(shape), inputs: tensors{normal(rng, shape...), normal(rng, c)},
		run: func(in tensors) *autograd.Tensor { return ops.RMSNorm(in[0], in[1], eps) },
		want: func(in []array) array {
			y := in[0].clone()
			for row := range slices.Chunk(y.data, c) {
				square := 0.0
				for _, v := range row {
					square += v * v
				}
				for j := range row {
					row[j] *= in[1].data[j] / math.Sqrt(square/float64(c)+eps)
				}
			}
			return y
		},
	}
}

// groupNormProperty may be one without gamma and beta.
func groupNormProperty(rng *rand.Rand) property {
	const eps = 0.01
	groups, each := 1+rng.IntN(5), 1+rng.IntN(5)
	c := groups * each
	shape := append(randomShape(rng, 1, 3), c)
	for size(shape) > 1<<15 {
		shape = shape[1:]
	}
	if len(shape) == 1 {
		shape = []int{2, c}
	}
	inputs := tensors{normal(rng, shape...)}
	if rng.IntN(3) > 0 {
		inputs = append(inputs, normal(rng, c), normal(rng, c))
	}
	return property{
		about: fmt.Sprint(shape, groups, len(inputs)), inputs: inputs,
		run: func(in tensors) *autograd.Tensor {
			if len(in) == 1 {
				return ops.GroupNorm(in[0], nil, nil, groups, eps)
			}
			return ops.GroupNorm(in[0], in[1], in[2], groups, eps)
		},
		want: func(in []array) array {
			y := in[0].clone()
			for example := range slices.Chunk(y.data, size(shape[1:])) {
				for g := range groups {
					var values []float64
					for i, v := range example {
						if i%c/each == g {
							values = append(values, v)
						}
					}
					normalise(values, eps)
					for i := range example {
						if i%c/each == g {
							example[i], values = values[0], values[1:]
						}
					}
				}
			}
			if len(in) == 3 {
				for i := range y.data {
					y.data[i] = y.data[i]*in[1].data[i%c] + in[2].data[i%c]
				}
			}
			return y
		},
	}
}

// normalise gives x the mean 0 and the variance 1.
func normalise(x []float64, eps float64) {
	mean, square := sum(x)/float64(len(x)), 0.0
	for _, v := range x {
		square += (v - mean) * (v - mean)
	}
	for i, v := range x {
		x[i] = (v - mean) / math.Sqrt(square/float64(len(x))+eps)
	}
}

// batchNormProperty is that of the operation that goes on with a "mask", a "silu",
// a "gelu" or a "residual", if any. No element is near the kink of a ReLU.
func batchNormProperty(rng *rand.Rand, then string) property {
	const eps = 0.01
	train := rng.IntN(2) == 0
	for {
		c, rows := 1+rng.IntN(40), 2+rng.IntN(60)
		shape := []int{rows, c}
		if rng.IntN(2) == 0 {
			shape = []int{2, 1 + rng.IntN(4), 1 + rng.IntN(4), c}
		}
		inputs := tensors{normal(rng, shape...), normal(rng, c), normal(rng, c)}
		if then == "residual" {
			inputs = append(inputs, normal(rng, shape...))
		}
		running := ops.BatchNormStats{Mean: normal(rng, c).Data(), Var: normal(rng, c).Data()}
		for j, v := range running.Var {
			running.Var[j] = 0.2 + v*v
		}
		mask, factors := randomMask(rng, size(shape))
		if rng.IntN(2) == 0 {
			mask = nil
			for i := range factors {
				factors[i] = 1
			}
		}
		spec := ops.BatchNormSpec{Train: train, Eps: eps}
		before := func(in []array) array { // the ReLU
			y := in[0].clone()
			for j := range c {
				var channel []float64
				for i := j; i < len(y.data); i += c {
					channel = append(channel, y.data[i])
				}
				if train {
					normalise(channel, eps)
				} else {
					for i, v := range channel {
						channel[i] = (v - float64(running.Mean[j])) / math.Sqrt(float64(running.Var[j])+eps)
					}
				}
				for i, v := range channel {
					y.data[i*c+j] = v*in[1].data[j] + in[2].data[j]
				}
			}
			if then == "residual" {
				for i := range y.data {
					y.data[i] += in[3].data[i]
				}
			}
			return y
		}
		p := property{about: fmt.Sprint(shape, then, train, mask != nil), inputs: inputs, want: before}
		if then != "" {
			p.want = func(in []array) array {
				y := before(in)
				for i, v := range y.data {
					switch then {
					case "silu":
						v *= factors[i]
						y.data[i] = v * sigmoid(v)
						continue
					case "gelu":
						v *= factors[i]
						y.data[i] = v * (1 + math.Erf(v/math.Sqrt2)) / 2
						continue
					}
					y.data[i] = max(v, 0)
					if then == "mask" {
						y.data[i] *= factors[i]
					}
				}
				return y
			}
		}
		moved := ops.BatchNormStats{Mean: slices.Clone(running.Mean), Var: slices.Clone(running.Var)}
		p.run = map[string]gradcheck.Func{
			"":     func(in tensors) *autograd.Tensor { return ops.BatchNorm(in[0], in[1], in[2], moved, spec) },
			"mask": func(in tensors) *autograd.Tensor { return ops.BatchNormReLU(in[0], in[1], in[2], moved, spec, mask) },
			"silu": func(in tensors) *autograd.Tensor { return ops.BatchNormSiLU(in[0], in[1], in[2], moved, spec, mask) },
			"gelu": func(in tensors) *autograd.Tensor { return ops.BatchNormGELU(in[0], in[1], in[2], moved, spec, mask) },
			"residual": func(in tensors) *autograd.Tensor {
				return ops.BatchNormAddReLU(in[0], in[1], in[2], in[3], moved, spec)
			},
		}[then]
		var in []array
		for _, x := range inputs {
			in = append(in, array{x.Shape(), widen(x.Data())})
		}
		if then == "" || then == "silu" || then == "gelu" || !slices.ContainsFunc(before(in).data, func(v float64) bool { return math.Abs(v) < 1e-4 }) {
			return p
		}
	}
}

func globalPoolProperty(rng *rand.Rand) property {
	shape := randomShape(rng, 4, 4)
	return property{
		about: fmt.Sprint(shape), inputs: tensors{normal(rng, shape...)}, run: unaryCase(ops.GlobalAvgPool),
		want: func(in []array) array {
			y := newArray(shape[0], shape[3])
			places(shape, func(at int, place []int) {
				y.data[place[0]*shape[3]+place[3]] += in[0].data[at] / float64(shape[1]*shape[2])
			})
			return y
		},
	}
}

func poolProperty(rng *rand.Rand, largest bool) property {
	spec := ops.PoolSpec{Size: 1 + rng.IntN(5), Stride: rng.IntN(4)}
	spec.Pad = rng.IntN(spec.Size/2 + 1)
	stride := spec.Stride
	if stride == 0 {
		stride = spec.Size
	}
	extent := func() int { return max(1, spec.Size-2*spec.Pad) + rng.IntN(12) }
	n, h, w, c := 1+rng.IntN(3), extent(), extent(), 1+rng.IntN(40)
	oh, ow := (h+2*spec.Pad-spec.Size)/stride+1, (w+2*spec.Pad-spec.Size)/stride+1
	f := ops.AvgPool2D
	if largest {
		f = ops.MaxPool2D
	}
	return property{
		about: fmt.Sprint(n, h, w, c, spec), inputs: tensors{normal(rng, n, h, w, c)},
		run: func(in tensors) *autograd.Tensor { return f(in[0], spec) },
		want: func(in []array) array {
			y := newArray(n, oh, ow, c)
			places(y.shape, func(at int, place []int) {
				total, most := 0.0, math.Inf(-1)
				for i := range spec.Size * spec.Size {
					row, col := place[1]*stride-spec.Pad+i/spec.Size, place[2]*stride-spec.Pad+i%spec.Size
					if row >= 0 && row < h && col >= 0 && col < w {
						v := in[0].at(place[0], row, col, place[3])
						total += v
						most = max(most, v)
					}
				}
				y.data[at] = total / float64(spec.Size*spec.Size)
				if largest {
					y.data[at] = most
				}
			})
			return y
		},
	}
}

func attentionProperty(rng *rand.Rand, relative bool) property {
	c := attentionShape{n: 1 + rng.IntN(3), heads: 1 + rng.IntN(3), s: 1 + rng.IntN(12), d: 1 + rng.IntN(9), e: 1 + rng.IntN(9), relative: relative, masked: rng.IntN(2) == 0}
	if rng.IntN(6) == 0 {
		c.s = 30 + rng.IntN(60)
	}
	c.t = 1 + rng.IntN(c.s)
	c.causal = !relative && rng.IntN(2) == 0
	if rng.IntN(2) == 0 {
		for range c.n {
			c.lengths = append(c.lengths, 1+rng.IntN(c.s))
		}
	}
	return property{about: fmt.Sprintf("%+v", c), inputs: c.inputs(rng), run: c.fused(), want: c.definition}
}

// definition is the attention of one query after another.
func (c attentionShape) definition(in []array) array {
	y := newArray(c.n, c.t, c.heads*c.e)
	for i := range c.n * c.heads * c.t {
		n, h, t := i/c.t/c.heads, i/c.t%c.heads, i%c.t
		scores := make([]float64, 0, c.s)
		for j := range c.s {
			if !c.visible(n, t, j) {
				scores = append(scores, math.Inf(-1))
				continue
			}
			score := 0.0
			for k := range c.d {
				q := in[0].at(n, t, h*c.d+k)
				if !c.relative {
					score += q * in[1].at(n, j, h*c.d+k)
					continue
				}
				score += (q + in[4].at(h, k)) * in[1].at(n, j, h*c.d+k)
				score += (q + in[5].at(h, k)) * in[3].at(c.s-1-(c.s-c.t+t-j), h*c.d+k)
			}
			scores = append(scores, score/math.Sqrt(float64(c.d)))
		}
		for j, log := range logSoftmax(scores) {
			p := math.Exp(log)
			if c.masked {
				p *= keptFactor
			}
			if !c.keeps(i*c.s + j) {
				continue
			}
			for k := range c.e {
				y.data[(n*c.t+t)*c.heads*c.e+h*c.e+k] += p * in[2].at(n, j, h*c.e+k)
			}
		}
	}
	return y
}
