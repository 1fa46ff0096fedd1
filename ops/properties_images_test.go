package ops_test

import (
	"fmt"
	"math"
	"math/rand/v2"

	"autodropout/autograd"
	"autodropout/ops"
)

// convTransposeProperty is that of transposed convolutions: what adds up to an output
// are the inputs whose windows, those of the convolution that is transposed, see it.
func convTransposeProperty(rng *rand.Rand) property {
	for {
		x, w, conv := randomGeometry(rng) // w (KH, KW, outputs of a group, inputs)
		if rng.IntN(8) == 0 {             // a plain product, and rows and columns that nothing reaches
			w[0], w[1], w[2], conv = 1, 1, w[2]*conv.Groups, ops.ConvSpec{Stride: 1 + rng.IntN(2), Dilation: 3, Groups: 1}
		}
		spec := ops.ConvTransposeSpec{ConvSpec: conv}
		down := ops.ConvAxis{Stride: conv.Stride, Pad: conv.Pad, Dilation: conv.Dilation}
		across := down
		if conv.Across != nil {
			across = *conv.Across
		}
		spec.ExtraRows, spec.ExtraCols = rng.IntN(max(down.Stride, down.Dilation)), rng.IntN(max(across.Stride, across.Dilation))
		x[3] = w[3]
		length := func(a ops.ConvAxis, in, taps, extra int) int {
			return (in-1)*a.Stride - 2*a.Pad + a.Dilation*(taps-1) + 1 + extra
		}
		outs := w[2] * conv.Groups
		h, width := length(down, x[1], w[0], spec.ExtraRows), length(across, x[2], w[1], spec.ExtraCols)
		if h < 1 || width < 1 || size(x[:])*size(w[:3]) > 1<<17 || x[0]*h*width*outs > 1<<14 {
			continue
		}
		return property{
			about: fmt.Sprintf("%v %v %+v %+v", x, w, spec, across), inputs: tensors{normal(rng, x[:]...), normal(rng, w[:]...)}, run: convTransposeCase(spec),
			want: func(in []array) array {
				y, each := newArray(x[0], h, width, outs), x[3]/conv.Groups
				places(x[:], func(at int, place []int) {
					group := place[3] / each
					for ky := range w[0] {
						for kx := range w[1] {
							row, col := place[1]*down.Stride-down.Pad+ky*down.Dilation, place[2]*across.Stride-across.Pad+kx*across.Dilation
							if row < 0 || row >= h || col < 0 || col >= width {
								continue
							}
							for o := range w[2] {
								y.data[((place[0]*h+row)*width+col)*outs+group*w[2]+o] += in[0].data[at] * in[1].at(ky, kx, o, place[3])
							}
						}
					}
				})
				return y
			},
		}
	}
}

func conv1DProperty(rng *rand.Rand) property {
	groups, k := 1+rng.IntN(3), 1+rng.IntN(5)
	spec := ops.ConvSpec{Stride: 1 + rng.IntN(3), Pad: rng.IntN(4), Dilation: 1 + rng.IntN(3), Groups: groups}
	n, ins, outs := 1+rng.IntN(3), 1+rng.IntN(20), 1+rng.IntN(20)
	steps := max(1, spec.Dilation*(k-1)+1-2*spec.Pad) + rng.IntN(30)
	return property{
		about: fmt.Sprint(n, steps, ins, outs, k, spec), inputs: tensors{normal(rng, n, steps, ins*groups), normal(rng, k, ins, outs*groups)},
		run: func(in tensors) *autograd.Tensor { return ops.Conv1D(in[0], in[1], spec) },
		want: func(in []array) array {
			y := newArray(n, (steps+2*spec.Pad-spec.Dilation*(k-1)-1)/spec.Stride+1, outs*groups)
			places(y.shape, func(at int, place []int) {
				for tap := range k {
					t := place[1]*spec.Stride - spec.Pad + tap*spec.Dilation
					for i := range ins {
						if t >= 0 && t < steps {
							y.data[at] += in[0].at(place[0], t, place[2]/outs*ins+i) * in[1].at(tap, i, place[2])
						}
					}
				}
			})
			return y
		},
	}
}

