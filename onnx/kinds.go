package onnx

import (
	"fmt"
	"math"

	"autodropout/autograd"
	"autodropout/dropout"
	"autodropout/layers"
	"autodropout/ops"
)

// kind is how the nodes of an operation run.
type kind struct {
	weights []int // inputs that training changes, whatever their names
	needs   int   // inputs in front that must be there
	outputs int   // how many it has at most; 0: 1
	own     bool  // make reads the inputs behind the first itself
	make    maker
}

type maker func(b *builder, n *node) (func(c *call) ([]datum, error), error)

// kinds are the operations that are known, by name.
var kinds map[string]kind

func init() {
	unary := func(f func(x *autograd.Tensor) *autograd.Tensor) kind {
		return simple(1, func(c *call) ([]datum, error) {
			if c.in[0].real == nil {
				return nil, fmt.Errorf("it is supported for real numbers only")
			}
			return one(f(c.in[0].real), c.in[0].last)
		})
	}
	sum := arithmetic(ops.Add, func(a, b int) int { return a + b })
	kinds = map[string]kind{
		"Relu": unary(ops.ReLU), "Sigmoid": unary(ops.Sigmoid), "Tanh": unary(ops.Tanh), "Exp": unary(ops.Exp), "Log": unary(ops.Log), "Sqrt": unary(ops.Sqrt),
		"Erf": unary(erf), "HardSwish": unary(hardSwish), "Softplus": unary(softplus), "Mish": unary(mish), "Reciprocal": unary(func(x *autograd.Tensor) *autograd.Tensor { return ops.Pow(x, -1) }),
		"Abs": wholeOrReal(ops.Abs, func(v int) int { return max(v, -v) }), "Neg": wholeOrReal(ops.Neg, func(v int) int { return -v }),
		"Gelu": {needs: 1, make: makeGelu}, "LeakyRelu": {needs: 1, make: makeLeaky}, "Elu": {needs: 1, make: makeElu}, "HardSigmoid": {needs: 1, make: makeHardSigmoid},
		"Clip": simple(1, clip), "Softmax": {needs: 1, make: makeSoftmax(ops.Softmax)}, "LogSoftmax": {needs: 1, make: makeSoftmax(ops.LogSoftmax)},
		"Dropout": {needs: 1, outputs: 2, make: makeDropout}, "Identity": simple(1, identity),

		"Add": sum, "Sum": sum, "Sub": arithmetic(ops.Sub, func(a, b int) int { return a - b }), "Mul": arithmetic(ops.Mul, func(a, b int) int { return a * b }),
		"Div": arithmetic(ops.Div, quotient), "Mod": {needs: 2, make: makeMod}, "Max": arithmetic(ops.Maximum, func(a, b int) int { return max(a, b) }), "Min": arithmetic(ops.Minimum, func(a, b int) int { return min(a, b) }),
		"Pow": simple(2, power), "Equal": comparison(func(a, b float64) bool { return a == b }), "Less": comparison(func(a, b float64) bool { return a < b }),
		"Greater": comparison(func(a, b float64) bool { return a > b }), "LessOrEqual": comparison(func(a, b float64) bool { return a <= b }), "GreaterOrEqual": comparison(func(a, b float64) bool { return a >= b }),
		"And": arithmetic(nil, func(a, b int) int { return min(a, b) }), "Or": arithmetic(nil, func(a, b int) int { return max(a, b) }), "Not": simple(1, not), "Where": simple(3, where), "Cast": {needs: 1, make: makeCast},

		"Constant": {make: makeConstant}, "ConstantOfShape": {needs: 1, make: makeConstantOfShape}, "Shape": {needs: 1, make: makeShape}, "Range": simple(3, rangeOf), "Size": simple(1, size),
		"Reshape": simple(2, reshape), "Flatten": {needs: 1, make: makeFlatten}, "Transpose": simple(1, transpose), "Squeeze": simple(1, squeeze), "Unsqueeze": simple(1, unsqueeze),
		"Concat": simple(1, concat), "Split": {needs: 1, outputs: math.MaxInt, make: always(split)}, "Slice": simple(1, slice), "Gather": {needs: 2, make: makeGather}, "Expand": simple(2, expand), "Pad": {needs: 1, make: makePad},
		"ReduceMean": reduction(ops.Mean), "ReduceSum": reduction(ops.Sum), "ReduceMax": reduction(ops.Max),

		"Gemm": {weights: []int{1, 2}, needs: 2, make: makeGemm}, "MatMul": {weights: []int{1}, needs: 2, make: makeMatMul},
		"Conv": {weights: []int{1, 2}, needs: 2, make: makeConv}, "ConvTranspose": {weights: []int{1, 2}, needs: 2, make: makeConvTranspose},
		"BatchNormalization": {weights: []int{1, 2, 3, 4}, needs: 5, own: true, outputs: 5, make: makeBatchNorm}, "InstanceNormalization": {weights: []int{1, 2}, needs: 3, make: makeInstanceNorm},
		"LayerNormalization": {weights: []int{1, 2}, needs: 2, outputs: 3, make: makeLayerNorm}, "GroupNormalization": {weights: []int{1, 2}, needs: 3, make: makeGroupNorm},
		"MaxPool": {needs: 1, outputs: 2, make: makePool(ops.MaxPool2D, float32(math.Inf(-1)))}, "AveragePool": {needs: 1, make: makePool(ops.AvgPool2D, 0)},
		"GlobalAveragePool": simple(1, globalAverage), "GlobalMaxPool": simple(1, globalMax), "Resize": {needs: 1, make: makeResize}, "Upsample": {needs: 1, make: makeResize},
		"LSTM": {weights: []int{1, 2, 3}, needs: 3, outputs: 3, make: makeRecurrent}, "GRU": {weights: []int{1, 2, 3}, needs: 3, outputs: 2, make: makeRecurrent}, "PRelu": {weights: []int{1}, needs: 2, make: makePRelu},
	}
}

