package ops_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"autodropout/autograd"
	"autodropout/internal/gradcheck"
	"autodropout/ops"
)

// properties makes random cases of every operation but Conv2D. Sizes are small,
// and now and then so large that work is cut into several tasks.
var properties = map[string]func(rng *rand.Rand) property{
	"Scale":     unaryProperty(func(x *autograd.Tensor) *autograd.Tensor { return ops.Scale(x, -1.7) }, func(x float64) float64 { return -float64(float32(1.7)) * x }),
	"AddScalar": unaryProperty(func(x *autograd.Tensor) *autograd.Tensor { return ops.AddScalar(x, 0.5) }, func(x float64) float64 { return x + 0.5 }),
	"Neg":       unaryProperty(ops.Neg, func(x float64) float64 { return -x }),
	"Clamp":     unaryProperty(func(x *autograd.Tensor) *autograd.Tensor { return ops.Clamp(x, -0.5, 0.75) }, func(x float64) float64 { return min(max(x, -0.5), 0.75) }),
	"Exp":       unaryProperty(ops.Exp, math.Exp),
	"Log":       positiveProperty(ops.Log, math.Log),
	"ReLU":      unaryProperty(ops.ReLU, func(x float64) float64 { return max(x, 0) }),
	"Abs":       unaryProperty(ops.Abs, math.Abs),
	"Sqrt":      positiveProperty(ops.Sqrt, math.Sqrt),
	"Pow":       powProperty,
	"Sigmoid":   unaryProperty(ops.Sigmoid, sigmoid),
	"Tanh":      unaryProperty(ops.Tanh, math.Tanh),
	"GELU":      unaryProperty(ops.GELU, func(x float64) float64 { return x * math.Erfc(-x/math.Sqrt2) / 2 }),
	"SiLU":      unaryProperty(ops.SiLU, func(x float64) float64 { return x * sigmoid(x) }),

	"Add":     binaryProperty(ops.Add, func(a, b float64) float64 { return a + b }),
	"Sub":     binaryProperty(ops.Sub, func(a, b float64) float64 { return a - b }),
	"Mul":     binaryProperty(ops.Mul, func(a, b float64) float64 { return a * b }),
	"Maximum": binaryProperty(ops.Maximum, func(a, b float64) float64 { return max(a, b) }),
	"Div":     divProperty,
	"Where":   whereProperty,
	"Minimum": binaryProperty(ops.Minimum, func(a, b float64) float64 { return min(a, b) }),

	"AddBias":       addBiasProperty,
	"ScaleChannels": scaleChannelsProperty,
	"Dropout":       dropoutProperty,

	"MatMul": matMulProperty,
	"Linear": linearProperty,

	"Sum":  func(rng *rand.Rand) property { return reduceProperty(rng, ops.Sum, sum) },
	"Mean": func(rng *rand.Rand) property { return reduceProperty(rng, ops.Mean, mean) },
	"Max":  func(rng *rand.Rand) property { return reduceProperty(rng, ops.Max, slices.Max[[]float64]) },
	"Softmax": func(rng *rand.Rand) property {
		return rowProperty(rng, ops.Softmax, func(x []float64) []float64 {
			y := logSoftmax(x)
			for i, v := range y {
				y[i] = math.Exp(v)
			}
			return y
		})
	},
	"LogSoftmax": func(rng *rand.Rand) property { return rowProperty(rng, ops.LogSoftmax, logSoftmax) },

	"CrossEntropy":     func(rng *rand.Rand) property { return crossEntropyProperty(rng, false) },
	"SoftCrossEntropy": func(rng *rand.Rand) property { return crossEntropyProperty(rng, true) },
	"MSE":              distanceProperty(ops.MSE, func(d float64) float64 { return d * d }),
	"L1":               distanceProperty(ops.L1, math.Abs),
	"Huber": distanceProperty(func(a, b *autograd.Tensor) *autograd.Tensor { return ops.Huber(a, b, 0.75) }, func(d float64) float64 {
		if d = math.Abs(d); d > 0.75 {
			return 0.75 * (d - 0.375)
		}
		return d * d / 2
	}),
	"BCEWithLogits":    bceProperty,
	"KLDivergence":     klProperty,
	"CosineSimilarity": cosineProperty,
	"CosineLoss":       cosineLossProperty,
	"CTC":              ctcProperty,

	"Pick": pickProperty,

	"Embedding":        func(rng *rand.Rand) property { return embeddingProperty(rng, false) },
	"EmbeddingDropout": func(rng *rand.Rand) property { return embeddingProperty(rng, true) },

	"Reshape":   reshapeProperty,
	"Transpose": transposeProperty,
	"Concat":    concatProperty,
	"Slice":     sliceProperty,
	"Gather":    gatherProperty,
	"Pad":       padProperty,

	"LayerNorm":        layerNormProperty,
	"BatchNorm":        func(rng *rand.Rand) property { return batchNormProperty(rng, "") },
	"BatchNormReLU":    func(rng *rand.Rand) property { return batchNormProperty(rng, "mask") },
	"BatchNormAddReLU": func(rng *rand.Rand) property { return batchNormProperty(rng, "residual") },

	"GlobalAvgPool": globalPoolProperty,
	"AvgPool2D":     func(rng *rand.Rand) property { return poolProperty(rng, false) },
	"MaxPool2D":     func(rng *rand.Rand) property { return poolProperty(rng, true) },

	"Attention":         func(rng *rand.Rand) property { return attentionProperty(rng, false) },
	"RelativeAttention": func(rng *rand.Rand) property { return attentionProperty(rng, true) },
}

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

