package models

import (
	"fmt"

	"autodropout/autograd"
	"autodropout/dropout"
	"autodropout/layers"
	"autodropout/ops"
)

// ResNetConfig configures [NewResNet].
type ResNetConfig struct {
	Depth    int    // 18, 34, 50 or 101
	Channels int    // of the first stage; 0: 64. Every other width follows it
	Classes  int    // number of outputs
	Seed     uint64 // of the initial weights
}

// ResNet is a residual network for photographs (He et al., arXiv 1512.03385) in
// the form called v1.5, in which the 3x3 convolution of a bottleneck has the
// stride. Parameters have torchvision's names.
type ResNet struct {
	config ResNetConfig
	params *autograd.Params
	conv   *layers.Conv2D
	norm   *layers.BatchNorm
	stages [][]*resNetBlock
	body   []layers.Layer // the stem and the blocks
	fc     *layers.Linear
}

// resNetBlocks is the number of blocks of each stage.
var resNetBlocks = map[int][]int{18: {2, 2, 2, 2}, 34: {3, 4, 6, 3}, 50: {3, 4, 6, 3}, 101: {3, 4, 23, 3}}

// NewResNet returns a network with convolutions drawn by He's fan-out rule and a
// classifier drawn as PyTorch's.
func NewResNet(config ResNetConfig) (*ResNet, error) {
	if config.Channels == 0 {
		config.Channels = 64
	}
	blocks := resNetBlocks[config.Depth]
	switch {
	case blocks == nil:
		return nil, fmt.Errorf("a ResNet has depth 18, 34, 50 or 101, not %d", config.Depth)
	case config.Channels < 1:
		return nil, fmt.Errorf("the first stage of a ResNet must have at least 1 channel, not %d", config.Channels)
	case config.Classes < 1:
		return nil, fmt.Errorf("a ResNet needs at least 1 class, not %d", config.Classes)
	}
	wide, parameters := float64(config.Channels), 8*float64(config.Channels)*float64(config.Classes)
	for stage, n := range blocks {
		const block = 17 // channels^2 of a bottleneck; a basic block has 18
		parameters += float64(n) * block * wide * wide * float64(int(1)<<(2*stage))
	}
	if err := checkSize("ResNet", parameters); err != nil {
		return nil, err
	}
	s := layers.NewScope(config.Seed)
	in := config.Channels
	m := &ResNet{
		config: config,
		params: s.Params(),
		conv:   layers.NewConv2D(s.Sub("conv1"), layers.Conv2DConfig{In: 3, Out: in, Size: 7, Stride: 2, Pad: 3, NoBias: true}),
		norm:   layers.NewBatchNorm(s.Sub("bn1"), layers.BatchNormConfig{Channels: in}),
	}
	m.body = append(m.body, stem{m})
	for stage, n := range blocks {
		width, stride := config.Channels<<stage, 2
		if stage == 0 {
			stride = 1
		}
		var list []*resNetBlock
		for i := range n {
			b := newResNetBlock(s.Sub(fmt.Sprintf("layer%d.%d", stage+1, i)), in, width, stride, config.Depth >= 50)
			list, m.body = append(list, b), append(m.body, b)
			in, stride = b.out, 1
		}
		m.stages = append(m.stages, list)
	}
	m.fc = layers.NewLinear(s.Sub("fc"), layers.LinearConfig{In: in, Out: config.Classes})
	return m, nil
}

// Params implements [layers.Model].
func (m *ResNet) Params() *autograd.Params { return m.params }

// String returns the network's usual name, such as ResNet-50.
func (m *ResNet) String() string {
	if m.config.Channels != 64 {
		return fmt.Sprintf("ResNet-%d of %d channels", m.config.Depth, m.config.Channels)
	}
	return fmt.Sprintf("ResNet-%d", m.config.Depth)
}

// Forward maps images (N, H, W, 3) to logits (N, Classes).
func (m *ResNet) Forward(c *layers.Ctx, x *autograd.Tensor) *autograd.Tensor {
	x = layers.Chain(c, x, m.body...)
	return m.fc.Forward(c, c.Drop("features", ops.GlobalAvgPool(x)))
}

// stem is what comes before the blocks.
type stem struct{ *ResNet }

func (m stem) Forward(c *layers.Ctx, x *autograd.Tensor) *autograd.Tensor {
	if c.Trains() {
		x = m.norm.ForwardReLU(c, m.conv.Forward(c, x), nil)
	} else {
		x = m.norm.After(c, m.conv, x, ops.ConvEnd{Activation: ops.WithReLU})
	}
	return ops.MaxPool2D(x, ops.PoolSpec{Size: 3, Stride: 2, Pad: 1})
}

// Blocks returns the number of residual blocks in each stage.
func (m *ResNet) Blocks() []int { return blockCounts(m.stages) }