// simple is an operation whose attributes are read as it runs.
func simple(needs int, run func(c *call) ([]datum, error)) kind {
	return kind{needs: needs, make: always(run)}
}

func always(run func(c *call) ([]datum, error)) maker {
	return func(*builder, *node) (func(c *call) ([]datum, error), error) { return run, nil }
}

func identity(c *call) ([]datum, error) { return c.in[:1], nil }

// onReal makes an operation on every element of real numbers.
func onReal(f func(x *autograd.Tensor) *autograd.Tensor) (func(c *call) ([]datum, error), error) {
	return func(c *call) ([]datum, error) {
		if c.in[0].real == nil {
			return nil, fmt.Errorf("it is supported for real numbers only")
		}
		return one(f(c.in[0].real), c.in[0].last)
	}, nil
}

// erf is the error function, which older versions of the operations write GELU with.
func erf(x *autograd.Tensor) *autograd.Tensor {
	return autograd.Do(autograd.Op{
		Name: "onnx.Erf", Inputs: []*autograd.Tensor{x}, Shape: x.Shape(), Saves: []*autograd.Tensor{x},
		Forward: func(y *autograd.Output) {
			for i, v := range x.Data() {
				y.Data()[i] = float32(math.Erf(float64(v)))
			}
		},
		Backward: func(g *autograd.Grad) {
			dx, dy := g.New(0).Data(), g.Dy().Data()
			for i, v := range x.Data() {
				dx[i] = dy[i] * float32(2/math.Sqrt(math.Pi)*math.Exp(-float64(v)*float64(v)))
			}
		},
	})
}

func hardSwish(x *autograd.Tensor) *autograd.Tensor {
	return ops.Mul(x, ops.Clamp(ops.AddScalar(ops.Scale(x, 1.0/6), 0.5), 0, 1))
}

// softplus is log(1+exp(x)), without overflow. At 0 the gradient of the maximum is a half, as that of the whole is.
func softplus(x *autograd.Tensor) *autograd.Tensor {
	return ops.Add(ops.Maximum(x, autograd.New()), ops.Log(ops.AddScalar(ops.Exp(ops.Neg(ops.Abs(x))), 1)))
}

func mish(x *autograd.Tensor) *autograd.Tensor { return ops.Mul(x, ops.Tanh(softplus(x))) }

func makeGelu(_ *builder, n *node) (func(c *call) ([]datum, error), error) {
	if err := n.only("approximate", "none", "tanh"); err != nil {
		return nil, err
	}
	if n.text("approximate", "none") == "none" {
		return onReal(ops.GELU)
	}
	return onReal(func(x *autograd.Tensor) *autograd.Tensor {
		inner := ops.Scale(ops.Add(x, ops.Scale(ops.Mul(x, ops.Mul(x, x)), 0.044715)), float32(math.Sqrt(2/math.Pi)))
		return ops.Mul(ops.Scale(x, 0.5), ops.AddScalar(ops.Tanh(inner), 1))
	})
}

func makeLeaky(_ *builder, n *node) (func(c *call) ([]datum, error), error) {
	alpha := n.float("alpha", 0.01)
	return onReal(func(x *autograd.Tensor) *autograd.Tensor {
		return ops.Sub(ops.ReLU(x), ops.Scale(ops.ReLU(ops.Neg(x)), alpha))
	})
}

