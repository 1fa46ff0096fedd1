package onnx

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"autodropout/autograd"
	"autodropout/layers"
	"autodropout/ops"
)

// Paddings that leave as many windows as strides fit into the pictures.
const sameUpper, sameLower = "SAME_UPPER", "SAME_LOWER"

// window is how a kernel or a window moves over pictures.
type window struct {
	size, stride, dilation [2]int
	before, behind         [2]int // padding
	same                   string // SAME_UPPER or SAME_LOWER: the padding depends on the pictures, see padded
}

// window reads the attributes of a node.
func (n *node) window(size []int) (w window, err error) {
	if err := n.only("auto_pad", "NOTSET", "VALID", sameUpper, sameLower); err != nil {
		return w, err
	}
	w.same = n.same()
	if given := n.ints("kernel_shape"); given != nil {
		size = given
	}
	stride, dilation, pads := n.ints("strides"), n.ints("dilations"), n.ints("pads")
	for _, list := range []*[]int{&stride, &dilation} {
		if *list == nil {
			*list = []int{1, 1}
		}
	}
	if pads == nil || n.text("auto_pad", "") == "VALID" || w.same != "" {
		pads = make([]int, 4)
	}
	if len(size) != 2 || len(stride) != 2 || len(dilation) != 2 || len(pads) != 4 {
		return w, fmt.Errorf("it moves over %d axes: only pictures, of two, are supported", len(size))
	}
	for i := range 2 {
		w.size[i], w.stride[i], w.dilation[i], w.before[i], w.behind[i] = size[i], stride[i], dilation[i], pads[i], pads[i+2]
		const most = 1 << 20
		for _, v := range []int{size[i], stride[i], dilation[i]} {
			if v < 1 || v > most {
				return w, fmt.Errorf("a size, stride or dilation of it is %d: it must be from 1 to %d", v, most)
			}
		}
		if pads[i] < 0 || pads[i] > most || pads[i+2] < 0 || pads[i+2] > most {
			return w, fmt.Errorf("its padding is %v: it must be from 0 to %d", pads, most)
		}
	}
	return w, nil
}

// same returns SAME_UPPER or SAME_LOWER if the padding of the node is that, otherwise "".
func (n *node) same() string {
	if auto := n.text("auto_pad", ""); auto == sameUpper || auto == sameLower {
		return auto
	}
	return ""
}

// padded returns the window over pictures of that size. With SAME_UPPER and SAME_LOWER there
// are as many windows as strides fit into the pictures, the last one in part. The padding is
// equal at both ends, or larger by one at the end or at the beginning.
func (w window) padded(rows, cols int) window {
	if w.same == "" {
		return w
	}
	for i, length := range []int{rows, cols} {
		windows := (length + w.stride[i] - 1) / w.stride[i]
		total := max(0, (windows-1)*w.stride[i]+(w.size[i]-1)*w.dilation[i]+1-length)
		w.before[i], w.behind[i] = total/2, total-total/2
		if w.same == sameLower {
			w.before[i], w.behind[i] = w.behind[i], w.before[i]
		}
	}
	return w
}

// even reports whether the padding is the same on both sides.
func (w *window) even() bool { return w.before == w.behind }

func (w *window) conv(groups int) ops.ConvSpec {
	return ops.ConvSpec{Stride: w.stride[0], Pad: w.before[0], Dilation: w.dilation[0], Groups: groups,
		Across: &ops.ConvAxis{Stride: w.stride[1], Pad: w.before[1], Dilation: w.dilation[1]}}
}

// convWeight returns the weight (KH, KW, in, out) of a convolution.
func (c *call) convWeight() (*autograd.Tensor, error) {
	if o := &c.operand[1]; o.param != nil && o.kernel {
		return c.ctx.Use(o.param), nil
	}
	w, err := c.real(1)
	if err != nil {
		return nil, err
	}
	if w.Rank() != 4 {
		return nil, fmt.Errorf("its weight has %d axes: only convolutions of pictures, of 4, are supported", w.Rank())
	}
	return ops.Transpose(w, 2, 3, 1, 0), nil
}

// convolved returns the pictures, the weight and the window of a convolution.
func (c *call) convolved() (x, weight *autograd.Tensor, w window, err error) {
	if x, err = c.images(0); err != nil {
		return nil, nil, w, err
	}
	if weight, err = c.convWeight(); err != nil {
		return nil, nil, w, err
	}
	w, err = c.window([]int{weight.Dim(0), weight.Dim(1)})
	return x, weight, w, err
}