func upsampleProperty(rng *rand.Rand) property {
	x := []int{1 + rng.IntN(2), 1 + rng.IntN(8), 1 + rng.IntN(8), 1 + rng.IntN(40)}
	spec := ops.UpsampleSpec{Height: 1 + rng.IntN(14), Width: 1 + rng.IntN(14), Bilinear: rng.IntN(3) > 0}
	spec.AlignCorners = spec.Bilinear && rng.IntN(2) == 0
	h, w := spec.Height, spec.Width
	if rng.IntN(2) == 0 {
		spec.Scale = 1 + float64(rng.IntN(9))/4 // binary fractions, so that rounding moves no place
		h, w = int(float64(x[1])*spec.Scale), int(float64(x[2])*spec.Scale)
		spec.Height, spec.Width = 0, 0
	}
	// sees returns the two pixels that a place sees, and the share of the second.
	sees := func(place, from, to int) (first, second int, share float64) {
		step := float64(float32(from) / float32(to))
		if spec.Scale != 0 {
			step = float64(float32(1 / spec.Scale))
		}
		at := float64(float32(step) * float32(place))
		switch {
		case spec.AlignCorners:
			at = float64(float32(float32(from-1)/float32(max(1, to-1))) * float32(place))
		case spec.Bilinear:
			at = max(0, float64(float32(float32(step)*(float32(place)+0.5))-0.5))
		default:
			at = math.Floor(at)
		}
		first = min(int(at), from-1)
		return first, min(first+1, from-1), at - float64(first)
	}
	return property{
		about: fmt.Sprintf("%v %+v", x, spec), inputs: tensors{normal(rng, x...)}, run: upsampleCase(spec),
		want: func(in []array) array {
			y := newArray(x[0], h, w, x[3])
			places(y.shape, func(at int, place []int) {
				top, bottom, down := sees(place[1], x[1], h)
				left, right, across := sees(place[2], x[2], w)
				row := func(y int) float64 {
					return (1-across)*in[0].at(place[0], y, left, place[3]) + across*in[0].at(place[0], y, right, place[3])
				}
				y.data[at] = (1-down)*row(top) + down*row(bottom)
			})
			return y
		},
	}
}

func adaptivePoolProperty(rng *rand.Rand, largest bool) property {
	x := []int{1 + rng.IntN(3), 1 + rng.IntN(12), 1 + rng.IntN(12), 1 + rng.IntN(40)}
	h, w := 1+rng.IntN(8), 1+rng.IntN(8)
	f := ops.AdaptiveAvgPool2D
	if largest {
		f = ops.AdaptiveMaxPool2D
	}
	bounds := func(i, from, to int) (int, int) {
		return int(math.Floor(float64(i*from) / float64(to))), int(math.Ceil(float64((i+1)*from) / float64(to)))
	}
	return property{
		about: fmt.Sprint(x, h, w), inputs: tensors{normal(rng, x...)},
		run: func(in tensors) *autograd.Tensor { return f(in[0], h, w) },
		want: func(in []array) array {
			y := newArray(x[0], h, w, x[3])
			places(y.shape, func(at int, place []int) {
				top, bottom := bounds(place[1], x[1], h)
				left, right := bounds(place[2], x[2], w)
				total, most := 0.0, math.Inf(-1)
				for row := top; row < bottom; row++ {
					for col := left; col < right; col++ {
						v := in[0].at(place[0], row, col, place[3])
						total += v
						most = max(most, v)
					}
				}
				y.data[at] = total / float64((bottom-top)*(right-left))
				if largest {
					y.data[at] = most
				}
			})
			return y
		},
	}
}
