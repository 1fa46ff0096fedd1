package models

import (
	"fmt"
	"math"

	"autodropout/autograd"
	"autodropout/dropout"
	"autodropout/layers"
	"autodropout/ops"
)

// FastNetConfig configures [NewFastNet].
type FastNetConfig struct {
	Widths   [3]int // channels of the blocks; zeros: 64, 256, 256
	Residual bool   // blocks have a third convolution, and a way around all but the first
	Classes  int    // number of outputs
	Seed     uint64 // of the initial weights

	// Learns is the share of a training in which the bias of the first layer is trained, see
	// [layers.WhiteningConfig].
	Learns float64
	// Views are what is predicted from; none: the images as they are.
	Views []layers.View
}

// FastNet is a network for images of about 32x32 pixels that is trained in few epochs:
// that of Jordan (arXiv 2404.00498), for 94 % on CIFAR-10 as it is, and for 96 % (airbench96)
// with residuals, 128, 384 and 512 channels and slower running statistics. A first layer with kernels from the images
// ([FastNet.Whiten]) is followed by three blocks, each of which begins with a convolution
// and halves its map.
//
// Its parameters are whiten.bias, conv1.weight, norm1.bias and so on of block1, block2 and
// block3, and head.weight; whiten.weight and the weights of the normalisations, which are
// 1, are buffers.
type FastNet struct {
	config FastNetConfig
	params *autograd.Params
	whiten *layers.Whitening
	blocks []*fastBlock
	body   layers.Views // all layers
}

// NewFastNet returns a network whose convolutions repeat their inputs, in as many
// channels as there are, and are drawn as PyTorch's in the others, as is the classifier.
// It has no first layer yet: see [FastNet.Whiten].
func NewFastNet(config FastNetConfig) (*FastNet, error) {
	if config.Widths == [3]int{} {
		config.Widths = [3]int{64, 256, 256}
	}
	if config.Classes < 1 {
		return nil, fmt.Errorf("a FastNet needs at least 1 class, not %d", config.Classes)
	}
	s := layers.NewScope(config.Seed)
	m := &FastNet{config: config, params: s.Params()}
	m.whiten = layers.NewWhitening(s.Sub("whiten"), layers.WhiteningConfig{In: 3, Size: 2, Learns: config.Learns})
	in, size := m.whiten.Out(), 0.0
	for _, out := range config.Widths {
		if out < 1 {
			return nil, fmt.Errorf("a FastNet has at least 1 channel in each block, not %v", config.Widths)
		}
		size += 9 * float64(out) * (float64(in) + 2*float64(out))
		in = out
	}
	if err := checkSize("FastNet", size); err != nil {
		return nil, err
	}
	in = m.whiten.Out()
	chain := layers.Sequential{m.whiten, layers.Func(ops.GELU)}
	for i, out := range config.Widths {
		b := newFastBlock(s.Sub(fmt.Sprintf("block%d", i+1)), in, out, config.Residual)
		m.blocks, chain, in = append(m.blocks, b), append(chain, b), out
	}
	head := layers.NewLinear(s.Sub("head"), layers.LinearConfig{In: in, Out: config.Classes, NoBias: true})
	const temper = 1. / 9 // of logits, which would begin too sure
	chain = append(chain, layers.AdaptiveMaxPool2D{Height: 1, Width: 1}, layers.Func(func(x *autograd.Tensor) *autograd.Tensor {
		return ops.Reshape(x, x.Dim(0), x.Dim(3))
	}), head, layers.Func(func(x *autograd.Tensor) *autograd.Tensor { return ops.Scale(x, temper) }))
	m.body = layers.Views{Layer: chain, Views: config.Views}
	return m, nil
}

// Params implements [layers.Model].
func (m *FastNet) Params() *autograd.Params { return m.params }

// String returns the network's name and its channels, such as FastNet-64-256-256, with an
// r where it has residuals.
func (m *FastNet) String() string {
	w, r := m.config.Widths, ""
	if m.config.Residual {
		r = "r"
	}
	return fmt.Sprintf("FastNet-%d-%d-%d%s", w[0], w[1], w[2], r)
}