func sum(x []float64) float64 {
	s := 0.0
	for _, v := range x {
		s += v
	}
	return s
}

func mean(x []float64) float64 { return sum(x) / float64(len(x)) }

func logSoftmax(x []float64) []float64 {
	y, most, total := slices.Clone(x), slices.Max(x), 0.0
	for _, v := range x {
		total += math.Exp(v - most)
	}
	for i := range y {
		y[i] -= most + math.Log(total)
	}
	return y
}

// randomShape returns a shape of some axes, none of them empty, that is large in
// one case of eight.
func randomShape(rng *rand.Rand, least, most int) []int {
	shape := make([]int, least+rng.IntN(most-least+1))
	for i := range shape {
		shape[i] = 1 + rng.IntN(6)
	}
	if len(shape) > 0 && rng.IntN(8) == 0 {
		shape[rng.IntN(len(shape))] = 1 + rng.IntN(20_000/max(1, size(shape)))
	}
	return shape
}

func size(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}

// unaryProperty is that of an operation on every element.
func unaryProperty(f func(*autograd.Tensor) *autograd.Tensor, want func(float64) float64) func(rng *rand.Rand) property {
	return func(rng *rand.Rand) property {
		shape := randomShape(rng, 0, 4)
		if len(shape) > 0 && rng.IntN(20) == 0 {
			shape[0] = 0
		}
		return property{
			about: fmt.Sprint(shape), inputs: tensors{normal(rng, shape...)}, run: unaryCase(f),
			want: func(in []array) array {
				y := in[0].clone()
				for i, v := range y.data {
					y.data[i] = want(v)
				}
				return y
			},
		}
	}
}

// positiveProperty is unaryProperty for operations on positive numbers.
func positiveProperty(f func(*autograd.Tensor) *autograd.Tensor, want func(float64) float64) func(rng *rand.Rand) property {
	return func(rng *rand.Rand) property {
		p := unaryProperty(f, want)(rng)
		for i, v := range p.inputs[0].Data() {
			p.inputs[0].Data()[i] = 0.1 + v*v
		}
		return p
	}
}