// Sites returns the dropout sites: in block b of the parameter names b.bn1, b.bn2
// and, in a bottleneck, b.bn3 of kind Norm, b.branch, and b.shortcut after the
// normalisation there; and features, the input of the classifier.
func (m *ResNet) Sites() []dropout.Site {
	return append(blockSites(m.stages), dropout.Site{Name: "features", Kind: dropout.Features})
}

// normConv is a convolution and its batch normalisation.
type normConv struct {
	conv *layers.Conv2D
	norm *layers.BatchNorm
	site string // after the normalisation
}

func newNormConv(s *layers.Scope, conv, norm string, config layers.Conv2DConfig) *normConv {
	return &normConv{
		conv: layers.NewConv2D(s.Sub(conv), config),
		norm: layers.NewBatchNorm(s.Sub(norm), layers.BatchNormConfig{Channels: config.Out}),
		site: s.Path(norm),
	}
}

// resNetBlock is a residual block: two 3x3 convolutions, or a bottleneck of three.
type resNetBlock struct {
	parts            []*normConv
	downsample       *normConv // nil where the shape stays
	branch, shortcut string
	out              int // channels
}

func newResNetBlock(s *layers.Scope, in, width, stride int, bottleneck bool) *resNetBlock {
	b := &resNetBlock{branch: s.Path("branch"), shortcut: s.Path("shortcut"), out: width}
	if bottleneck {
		b.out = 4 * width
		b.parts = []*normConv{
			newNormConv(s, "conv1", "bn1", layers.Conv2DConfig{In: in, Out: width, Size: 1, NoBias: true}),
			newNormConv(s, "conv2", "bn2", layers.Conv2DConfig{In: width, Out: width, Size: 3, Stride: stride, Pad: 1, NoBias: true}),
			newNormConv(s, "conv3", "bn3", layers.Conv2DConfig{In: width, Out: b.out, Size: 1, NoBias: true}),
		}
	} else {
		b.parts = []*normConv{
			newNormConv(s, "conv1", "bn1", layers.Conv2DConfig{In: in, Out: width, Size: 3, Stride: stride, Pad: 1, NoBias: true}),
			newNormConv(s, "conv2", "bn2", layers.Conv2DConfig{In: width, Out: width, Size: 3, Pad: 1, NoBias: true}),
		}
	}
	if in != b.out || stride != 1 {
		b.downsample = newNormConv(s, "downsample.0", "downsample.1", layers.Conv2DConfig{In: in, Out: b.out, Size: 1, Stride: stride, NoBias: true})
	}
	return b
}

func (b *resNetBlock) places() []place {
	var places []place
	for _, p := range b.parts {
		places = append(places, place{p.site, dropout.Norm})
	}
	return append(places, place{b.branch, dropout.Branch}, place{b.shortcut, dropout.Shortcut})
}

// Forward applies the masks of inner normalisations after their ReLU, in the same
// pass: a mask's elements are never negative, so nothing changes by it. The last
// normalisation takes the shortcut's sum and the ReLU with it, unless a mask is
// between.
func (b *resNetBlock) Forward(c *layers.Ctx, x *autograd.Tensor) *autograd.Tensor {
	if !c.Trains() {
		return b.predict(c, x)
	}
	h, last := x, len(b.parts)-1
	for _, p := range b.parts[:last] {
		h = p.conv.Forward(c, h)
		h = p.norm.ForwardReLU(c, h, c.Mask(p.site, h.Shape()...))
	}
	p := b.parts[last]
	h = p.conv.Forward(c, h)
	if b.downsample != nil {
		x = b.downsample.norm.Forward(c, b.downsample.conv.Forward(c, x))
	}
	x = c.Drop(b.shortcut, x)
	site, branch := c.Mask(p.site, h.Shape()...), c.Mask(b.branch, h.Shape()...)
	if site == nil && branch == nil {
		return p.norm.ForwardAddReLU(c, h, x)
	}
	h = p.norm.Forward(c, h)
	for _, mask := range []dropout.Mask{site, branch} {
		if mask != nil {
			h = ops.Dropout(h, mask)
		}
	}
	return ops.ReLU(ops.Add(h, x))
}

// predict is Forward where nothing is dropped. A convolution and what follows it are one operation.
func (b *resNetBlock) predict(c *layers.Ctx, x *autograd.Tensor) *autograd.Tensor {
	h, last := x, len(b.parts)-1
	for _, p := range b.parts[:last] {
		h = p.norm.After(c, p.conv, h, ops.ConvEnd{Activation: ops.WithReLU})
	}
	if b.downsample != nil {
		x = b.downsample.norm.After(c, b.downsample.conv, x, ops.ConvEnd{})
	}
	return b.parts[last].norm.After(c, b.parts[last].conv, h, ops.ConvEnd{Residual: x, Activation: ops.WithReLU})
}