// Whiten sets the first layer from the patches of training images (N, H, W, 3), as the
// network will see them. It is an error where they have none.
func (m *FastNet) Whiten(images *autograd.Tensor) error {
	const eps = 5e-4
	return m.whiten.Fit(images, eps)
}

// Forward maps images (N, H, W, 3) of at least 9 pixels a side to logits (N, Classes).
func (m *FastNet) Forward(c *layers.Ctx, x *autograd.Tensor) *autograd.Tensor {
	return m.body.Forward(c, x)
}

// Blocks returns the number of blocks in each stage, 1.
func (m *FastNet) Blocks() []int { return []int{1, 1, 1} }

// Sites returns the dropout sites: block b of the names above has b.norm1 and b.norm2 of
// kind Norm, and b.hidden, and with residuals b.norm3, b.branch and b.shortcut.
func (m *FastNet) Sites() []dropout.Site {
	return blockSites([][]*fastBlock{m.blocks[:1], m.blocks[1:2], m.blocks[2:]})
}

// fastBlock is a block: a convolution and a maximum over 2x2 pixels, then one more
// convolution or two, each of them before a normalisation and a GELU.
type fastBlock struct {
	convs []*layers.Conv2D
	norms []*layers.BatchNorm
	sites struct {
		norms                    []string
		hidden, branch, shortcut string
	}
}

func newFastBlock(s *layers.Scope, in, out int, residual bool) *fastBlock {
	b := &fastBlock{}
	count, momentum := 2, float32(0.4)
	if residual {
		count, momentum = 3, 0 // that of PyTorch
	}
	for i := range count {
		conv := layers.Conv2DConfig{In: in, Out: out, Size: 3, Pad: 1, NoBias: true}
		conv.Weight = layers.Dirac(conv, layers.Uniform(1/math.Sqrt(float64(9*in))))
		b.convs = append(b.convs, layers.NewConv2D(s.Sub(fmt.Sprintf("conv%d", i+1)), conv))
		norm := fmt.Sprintf("norm%d", i+1)
		b.norms = append(b.norms, layers.NewBatchNorm(s.Sub(norm), layers.BatchNormConfig{Channels: out, Momentum: momentum, Eps: 1e-12, NoScale: true}))
		b.sites.norms = append(b.sites.norms, s.Path(norm))
		in = out
	}
	b.sites.hidden = s.Path("hidden")
	if residual {
		b.sites.branch, b.sites.shortcut = s.Path("branch"), s.Path("shortcut")
	}
	return b
}

func (b *fastBlock) places() []place {
	var all []place
	for _, name := range b.sites.norms {
		all = append(all, place{name, dropout.Norm})
	}
	all = append(all, place{b.sites.hidden, dropout.Hidden})
	if b.sites.branch != "" {
		all = append(all, place{b.sites.branch, dropout.Branch}, place{b.sites.shortcut, dropout.Shortcut})
	}
	return all
}

// Forward maps (N, H, W, In) to (N, H/2, W/2, Out), rounded down.
func (b *fastBlock) Forward(c *layers.Ctx, x *autograd.Tensor) *autograd.Tensor {
	x = b.activated(c, 0, b.convs[0].ForwardMaxPool(c, x, ops.PoolSpec{Size: 2}))
	shortcut := x
	x = b.activated(c, 1, b.convs[1].Forward(c, c.Drop(b.sites.hidden, x)))
	if len(b.convs) == 2 {
		return x
	}
	x = c.Drop(b.sites.norms[2], b.norms[2].Forward(c, b.convs[2].Forward(c, x)))
	return ops.GELU(ops.Add(c.Drop(b.sites.branch, x), c.Drop(b.sites.shortcut, shortcut)))
}

// activated is the normalisation after convolution i, the dropout there and GELU.
func (b *fastBlock) activated(c *layers.Ctx, i int, x *autograd.Tensor) *autograd.Tensor {
	return b.norms[i].ForwardGELU(c, x, c.Mask(b.sites.norms[i], x.Shape()...))
}
