package onnx

import (
	"fmt"
	"slices"

	"autodropout/autograd"
	"autodropout/ops"
)

// makeGemm is a linear layer in most files.
func makeGemm(_ *builder, n *node) (func(c *call) ([]datum, error), error) {
	alpha, beta := n.float("alpha", 1), n.float("beta", 1)
	spec := ops.MatMulSpec{TransA: n.int("transA", 0) != 0, TransB: n.int("transB", 0) != 0}
	return func(c *call) ([]datum, error) {
		a, err := c.real(0)
		if err != nil {
			return nil, err
		}
		w, err := c.real(1)
		if err != nil {
			return nil, err
		}
		if a.Rank() != 2 || w.Rank() != 2 {
			return nil, fmt.Errorf("it multiplies %v and %v, which are no matrices", a.Shape(), w.Shape())
		}
		rows, cols := a.Dim(0), w.Dim(1)
		if spec.TransA {
			rows = a.Dim(1)
		}
		if spec.TransB {
			cols = w.Dim(0)
		}
		if err := c.room(rows, cols); err != nil {
			return nil, err
		}
		var bias *autograd.Tensor
		if c.has(2) {
			if bias, err = c.real(2); err != nil {
				return nil, err
			}
			if beta != 1 {
				bias = ops.Scale(bias, beta)
			}
		}
		if spec == (ops.MatMulSpec{TransB: true}) && alpha == 1 && (bias == nil || bias.Rank() == 1 && bias.Dim(0) == w.Dim(0)) {
			return one(ops.Linear(a, w, bias), false)
		}
		y := ops.MatMul(a, w, spec)
		if alpha != 1 {
			y = ops.Scale(y, alpha)
		}
		if bias != nil {
			y = ops.Add(y, bias)
		}
		return one(y, false)
	}, nil
}

func makeMatMul(_ *builder, _ *node) (func(c *call) ([]datum, error), error) {
	return func(c *call) ([]datum, error) {
		a, err := c.real(0)
		if err != nil {
			return nil, err
		}
		b, err := c.real(1)
		if err != nil {
			return nil, err
		}
		if a.Rank() < 2 || b.Rank() < 2 {
			return nil, fmt.Errorf("it multiplies %v and %v: vectors are not supported", a.Shape(), b.Shape())
		}
		front := broadcastShape(a.Shape()[:a.Rank()-2], b.Shape()[:b.Rank()-2])
		if err := c.room(append(front, a.Dim(-2), b.Dim(-1))...); err != nil {
			return nil, err
		}
		return one(ops.MatMul(a, b, ops.MatMulSpec{}), false)
	}, nil
}

// makeBatchNorm makes a layer with the running statistics of the file, which trains as any
// other.
func makeBatchNorm(b *builder, n *node) (func(c *call) ([]datum, error), error) {
	if n.int("spatial", 1) == 0 { // up to version 8
		return nil, fmt.Errorf("it has statistics for each pixel (spatial=0), which is not supported")
	}
	var data [4][]float32
	for i := range data {
		t := b.tensors[n.Inputs[i+1]]
		if t == nil || len(t.Shape) != 1 || len(t.Floats) == 0 || i > 0 && len(t.Floats) != len(data[0]) {
			return nil, fmt.Errorf("its input number %d is not a vector of the file as long as the others", i+1)
		}
		data[i] = t.Floats
	}
	layer := b.newBatchNorm(n, data)
	return func(c *call) ([]datum, error) {
		x := c.in[0]
		if x.real == nil {
			return nil, errOperand
		}
		return one(layer.Forward(c.ctx, x.lastTensor()), x.real.Rank() > 2)
	}, nil
}

func makeLayerNorm(_ *builder, n *node) (func(c *call) ([]datum, error), error) {
	eps := n.float("epsilon", 1e-5)
	return func(c *call) ([]datum, error) {
		x, err := c.real(0)
		if err != nil {
			return nil, err
		}
		gamma, err := c.real(1)
		if err != nil {
			return nil, err
		}
		at, err := axis(c.int("axis", -1), x.Rank())
		if err != nil {
			return nil, err
		}
		shape := slices.Clone(x.Shape())
		width, _ := elements(shape[at:])
		if gamma.Len() != width {
			return nil, fmt.Errorf("its scale of shape %v is not that of the axes from %d on of %v", gamma.Shape(), at, shape)
		}
		beta := autograd.New(width)
		if c.has(2) {
			if beta, err = c.real(2); err != nil {
				return nil, err
			}
		}
		flat := func(v *autograd.Tensor) *autograd.Tensor {
			if v.Rank() == 1 {
				return v
			}
			return ops.Reshape(v, -1)
		}
		if at == x.Rank()-1 {
			return one(ops.LayerNorm(x, flat(gamma), flat(beta), eps), false)
		}
		rows := ops.Reshape(x, x.Len()/max(1, width), width)
		return one(ops.Reshape(ops.LayerNorm(rows, flat(gamma), flat(beta), eps), shape...), false)
	}, nil
}

func makeInstanceNorm(_ *builder, n *node) (func(c *call) ([]datum, error), error) {
	eps := n.float("epsilon", 1e-5)
	return func(c *call) ([]datum, error) { return c.groupNorm(0, eps) }, nil
}

func makeGroupNorm(b *builder, n *node) (func(c *call) ([]datum, error), error) {
	groups, eps := n.int("num_groups", 0), n.float("epsilon", 1e-5)
	if groups < 1 || b.Opset < 21 {
		return nil, fmt.Errorf("it is supported from version 21 on, where each channel has a scale, and the file has version %d: export it with opset_version=21", b.Opset)
	}
	return func(c *call) ([]datum, error) { return c.groupNorm(groups, eps) }, nil
}

// groupNorm normalises groups of channels; 0 are as many as there are.
func (c *call) groupNorm(groups int, eps float32) ([]datum, error) {
	if c.in[0].real == nil {
		return nil, errOperand
	}
	x := c.in[0].lastTensor()
	gamma, err := c.real(1)
	if err != nil {
		return nil, err
	}
	beta, err := c.real(2)
	if err != nil {
		return nil, err
	}
	if groups == 0 {
		groups = x.Dim(-1)
	}
	return one(ops.GroupNorm(x, gamma, beta, groups, eps), x.Rank() > 2)
}