func makeElu(_ *builder, n *node) (func(c *call) ([]datum, error), error) {
	alpha := n.float("alpha", 1)
	return onReal(func(x *autograd.Tensor) *autograd.Tensor {
		zero := autograd.New() // of whose two sides each gives half of the gradient at 0
		below := ops.Scale(ops.AddScalar(ops.Exp(ops.Minimum(x, zero)), -1), alpha)
		return ops.Add(ops.Maximum(x, zero), below)
	})
}

func makeHardSigmoid(_ *builder, n *node) (func(c *call) ([]datum, error), error) {
	alpha, beta := n.float("alpha", 0.2), n.float("beta", 0.5)
	return onReal(func(x *autograd.Tensor) *autograd.Tensor {
		return ops.Clamp(ops.AddScalar(ops.Scale(x, alpha), beta), 0, 1)
	})
}

// makePRelu multiplies what is below 0 by a slope of each channel.
func makePRelu(_ *builder, _ *node) (func(c *call) ([]datum, error), error) {
	return func(c *call) ([]datum, error) {
		in, last, err := c.together(0, 1)
		if err != nil {
			return nil, err
		}
		return one(ops.Sub(ops.ReLU(in[0]), ops.Mul(ops.ReLU(ops.Neg(in[0])), in[1])), last)
	}, nil
}

// clip limits to bounds, which are inputs, or attributes before version 11.
func clip(c *call) ([]datum, error) {
	lo, hi := c.float("min", float32(math.Inf(-1))), c.float("max", float32(math.Inf(1)))
	for i, bound := range []*float32{&lo, &hi} {
		if !c.has(i + 1) {
			continue
		}
		x, err := c.real(i + 1)
		if err != nil {
			return nil, err
		}
		if x.Len() != 1 {
			return nil, fmt.Errorf("its bounds are not numbers but of shape %v", x.Shape())
		}
		*bound = x.Data()[0]
	}
	x := c.in[0]
	if x.real == nil {
		return nil, fmt.Errorf("it is supported for real numbers only")
	}
	return one(ops.Clamp(x.real, lo, hi), x.last)
}

// makeSoftmax runs along an axis: the last one, or before version 13 along all from the
// given one on.
func makeSoftmax(f func(x *autograd.Tensor) *autograd.Tensor) maker {
	return func(b *builder, n *node) (func(c *call) ([]datum, error), error) {
		whole, otherwise := b.Opset < 13, -1
		if whole {
			otherwise = 1
		}
		return func(c *call) ([]datum, error) {
			x, err := c.real(0)
			if err != nil {
				return nil, err
			}
			at, err := axis(c.int("axis", otherwise), x.Rank())
			if err != nil {
				return nil, err
			}
			last := x.Rank() - 1
			switch {
			case at == last:
				return one(f(x), false)
			case whole:
				rows, _ := elements(x.Shape()[:at])
				return one(ops.Reshape(f(ops.Reshape(x, rows, x.Len()/max(1, rows))), x.Shape()...), false)
			}
			order := make([]int, last+1)
			for i := range order {
				order[i] = i
			}
			order[at], order[last] = last, at
			return one(ops.Transpose(f(ops.Transpose(x, order...)), order...), false)
		}, nil
	}
}

// makeDropout makes a site of dropout, with the file's probability.
func makeDropout(b *builder, n *node) (func(c *call) ([]datum, error), error) {
	p := n.float("ratio", 0.5)
	if len(n.operand) > 1 && n.operand[1].there() {
		given := b.written[n.Inputs[1]]
		if c := n.operand[1].constant; c != nil {
			given = *c
		}
		if given.real == nil || given.real.Len() != 1 {
			return nil, fmt.Errorf("its probability %q is not a number that the file holds, which is not supported", n.Inputs[1])
		}
		p = given.real.Data()[0]
	}
	if !(p >= 0 && p < 1) {
		return nil, fmt.Errorf("it drops with a probability of %g: it must be at least 0 and less than 1", p)
	}
	name := n.Name
	if name == "" {
		name = n.Outputs[0]
	}
	site := b.unused(name)
	layer := layers.NewDropout(site, float64(p))
	b.sites = append(b.sites, dropout.Site{Name: site, Kind: dropout.Features})
	return func(c *call) ([]datum, error) {
		x := c.in[0]
		if x.real == nil {
			return nil, fmt.Errorf("it is supported for real numbers only")
		}
		return one(layer.Forward(c.ctx, x.real), x.last)
	}, nil
}