// broadcastShapes returns n shapes that meet, and the shape of the result.
func broadcastShapes(rng *rand.Rand, n int) (shapes [][]int, shape []int) {
	shape = randomShape(rng, 0, 4)
	if rng.IntN(2) == 0 {
		for range n {
			shapes = append(shapes, shape)
		}
		return shapes, shape
	}
	result := make([]int, len(shape))
	for i := range result {
		result[i] = 1
	}
	for range n {
		part := slices.Clone(shape)
		for i := range part {
			if rng.IntN(3) == 0 {
				part[i] = 1
			}
			result[i] = max(result[i], part[i])
		}
		shapes = append(shapes, part)
	}
	for k, part := range shapes {
		for len(part) > 0 && part[0] == 1 && rng.IntN(2) == 0 {
			part = part[1:]
		}
		shapes[k] = part
	}
	rank := 0
	for _, part := range shapes {
		rank = max(rank, len(part))
	}
	return shapes, result[len(result)-rank:]
}

// aligned returns the element of a that counts for a place of a result.
func (a array) aligned(place []int) float64 {
	own := slices.Clone(place[len(place)-len(a.shape):])
	for i, d := range a.shape {
		if d == 1 {
			own[i] = 0
		}
	}
	return a.at(own...)
}

// broadcastProperty is that of an operation on corresponding elements.
func broadcastProperty(rng *rand.Rand, n int, f gradcheck.Func, want func(x []float64) float64) property {
	shapes, shape := broadcastShapes(rng, n)
	p := property{about: fmt.Sprint(shapes), run: f}
	for _, s := range shapes {
		p.inputs = append(p.inputs, normal(rng, s...))
	}
	p.want = func(in []array) array {
		y := newArray(shape...)
		places(shape, func(at int, place []int) {
			var x []float64
			for _, a := range in {
				x = append(x, a.aligned(place))
			}
			y.data[at] = want(x)
		})
		return y
	}
	return p
}

// binaryProperty is that of an operation on two tensors.
func binaryProperty(f func(a, b *autograd.Tensor) *autograd.Tensor, want func(a, b float64) float64) func(rng *rand.Rand) property {
	return func(rng *rand.Rand) property {
		return broadcastProperty(rng, 2, binaryCase(f), func(x []float64) float64 { return want(x[0], x[1]) })
	}
}

func divProperty(rng *rand.Rand) property {
	p := binaryProperty(ops.Div, func(a, b float64) float64 { return a / b })(rng)
	for i, v := range p.inputs[1].Data() {
		p.inputs[1].Data()[i] = v + float32(math.Copysign(0.5, float64(v)))
	}
	return p
}

func powProperty(rng *rand.Rand) property {
	p := []float64{0, 1, 2, 3, -1, 0.5, -1.75}[rng.IntN(7)]
	return positiveProperty(func(x *autograd.Tensor) *autograd.Tensor { return ops.Pow(x, float32(p)) }, func(x float64) float64 { return math.Pow(x, p) })(rng)
}

// whereProperty has the condition as a constant input.
func whereProperty(rng *rand.Rand) property {
	p := broadcastProperty(rng, 3, nil, func(x []float64) float64 {
		if x[2] != 0 {
			return x[0]
		}
		return x[1]
	})
	condition := p.inputs[2]
	for i := range condition.Data() {
		condition.Data()[i] = float32(rng.IntN(2))
	}
	given := array{condition.Shape(), widen(condition.Data())}
	want := p.want
	p.inputs = p.inputs[:2]
	p.run = func(in tensors) *autograd.Tensor { return ops.Where(condition, in[0], in[1]) }
	p.want = func(in []array) array { return want([]array{in[0], in[1], given}) }
	return p
}

