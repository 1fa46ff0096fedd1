package onnx

import (
	"fmt"
	"math"
	"strconv"

	"autodropout/autograd"
	"autodropout/ops"
)

func globalAverage(c *call) ([]datum, error) {
	x, err := c.images(0)
	if err != nil {
		return nil, err
	}
	return one(ops.Reshape(ops.GlobalAvgPool(x), x.Dim(0), 1, 1, x.Dim(3)), true)
}

func globalMax(c *call) ([]datum, error) {
	x, err := c.images(0)
	if err != nil {
		return nil, err
	}
	return one(ops.AdaptiveMaxPool2D(x, 1, 1), true)
}

// makePool makes windows that are as wide as high. What is around the pictures has the
// value fill.
func makePool(f func(x *autograd.Tensor, spec ops.PoolSpec) *autograd.Tensor, fill float32) maker {
	return func(b *builder, n *node) (func(c *call) ([]datum, error), error) {
		w, err := n.window(nil)
		if err != nil {
			return nil, err
		}
		spec := ops.PoolSpec{Size: w.size[0], Stride: w.stride[0]}
		average := fill == 0
		if w.size[0] != w.size[1] || w.stride[0] != w.stride[1] || w.dilation != [2]int{1, 1} {
			if w.size == w.stride && w.dilation == [2]int{1, 1} && w.before == [2]int{} && w.even() && w.same == "" && n.int("ceil_mode", 0) == 0 {
				return tiles(w.size, average), nil
			}
			return nil, fmt.Errorf("its windows are %v with strides %v and dilations %v: only square ones, without dilation, and those that lie side by side are supported", w.size, w.stride, w.dilation)
		}
		apart := average && n.int("count_include_pad", 0) == 0 // padding does not count
		ceil := n.int("ceil_mode", 0) != 0
		run := func(c *call, x *autograd.Tensor, w window) (y *autograd.Tensor, err error) {
			if !w.even() || w.before[0] != w.before[1] || w.before[0] > spec.Size/2 {
				if x, err = c.surrounded(x, &w, fill); err != nil {
					return nil, err
				}
			}
			spec := spec
			spec.Pad = w.before[0]
			if err := c.room(x.Dim(0), x.Dim(1)+2*spec.Pad, x.Dim(2)+2*spec.Pad, x.Dim(3)); err != nil {
				return nil, err
			}
			return f(x, spec), nil
		}
		return func(c *call) ([]datum, error) {
			x, err := c.images(0)
			if err != nil {
				return nil, err
			}
			given, size := w.padded(x.Dim(1), x.Dim(2)), [2]int{x.Dim(1), x.Dim(2)}
			over := given
			if ceil {
				over.reach(size)
			}
			counts := over // has what does not count in a mean around what does
			if !apart {
				for i := range 2 {
					size[i] += given.before[i] + given.behind[i]
					counts.before[i], counts.behind[i] = 0, over.behind[i]-given.behind[i]
				}
			}
			y, err := run(c, x, over)
			if around := counts.before != [2]int{} || counts.behind != [2]int{}; err != nil || !average || !around {
				return []datum{{real: y, last: true}}, err
			}
			if err := c.room(1, size[0], size[1], 1); err != nil {
				return nil, err
			}
			ones := autograd.New(1, size[0], size[1], 1)
			for i := range ones.Data() {
				ones.Data()[i] = 1
			}
			share, err := run(c, ones, counts)
			if err != nil {
				return nil, err
			}
			return one(ops.Div(y, share), true)
		}, nil
	}
}

// tiles are windows side by side; what is left over at the ends does not count.
func tiles(size [2]int, average bool) func(c *call) ([]datum, error) {
	return func(c *call) ([]datum, error) {
		x, err := c.images(0)
		if err != nil {
			return nil, err
		}
		rows, cols := x.Dim(1)/size[0], x.Dim(2)/size[1]
		x = ops.Slice(ops.Slice(x, 1, 0, rows*size[0]), 2, 0, cols*size[1])
		if average {
			return one(ops.AdaptiveAvgPool2D(x, rows, cols), true)
		}
		return one(ops.AdaptiveMaxPool2D(x, rows, cols), true)
	}
}

// reach adds to the padding behind pictures of a size what lets the last windows, which
// begin in the pictures or before them, fit.
func (w *window) reach(size [2]int) {
	for i := range 2 {
		length := size[i] + w.before[i] + w.behind[i]
		begin := max(0, length-w.size[i]+w.stride[i]) / w.stride[i] * w.stride[i] // of the first window that does not fit
		if over := begin + w.size[i] - length; over < w.stride[i] && begin < size[i]+w.before[i] {
			w.behind[i] += over
		}
	}
}

