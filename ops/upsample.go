package ops

import (
	"math"

	"autodropout/autograd"
	"autodropout/internal/parallel"
	"autodropout/simd"
)

// UpsampleSpec says how images become larger, or smaller. Either Height and Width or
// Scale are given.
type UpsampleSpec struct {
	Height, Width int     // of the result, in pixels
	Scale         float64 // that both sides are multiplied by, rounded down

	// Bilinear takes the mean of the four pixels around a place, weighted by nearness.
	// Otherwise a place takes one pixel, with its coordinates rounded down.
	Bilinear bool

	// AlignCorners puts the centres of the outer pixels on each other, for Bilinear;
	// otherwise their outer edges lie on each other.
	AlignCorners bool
}

// Upsample returns images x (N, H, W, C) in another size, (N, OH, OW, C). Places are
// those of PyTorch's interpolate: with a Scale a pixel of the result is 1/Scale pixels
// of x wide, also where OH is not H*Scale.
func Upsample(x *autograd.Tensor, spec UpsampleSpec) *autograd.Tensor {
	const name = "ops.Upsample"
	if x.Rank() != 4 || x.Dim(1)*x.Dim(2) == 0 {
		panic(autograd.NewShapeError(name, "x (N, H, W, C) with at least one pixel", x))
	}
	u := &upsample{n: x.Dim(0), c: x.Dim(3)}
	if spec.Scale != 0 {
		if spec.Height != 0 || spec.Width != 0 {
			panic(autograd.NewShapeError(name, "either a height and a width or a scale", x))
		}
		spec.Height, spec.Width = int(float64(x.Dim(1))*spec.Scale), int(float64(x.Dim(2))*spec.Scale)
	}
	if spec.Height < 1 || spec.Width < 1 || spec.AlignCorners && !spec.Bilinear {
		panic(autograd.NewShapeError(name, "a result of at least one pixel, and corners that are aligned only where it is bilinear", x))
	}
	u.y, u.x = spec.axis(x.Dim(1), spec.Height), spec.axis(x.Dim(2), spec.Width)
	return autograd.Do(autograd.Op{
		Name:     name,
		Inputs:   []*autograd.Tensor{x},
		Spec:     &spec,
		Shape:    []int{u.n, spec.Height, spec.Width, u.c},
		Forward:  func(y *autograd.Output) { u.forward(y.Data(), x.Data()) },
		Backward: func(g *autograd.Grad) { u.backward(g.New(0).Data(), g.Dy().Data()) },
	})
}

// upsample is one change of size.
type upsample struct {
	n, c int
	y, x upsampleAxis
}

// An upsampleAxis says what the places along an axis see: the pixel at first, and the
// one behind it with a weight of share, the rest being that of the first.
type upsampleAxis struct {
	length int // of the input
	first  []int
	share  []float32
}

// axis returns the places of an axis that goes from a length to another one.
func (s UpsampleSpec) axis(from, to int) upsampleAxis {
	a := upsampleAxis{from, make([]int, to), make([]float32, to)}
	step := float32(from) / float32(to)
	if s.Scale != 0 {
		step = float32(1 / s.Scale)
	}
	if s.AlignCorners {
		step = float32(from-1) / float32(max(1, to-1))
	}
	for i := range to {
		at := step * float32(i)
		switch {
		case s.Bilinear && !s.AlignCorners:
			at = max(0, float32(step*(float32(i)+0.5))-0.5)
		case !s.Bilinear:
			at = float32(math.Floor(float64(at)))
		}
		a.first[i] = min(int(at), from-1)
		if a.first[i] < from-1 {
			a.share[i] = at - float32(a.first[i])
		}
	}
	return a
}

// forward computes a row of the result from one or two rows of x, whose mean it takes
// first.
func (u *upsample) forward(y, x []float32) {
	c, width, out := u.c, u.x.length*u.c, len(u.x.first)*u.c
	parallel.ForScratch(u.n*len(u.y.first), width, func(row int, mean []float32) {
		image, oy := row/len(u.y.first), row%len(u.y.first)
		from := x[(image*u.y.length+u.y.first[oy])*width:]
		line := from[:width]
		if share := u.y.share[oy]; share != 0 {
			copy(mean, line)
			line = mean
			simd.Lerp(line, from[width:2*width], share)
		}
		for ox, first := range u.x.first {
			to := y[row*out+ox*c:][:c]
			copy(to, line[first*c:])
			if share := u.x.share[ox]; share != 0 {
				simd.Lerp(to, line[(first+1)*c:][:c], share)
			}
		}
	})
}

// backward computes a row of dx from all rows of dy that saw it.
func (u *upsample) backward(dx, dy []float32) {
	c, width, out := u.c, u.x.length*u.c, len(u.x.first)*u.c
	parallel.ForScratch(u.n*u.y.length, out, func(row int, sum []float32) {
		image, y := row/u.y.length, row%u.y.length
		clear(sum)
		for oy, first := range u.y.first {
			if weight := u.y.weight(oy, y-first); weight != 0 {
				simd.Axpy(sum, weight, dy[(image*len(u.y.first)+oy)*out:][:out])
			}
		}
		to := dx[row*width:][:width]
		clear(to)
		for ox, first := range u.x.first {
			for k := range 2 {
				if weight := u.x.weight(ox, k); weight != 0 {
					simd.Axpy(to[(first+k)*c:][:c], weight, sum[ox*c:][:c])
				}
			}
		}
	})
}

// weight returns that of the pixel k behind the first one that a place sees.
func (a *upsampleAxis) weight(place, k int) float32 {
	switch k {
	case 0:
		return 1 - a.share[place]
	case 1:
		return a.share[place]
	}
	return 0
}