func gatherProperty(rng *rand.Rand) property {
	shape := randomShape(rng, 1, 4)
	axis := rng.IntN(len(shape))
	target := slices.Clone(shape)
	target[axis] = 1 + rng.IntN(6)
	ids := randomIDs(rng, size(target), shape[axis])
	return property{
		about: fmt.Sprint(shape, axis, target), inputs: tensors{normal(rng, shape...)},
		run: func(in tensors) *autograd.Tensor { return ops.Gather(in[0], axis-rng.IntN(2)*len(shape), ids) },
		want: func(in []array) array {
			y := newArray(target...)
			places(target, func(at int, place []int) {
				from := slices.Clone(place)
				from[axis] = ids[at]
				y.data[at] = in[0].at(from...)
			})
			return y
		},
	}
}

func padProperty(rng *rand.Rand) property {
	shape := randomShape(rng, 0, 4)
	target, sides := slices.Clone(shape), make([][2]int, rng.IntN(len(shape)+1))
	for i := range sides {
		sides[i] = [2]int{rng.IntN(4), rng.IntN(4)}
		target[i] += sides[i][0] + sides[i][1]
	}
	return property{
		about: fmt.Sprint(shape, sides), inputs: tensors{normal(rng, shape...)},
		run: func(in tensors) *autograd.Tensor { return ops.Pad(in[0], -0.5, sides...) },
		want: func(in []array) array {
			y := newArray(target...)
			for i := range y.data {
				y.data[i] = -0.5
			}
			places(shape, func(from int, place []int) {
				to := 0
				for i, p := range place {
					if i < len(sides) {
						p += sides[i][0]
					}
					to = to*target[i] + p
				}
				y.data[to] = in[0].data[from]
			})
			return y
		},
	}
}

// rowProperty is that of an operation on the rows of the last axis.
func rowProperty(rng *rand.Rand, f func(*autograd.Tensor) *autograd.Tensor, want func(row []float64) []float64) property {
	shape := randomShape(rng, 1, 4)
	return property{
		about: fmt.Sprint(shape), inputs: tensors{normal(rng, shape...)}, run: unaryCase(f),
		want: func(in []array) array {
			y := array{shape: shape}
			for row := range slices.Chunk(in[0].data, shape[len(shape)-1]) {
				y.data = append(y.data, want(row)...)
			}
			return y
		},
	}
}

// reduceProperty is that of an operation that does away with axes.
func reduceProperty(rng *rand.Rand, f func(x *autograd.Tensor, axes ...int) *autograd.Tensor, want func(x []float64) float64) property {
	shape := randomShape(rng, 0, 5)
	axes, gone := rng.Perm(len(shape))[:rng.IntN(len(shape)+1)], make([]bool, len(shape))
	target := []int{}
	for i, d := range shape {
		if gone[i] = len(axes) == 0 || slices.Contains(axes, i); !gone[i] {
			target = append(target, d)
		}
	}
	given := slices.Clone(axes)
	for i := range given {
		given[i] -= rng.IntN(2) * len(shape)
	}
	return property{
		about: fmt.Sprint(shape, given), inputs: tensors{normal(rng, shape...)}, run: reduceCase(f, given...),
		want: func(in []array) array {
			parts := make([][]float64, size(target))
			places(shape, func(at int, place []int) {
				to := 0
				for i, p := range place {
					if !gone[i] {
						to = to*shape[i] + p
					}
				}
				parts[to] = append(parts[to], in[0].data[at])
			})
			y := array{shape: target}
			for _, part := range parts {
				y.data = append(y.data, want(part))
			}
			return y
		},
	}
}

func addBiasProperty(rng *rand.Rand) property {
	shape := randomShape(rng, 1, 4)
	c := shape[len(shape)-1]
	return property{
		about: fmt.Sprint(shape), inputs: tensors{normal(rng, shape...), normal(rng, c)}, run: binaryCase(ops.AddBias),
		want: func(in []array) array {
			y := in[0].clone()
			for i := range y.data {
				y.data[i] += in[1].data[i%c]
			}
			return y
		},
	}
}