// surrounded puts the padding around pictures.
func (c *call) surrounded(x *autograd.Tensor, w *window, value float32) (*autograd.Tensor, error) {
	if err := c.room(x.Dim(0), x.Dim(1)+w.before[0]+w.behind[0], x.Dim(2)+w.before[1]+w.behind[1], x.Dim(3)); err != nil {
		return nil, err
	}
	x = ops.Pad(x, value, [2]int{}, [2]int{w.before[0], w.behind[0]}, [2]int{w.before[1], w.behind[1]})
	w.before, w.behind = [2]int{}, [2]int{}
	return x, nil
}

// makeResize makes pictures larger or smaller, as PyTorch's interpolate does. Before version
// 11 all pixels lie where those lie that its nearest mode asks for.
func makeResize(b *builder, n *node) (func(c *call) ([]datum, error), error) {
	places, nearest, scalesAt := "asymmetric", "floor", 1
	if b.Opset >= 11 {
		places, nearest, scalesAt = n.text("coordinate_transformation_mode", "half_pixel"), n.text("nearest_mode", "round_prefer_floor"), 2
	}
	mode := n.text("mode", "nearest")
	spec := ops.UpsampleSpec{}
	switch {
	case mode == "nearest" && places == "asymmetric" && nearest == "floor":
	case mode == "linear" && (places == "half_pixel" || places == "pytorch_half_pixel"):
		spec.Bilinear = true
	case mode == "linear" && places == "align_corners":
		spec.Bilinear, spec.AlignCorners = true, true
	default:
		return nil, fmt.Errorf("its mode %s with places %s is not supported", mode, places)
	}
	if n.attribute("axes") != nil {
		return nil, fmt.Errorf("it names its axes, which is not supported")
	}
	if n.int("antialias", 0) != 0 || n.int("exclude_outside", 0) != 0 {
		return nil, fmt.Errorf("it weighs the pixels otherwise than interpolation does (antialias or exclude_outside), which is not supported: export it without")
	}
	if err := n.only("keep_aspect_ratio_policy", "stretch"); err != nil {
		return nil, err
	}
	return func(c *call) ([]datum, error) {
		x, err := c.images(0)
		if err != nil {
			return nil, err
		}
		spec := spec
		if c.has(3) {
			sizes, err := c.whole(3)
			if err != nil {
				return nil, err
			}
			to := c.ofBatch(sizes.data)
			if len(to) != 4 || to[0] != x.Dim(0) || to[1] != x.Dim(3) {
				return nil, fmt.Errorf("it resizes an input of shape %v to %v: only height and width may change", c.in[0].shape(), to)
			}
			spec.Height, spec.Width = to[2], to[3]
		} else {
			s, err := c.scales(scalesAt)
			if err != nil {
				return nil, err
			}
			if len(s) != 4 || s[0] != 1 || s[1] != 1 || s[2] != s[3] || !(s[2] > 0 && s[2] < 1<<16) {
				return nil, fmt.Errorf("it scales by %v: only equal scales of both sides are supported", s)
			}
			if part := 1 / float64(s[2]); b.Opset < 11 && part > 1 && part != math.Trunc(part) {
				return nil, fmt.Errorf("it makes pictures smaller, by %v, which runtimes do differently before version 11: export it with opset_version=%d", s[2], opset)
			}
			spec.Scale = scaleOf(s[2], x.Dim(1), x.Dim(2))
		}
		rows, cols := spec.Height, spec.Width
		if spec.Scale > 0 {
			rows, cols = int(float64(x.Dim(1))*spec.Scale), int(float64(x.Dim(2))*spec.Scale)
		}
		if err := c.room(x.Dim(0), rows, cols, x.Dim(3)); err != nil {
			return nil, err
		}
		return one(ops.Upsample(x, spec), true)
	}, nil
}

// scaleOf returns the scale that a file has as float32: the shortest number that is rounded to it, as the program
// that wrote the file had it, so that 10 pixels times 0.7 are 7. A side never becomes shorter than in runtimes, which
// multiply in float32.
func scaleOf(s float32, sides ...int) float64 {
	scale, _ := strconv.ParseFloat(strconv.FormatFloat(float64(s), 'g', -1, 32), 64) // of a number that was just written
	for _, side := range sides {
		if int(float64(side)*scale) < int(float32(side)*s) {
			return float64(math.Nextafter32(s, 2*s))
		}
	}
	return scale
}

// scales are those of a resize, an input or, before version 9, an attribute.
func (c *call) scales(input int) ([]float32, error) {
	if a := c.attribute("scales"); a != nil {
		return a.Floats, nil
	}
	scales, err := c.real(input)
	if err != nil {
		return nil, err
	}
	return scales.Data(), nil
}
