package ops_test

import (
	"math"
	"math/rand/v2"
	"slices"

	"autodropout/autograd"
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
	"Select":    selectProperty,
	"Pad":       padProperty,

	"LayerNorm":        layerNormProperty,
	"RMSNorm":          rmsNormProperty,
	"GroupNorm":        groupNormProperty,
	"BatchNorm":        func(rng *rand.Rand) property { return batchNormProperty(rng, "") },
	"BatchNormReLU":    func(rng *rand.Rand) property { return batchNormProperty(rng, "mask") },
	"BatchNormSiLU":    func(rng *rand.Rand) property { return batchNormProperty(rng, "silu") },
	"BatchNormGELU":    func(rng *rand.Rand) property { return batchNormProperty(rng, "gelu") },
	"BatchNormAddReLU": func(rng *rand.Rand) property { return batchNormProperty(rng, "residual") },
	"ConvBatchNorm":    convBatchNormProperty,
	"Conv2DMaxPool":    convPoolProperty,

	"ConvTranspose2D":   convTransposeProperty,
	"Conv1D":            conv1DProperty,
	"Upsample":          upsampleProperty,
	"AdaptiveAvgPool2D": func(rng *rand.Rand) property { return adaptivePoolProperty(rng, false) },
	"AdaptiveMaxPool2D": func(rng *rand.Rand) property { return adaptivePoolProperty(rng, true) },
	"LSTM":              func(rng *rand.Rand) property { return recurrentProperty(rng, 4, 2) },
	"GRU":               func(rng *rand.Rand) property { return recurrentProperty(rng, 3, 1) },

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

// randomIDs returns n numbers below limit.
func randomIDs(rng *rand.Rand, n, limit int) []int {
	ids := make([]int, n)
	for i := range ids {
		ids[i] = rng.IntN(limit)
	}
	return ids
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