func scaleChannelsProperty(rng *rand.Rand) property {
	shape := randomShape(rng, 2, 5)
	n, c := shape[0], shape[len(shape)-1]
	return property{
		about: fmt.Sprint(shape), inputs: tensors{normal(rng, shape...), normal(rng, n, c)}, run: binaryCase(ops.ScaleChannels),
		want: func(in []array) array {
			y := in[0].clone()
			for i := range y.data {
				y.data[i] *= in[1].data[i/(len(y.data)/n)*c+i%c]
			}
			return y
		},
	}
}

// randomMask returns a mask of n elements, and what they are multiplied by.
func randomMask(rng *rand.Rand, n int) (mask ops.Mask, factors []float64) {
	const factor = 1.25
	words := make([]uint32, (n+31)/32)
	factors = make([]float64, n)
	for i := range words {
		words[i] = rng.Uint32()
	}
	for i := range factors {
		factors[i] = factor * float64(words[i/32]>>(i%32)&1)
	}
	return func(keep []uint32) float32 { copy(keep, words); return factor }, factors
}

func dropoutProperty(rng *rand.Rand) property {
	shape := randomShape(rng, 0, 4)
	mask, factors := randomMask(rng, size(shape))
	return property{
		about: fmt.Sprint(shape), inputs: tensors{normal(rng, shape...)},
		run: func(in tensors) *autograd.Tensor { return ops.Dropout(in[0], mask) },
		want: func(in []array) array {
			y := in[0].clone()
			for i := range y.data {
				y.data[i] *= factors[i]
			}
			return y
		},
	}
}

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

// randomIDs returns n numbers below limit.
func randomIDs(rng *rand.Rand, n, limit int) []int {
	ids := make([]int, n)
	for i := range ids {
		ids[i] = rng.IntN(limit)
	}
	return ids
}

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

func pickProperty(rng *rand.Rand) property {
	n, c := 1+rng.IntN(40), 1+rng.IntN(30)
	ids := randomIDs(rng, n, c)
	return property{
		about: fmt.Sprint(n, c), inputs: tensors{normal(rng, n, c)},
		run: func(in tensors) *autograd.Tensor { return ops.Pick(in[0], ids) },
		want: func(in []array) array {
			y := newArray(n)
			for i, id := range ids {
				y.data[i] = in[0].data[i*c+id]
			}
			return y
		},
	}
}

func embeddingProperty(rng *rand.Rand, dropped bool) property {
	words, d, shape := 1+rng.IntN(300), 1+rng.IntN(70), randomShape(rng, 1, 3)
	for size(shape) > 1000 {
		shape = randomShape(rng, 1, 3)
	}
	ids := randomIDs(rng, size(shape), words)
	mask, factors := randomMask(rng, words*d)
	return property{
		about: fmt.Sprint(words, d, shape), inputs: tensors{normal(rng, words, d)},
		run: func(in tensors) *autograd.Tensor {
			if dropped {
				return ops.EmbeddingDropout(in[0], mask, ids, shape...)
			}
			return ops.Embedding(in[0], ids, shape...)
		},
		want: func(in []array) array {
			y := newArray(append(slices.Clone(shape), d)...)
			for i, id := range ids {
				for j := range d {
					y.data[i*d+j] = in[0].data[id*d+j]
					if dropped {
						y.data[i*d+j] *= factors[id*d+j]
					}
				}
			}
			return y
		},
	}
}

func reshapeProperty(rng *rand.Rand) property {
	shape := randomShape(rng, 1, 4)
	target := slices.Clone(shape)
	rng.Shuffle(len(target), func(i, j int) { target[i], target[j] = target[j], target[i] })
	given := slices.Clone(target)
	if rng.IntN(2) == 0 {
		given[rng.IntN(len(given))] = -1
	}
	return property{
		about: fmt.Sprint(shape, given), inputs: tensors{normal(rng, shape...)},
		run:  func(in tensors) *autograd.Tensor { return ops.Reshape(in[0], given...) },
		want: func(in []array) array { return array{target, in[0].data} },
	}
}