func makeConv(b *builder, n *node) (func(c *call) ([]datum, error), error) {
	groups := n.int("group", 1)
	if len(n.operand) > 2 && n.operand[2].there() {
		b.biases++
	}
	if _, err := n.window([]int{1, 1}); err != nil {
		return nil, err
	}
	return func(c *call) ([]datum, error) {
		x, weight, w, err := c.convolved()
		if err != nil {
			return nil, err
		}
		if w.size != [2]int{weight.Dim(0), weight.Dim(1)} {
			return nil, fmt.Errorf("its kernel_shape is %v, and its weight has the shape %v", w.size, weight.Shape())
		}
		w = w.padded(x.Dim(1), x.Dim(2))
		if !w.even() {
			if x, err = c.surrounded(x, &w, 0); err != nil {
				return nil, err
			}
		}
		rows, cols := (x.Dim(1)+2*w.before[0])/w.stride[0]+1, (x.Dim(2)+2*w.before[1])/w.stride[1]+1
		if err := c.room(x.Dim(0), rows, cols, weight.Dim(3)); err != nil {
			return nil, err
		}
		return c.withBias(ops.Conv2D(x, weight, w.conv(groups)))
	}, nil
}

// withBias adds the input number 2, if there is one.
func (c *call) withBias(y *autograd.Tensor) ([]datum, error) {
	if c.has(2) {
		bias, err := c.real(2)
		if err != nil {
			return nil, err
		}
		y = ops.AddBias(y, bias)
	}
	return one(y, true)
}

func makeConvTranspose(b *builder, n *node) (func(c *call) ([]datum, error), error) {
	groups, extra := n.int("group", 1), n.ints("output_padding")
	if extra == nil {
		extra = []int{0, 0}
	}
	if n.attribute("output_shape") != nil || len(extra) != 2 || n.same() != "" {
		return nil, fmt.Errorf("the size of its result is given, and not its padding: that is not supported: export it with padding")
	}
	return func(c *call) ([]datum, error) {
		x, weight, w, err := c.convolved()
		if err != nil {
			return nil, err
		}
		if !w.even() {
			return nil, fmt.Errorf("its padding %v before and %v behind differ: only equal padding of both ends is supported", w.before, w.behind)
		}
		rows, cols := x.Dim(1)*w.stride[0]+w.dilation[0]*w.size[0], x.Dim(2)*w.stride[1]+w.dilation[1]*w.size[1]
		if err := c.room(x.Dim(0), rows, cols, weight.Dim(2), max(1, groups)); err != nil {
			return nil, err
		}
		return c.withBias(ops.ConvTranspose2D(x, weight, ops.ConvTransposeSpec{ConvSpec: w.conv(groups), ExtraRows: extra[0], ExtraCols: extra[1]}))
	}, nil
}

// newBatchNorm makes the layer of a node. Its parameters are called as in the file, where
// their names there differ only in their ends.
func (b *builder) newBatchNorm(n *node, data [4][]float32) *layers.BatchNorm {
	b.batched++
	parts := []string{"weight", "bias", "running_mean", "running_var"}
	name, ok := strings.CutSuffix(n.Inputs[1], ".weight")
	if !ok || slices.ContainsFunc(parts, func(part string) bool { return b.taken[name+"."+part] }) {
		name = b.unused(strings.Trim(strings.ReplaceAll(n.Node.Name+"."+n.Outputs[0], "/", "."), "."))
	}
	for _, part := range parts {
		b.taken[name+"."+part] = true
	}
	s := b.scope.Sub(name)
	given := func(v float32) float32 { return cmp.Or(v, math.SmallestNonzeroFloat32) } // 0 would mean the usual number
	layer := layers.NewBatchNorm(s, layers.BatchNormConfig{Channels: len(data[0]), Eps: given(n.float("epsilon", 1e-5)), Momentum: given(1 - n.float("momentum", 0.9))})
	params, buffers := s.Params().All(), s.Params().Buffers()
	copy(params[len(params)-2].Data(), data[0])
	copy(params[len(params)-1].Data(), data[1])
	copy(buffers[len(buffers)-2].Data, data[2])
	copy(buffers[len(buffers)-1].Data, data[3])
	return layer
}
