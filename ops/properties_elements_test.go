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
