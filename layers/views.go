package layers

import (
	"autodropout/autograd"
	"autodropout/ops"
)

// View is a variant of an image: shifted down and to the right by some pixels, with the
// freed border filled by reflection, and then mirrored left to right.
type View struct {
	Down, Right int
	Flip        bool
	Weight      float32 // of what a network makes of it
}

// FlipViews are an image and its mirror image, which count equally.
func FlipViews() []View { return []View{{Weight: 0.5}, {Flip: true, Weight: 0.5}} }

// FlipShiftViews are an image and its mirror image, which together count half, and both
// shifted by a pixel down and to the right, and up and to the left (Jordan, arXiv
// 2404.00498, section 3.5).
func FlipShiftViews() []View {
	var views []View
	for _, flip := range []bool{false, true} {
		views = append(views, View{0, 0, flip, 0.25}, View{1, 1, flip, 0.125}, View{-1, -1, flip, 0.125})
	}
	return views
}

// Views makes a layer predict from several views of each image: outside training its output
// is the weighted sum of the layer's outputs for the views. In training the layer sees the
// images themselves.
type Views struct {
	Layer
	Views []View
}

// Forward maps images (N, H, W, C) to the layer's outputs. Each side must be longer than a
// shift along it.
func (l Views) Forward(c *Ctx, x *autograd.Tensor) *autograd.Tensor {
	if c.Trains() || len(l.Views) == 0 {
		return l.Layer.Forward(c, x)
	}
	var sum *autograd.Tensor
	for _, view := range l.Views {
		one := c.Tape.Block(func() *autograd.Tensor {
			return ops.Scale(l.Layer.Forward(c, view.of(x)), view.Weight)
		})
		if sum == nil {
			sum = one
		} else {
			sum = ops.Add(sum, one)
		}
	}
	return sum
}

// of returns the view of images.
func (v View) of(x *autograd.Tensor) *autograd.Tensor {
	if rows, changed := reflected(x.Dim(1), v.Down, false); changed {
		x = ops.Select(x, 1, rows)
	}
	if columns, changed := reflected(x.Dim(2), v.Right, v.Flip); changed {
		x = ops.Select(x, 2, columns)
	}
	return x
}

// reflected returns which of n places each place of the view along an axis shows, and
// whether any shows another than itself.
func reflected(n, shift int, flip bool) (from []int, changed bool) {
	from = make([]int, n)
	for i := range from {
		at := i
		if flip {
			at = n - 1 - i
		}
		at -= shift
		if at < 0 {
			at = -at
		}
		if at >= n {
			at = 2*(n-1) - at
		}
		from[i], changed = at, changed || at != i
	}
	return from, changed
}
