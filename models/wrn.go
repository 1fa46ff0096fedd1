package models

import (
	"fmt"

	"autodropout/autograd"
	"autodropout/dropout"
	"autodropout/layers"
	"autodropout/ops"
)

// WRNConfig configures [NewWRN].
type WRNConfig struct {
	Depth   int    // 6n+4 convolutions, in three stages of n blocks
	Width   int    // multiplies the stages' channels, which are 16, 32 and 64
	Classes int    // number of outputs
	Seed    uint64 // of the initial weights
}

// WRN is a Wide ResNet for small images (Zagoruyko and Komodakis, arXiv
// 1605.07146), WRN-Depth-Width.
//
// Its parameters are conv1, bn1 and fc, and in block{stage}.layer.{i}, with
// stages from 1 and i from 0, bn1, conv1, bn2, conv2 and, where the shape
// changes, convShortcut. All of them decay.
type WRN struct {
	config WRNConfig
	params *autograd.Params
	stages [][]*wrnBlock
	body   []layers.Layer // conv1 and the blocks
	norm   *layers.BatchNorm
	fc     *layers.Linear
}

// NewWRN returns a network with convolutions drawn by He's fan-out rule, and
// a classifier drawn as PyTorch's with a bias of 0.
func NewWRN(config WRNConfig) (*WRN, error) {
	switch {
	case config.Depth < 10 || (config.Depth-4)%6 != 0:
		return nil, fmt.Errorf("a WRN has depth 10, 16, 22, 28, ... (6n+4), not %d", config.Depth)
	case config.Width < 1:
		return nil, fmt.Errorf("the width factor of a WRN must be at least 1, not %d", config.Width)
	case config.Classes < 1:
		return nil, fmt.Errorf("a WRN needs at least 1 class, not %d", config.Classes)
	}
	wide, blocks := 64*float64(config.Width), float64((config.Depth-4)/6)
	if err := checkSize("WRN", 9*wide*wide*(2*blocks-1)+wide*float64(config.Classes)); err != nil {
		return nil, err
	}
	s := layers.NewScope(config.Seed)
	m := &WRN{config: config, params: s.Params()}
	in := 16
	m.body = append(m.body, layers.NewConv2D(s.Sub("conv1"), layers.Conv2DConfig{In: 3, Out: in, Size: 3, Pad: 1, NoBias: true}))
	for stage, channels := range []int{16, 32, 64} {
		out, stride := channels*config.Width, 2
		if stage == 0 {
			stride = 1
		}
		var blocks []*wrnBlock
		for i := range (config.Depth - 4) / 6 {
			b := newWRNBlock(s.Sub(fmt.Sprintf("block%d.layer.%d", stage+1, i)), in, out, stride)
			blocks, m.body = append(blocks, b), append(m.body, b)
			in, stride = out, 1
		}
		m.stages = append(m.stages, blocks)
	}
	m.norm = layers.NewBatchNorm(s.Sub("bn1"), layers.BatchNormConfig{Channels: in})
	m.fc = layers.NewLinear(s.Sub("fc"), layers.LinearConfig{In: in, Out: config.Classes, BiasInit: layers.Zeros})
	return m, nil
}

// Params implements [layers.Model].
func (m *WRN) Params() *autograd.Params { return m.params }

// String returns the network's usual name, such as WRN-28-10.
func (m *WRN) String() string { return fmt.Sprintf("WRN-%d-%d", m.config.Depth, m.config.Width) }

// Forward maps images (N, H, W, 3) to logits (N, Classes).
func (m *WRN) Forward(c *layers.Ctx, x *autograd.Tensor) *autograd.Tensor {
	x = layers.Chain(c, x, m.body...)
	return m.fc.Forward(c, ops.GlobalAvgPool(m.norm.ForwardReLU(c, x, nil)))
}

// Blocks returns the number of residual blocks in each stage.
func (m *WRN) Blocks() []int { return blockCounts(m.stages) }

// Sites returns the dropout sites of the residual blocks. Block b of the names
// above has b.bn1 and b.bn2 of kind Norm, b.hidden, b.branch and b.shortcut.
func (m *WRN) Sites() []dropout.Site { return blockSites(m.stages) }

// wrnBlock is a residual block in the order BN-ReLU-conv-BN-ReLU-conv.
type wrnBlock struct {
	norm1, norm2 *layers.BatchNorm
	conv1, conv2 *layers.Conv2D
	shortcut     *layers.Conv2D // nil where the shape stays
	sites        struct{ norm1, norm2, hidden, branch, shortcut string }
}

func newWRNBlock(s *layers.Scope, in, out, stride int) *wrnBlock {
	b := &wrnBlock{
		norm1: layers.NewBatchNorm(s.Sub("bn1"), layers.BatchNormConfig{Channels: in}),
		conv1: layers.NewConv2D(s.Sub("conv1"), layers.Conv2DConfig{In: in, Out: out, Size: 3, Stride: stride, Pad: 1, NoBias: true}),
		norm2: layers.NewBatchNorm(s.Sub("bn2"), layers.BatchNormConfig{Channels: out}),
		conv2: layers.NewConv2D(s.Sub("conv2"), layers.Conv2DConfig{In: out, Out: out, Size: 3, Pad: 1, NoBias: true}),
	}
	if in != out || stride != 1 {
		b.shortcut = layers.NewConv2D(s.Sub("convShortcut"), layers.Conv2DConfig{In: in, Out: out, Size: 1, Stride: stride, NoBias: true})
	}
	b.sites.norm1, b.sites.norm2 = s.Path("bn1"), s.Path("bn2")
	b.sites.hidden, b.sites.branch, b.sites.shortcut = s.Path("hidden"), s.Path("branch"), s.Path("shortcut")
	return b
}

func (b *wrnBlock) places() []place {
	return []place{{b.sites.norm1, dropout.Norm}, {b.sites.norm2, dropout.Norm}, {b.sites.hidden, dropout.Hidden},
		{b.sites.branch, dropout.Branch}, {b.sites.shortcut, dropout.Shortcut}}
}

// Forward applies dropout to the outputs of the batch normalisations after the
// ReLU, though the sites are before it: a mask's elements are never negative,
// so relu(mask*x) = mask*relu(x) exactly, and normalisation and ReLU stay one
// pass. The convolution of a shortcut takes the tensor before dropout, so that
// only the shortcut's own site acts on it.
func (b *wrnBlock) Forward(c *layers.Ctx, x *autograd.Tensor) *autograd.Tensor {
	h, shortcut := x, x
	if b.shortcut == nil {
		h = b.norm1.ForwardReLU(c, x, c.Mask(b.sites.norm1, x.Shape()...))
	} else {
		h = b.norm1.ForwardReLU(c, x, nil)
		shortcut = b.shortcut.Forward(c, h)
		h = c.Drop(b.sites.norm1, h)
	}
	if !c.Trains() {
		h = b.norm2.After(c, b.conv1, h, ops.ConvEnd{Activation: ops.WithReLU})
		return ops.Add(b.conv2.Forward(c, h), shortcut)
	}
	h = b.conv1.Forward(c, h)
	mask, second := c.Mask(b.sites.norm2, h.Shape()...), c.Mask(b.sites.hidden, h.Shape()...)
	if mask == nil { // most policies act at one of the two sites at most
		mask, second = second, nil
	}
	h = b.norm2.ForwardReLU(c, h, mask)
	if second != nil {
		h = ops.Dropout(h, second)
	}
	h = b.conv2.Forward(c, h)
	return ops.Add(c.Drop(b.sites.branch, h), c.Drop(b.sites.shortcut, shortcut))
}