// places calls visit for every element of a shape, with its place in memory and
// along the axes.
func places(shape []int, visit func(at int, place []int)) {
	place := make([]int, len(shape))
	for at := range size(shape) {
		rest := at
		for i := len(shape) - 1; i >= 0; i-- {
			place[i] = rest % shape[i]
			rest /= shape[i]
		}
		visit(at, place)
	}
}

// at returns the element at a place.
func (a array) at(place ...int) float64 {
	i := 0
	for axis, p := range place {
		i = i*a.shape[axis] + p
	}
	return a.data[i]
}

func transposeProperty(rng *rand.Rand) property {
	shape := randomShape(rng, 1, 5)
	perm := rng.Perm(len(shape))
	target := make([]int, len(shape))
	for i, p := range perm {
		target[i] = shape[p]
	}
	return property{
		about: fmt.Sprint(shape, perm), inputs: tensors{normal(rng, shape...)},
		run: func(in tensors) *autograd.Tensor { return ops.Transpose(in[0], perm...) },
		want: func(in []array) array {
			y, from := newArray(target...), make([]int, len(shape))
			places(target, func(at int, place []int) {
				for i, p := range perm {
					from[p] = place[i]
				}
				y.data[at] = in[0].at(from...)
			})
			return y
		},
	}
}

func concatProperty(rng *rand.Rand) property {
	shape := randomShape(rng, 1, 4)
	axis := rng.IntN(len(shape))
	var inputs tensors
	total := slices.Clone(shape)
	total[axis] = 0
	for range 1 + rng.IntN(4) {
		part := slices.Clone(shape)
		part[axis] = rng.IntN(5)
		total[axis] += part[axis]
		inputs = append(inputs, normal(rng, part...))
	}
	return property{
		about: fmt.Sprint(total, axis, len(inputs)), inputs: inputs,
		run: func(in tensors) *autograd.Tensor { return ops.Concat(axis-rng.IntN(2)*len(shape), in...) },
		want: func(in []array) array {
			y := newArray(total...)
			places(total, func(at int, place []int) {
				from, k := slices.Clone(place), 0
				for from[axis] >= in[k].shape[axis] {
					from[axis] -= in[k].shape[axis]
					k++
				}
				y.data[at] = in[k].at(from...)
			})
			return y
		},
	}
}

func sliceProperty(rng *rand.Rand) property {
	shape := randomShape(rng, 1, 4)
	axis := rng.IntN(len(shape))
	lo := rng.IntN(shape[axis] + 1)
	hi := lo + rng.IntN(shape[axis]-lo+1)
	target := slices.Clone(shape)
	target[axis] = hi - lo
	return property{
		about: fmt.Sprint(shape, axis, lo, hi), inputs: tensors{normal(rng, shape...)},
		run: func(in tensors) *autograd.Tensor { return ops.Slice(in[0], axis-rng.IntN(2)*len(shape), lo, hi) },
		want: func(in []array) array {
			y := newArray(target...)
			places(target, func(at int, place []int) {
				from := slices.Clone(place)
				from[axis] += lo
				y.data[at] = in[0].at(from...)
			})
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

// batchNormProperty is that of the operation that goes on with a "mask" or a
// "residual", if any. No element is near the kink of its ReLU.
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
			"residual": func(in tensors) *autograd.Tensor {
				return ops.BatchNormAddReLU(in[0], in[1], in[2], in[3], moved, spec)
			},
		}[then]
		var in []array
		for _, x := range inputs {
			in = append(in, array{x.Shape(), widen(x.Data())})
		}
		if then == "" || !slices.ContainsFunc(before(in).data, func(v float64) bool { return math.Abs(v) < 1e-4 }) {
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
