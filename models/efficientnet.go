package models

import (
	"fmt"
	"math"

	"autodropout/autograd"
	"autodropout/dropout"
	"autodropout/layers"
	"autodropout/ops"
)

// EfficientNetConfig configures [NewEfficientNet].
type EfficientNetConfig struct {
	Version int     // 0 to 7, for B0 to B7
	Width   float64 // multiplies every width again; 0: 1
	Classes int     // number of outputs
	Seed    uint64  // of the initial weights
}

// EfficientNet is a network of inverted bottlenecks with depthwise convolutions,
// SiLU and squeeze-and-excitation (Tan and Le, arXiv 1905.11946). Parameters
// have the names of the timm library.
type EfficientNet struct {
	config EfficientNetConfig
	params *autograd.Params
	stages [][]*invertedBlock
	body   []layers.Layer // the stem, the blocks and the head
	fc     *layers.Linear
}

// efficientNetSize is how B0 grows into one of the others (compound scaling).
type efficientNetSize struct {
	width, depth float64
	pixels       int
	dropout      float64
}

var efficientNetSizes = [...]efficientNetSize{
	{1.0, 1.0, 224, 0.2}, {1.0, 1.1, 240, 0.2}, {1.1, 1.2, 260, 0.3}, {1.2, 1.4, 300, 0.3},
	{1.4, 1.8, 380, 0.4}, {1.6, 2.2, 456, 0.4}, {1.8, 2.6, 528, 0.5}, {2.0, 3.1, 600, 0.5},
}

// efficientNetStages are the stages of B0: widening of the hidden layer, width,
// number of blocks, stride of the first one, and size of the kernels.
var efficientNetStages = [...]struct{ widen, out, blocks, stride, size int }{
	{1, 16, 1, 1, 3}, {6, 24, 2, 2, 3}, {6, 40, 2, 2, 5}, {6, 80, 3, 2, 3}, {6, 112, 3, 1, 5}, {6, 192, 4, 2, 5}, {6, 320, 1, 1, 3},
}

// NewEfficientNet returns a network with convolutions drawn by He's fan-out rule
// and a classifier drawn as PyTorch's.
func NewEfficientNet(config EfficientNetConfig) (*EfficientNet, error) {
	if config.Width == 0 {
		config.Width = 1
	}
	switch {
	case config.Version < 0 || config.Version >= len(efficientNetSizes):
		return nil, fmt.Errorf("there are EfficientNets from B0 to B%d, no B%d", len(efficientNetSizes)-1, config.Version)
	case !(config.Width > 0 && config.Width <= 16):
		return nil, fmt.Errorf("the width of an EfficientNet must be above 0 and at most 16, not %g", config.Width)
	case config.Classes < 1:
		return nil, fmt.Errorf("an EfficientNet needs at least 1 class, not %d", config.Classes)
	}
	size := efficientNetSizes[config.Version]
	width := func(channels int) int { return scaledWidth(float64(channels) * size.width * config.Width) }
	features := width(1280)
	parameters := float64(features) * float64(config.Classes)
	for _, b := range efficientNetStages {
		wide := float64(width(b.out))
		parameters += float64(b.blocks) * size.depth * 2 * float64(b.widen) * wide * wide
	}
	if err := checkSize("EfficientNet", parameters); err != nil {
		return nil, err
	}
	s := layers.NewScope(config.Seed)
	in := width(32)
	m := &EfficientNet{
		config: config,
		params: s.Params(),
	}
	m.body = append(m.body, activated{newNormConv(s, "conv_stem", "bn1", layers.Conv2DConfig{In: 3, Out: in, Size: 3, Stride: 2, Pad: 1, NoBias: true})})
	for stage, b := range efficientNetStages {
		out, stride := width(b.out), b.stride
		var blocks []*invertedBlock
		for i := range int(math.Ceil(float64(b.blocks) * size.depth)) {
			block := newInvertedBlock(s.Sub(fmt.Sprintf("blocks.%d.%d", stage, i)), in, out, b.widen, stride, b.size)
			blocks, m.body = append(blocks, block), append(m.body, block)
			in, stride = out, 1
		}
		m.stages = append(m.stages, blocks)
	}
	m.body = append(m.body, activated{newNormConv(s, "conv_head", "bn2", layers.Conv2DConfig{In: in, Out: features, Size: 1, NoBias: true})})
	m.fc = layers.NewLinear(s.Sub("classifier"), layers.LinearConfig{In: features, Out: config.Classes})
	return m, nil
}

// scaledWidth rounds to a multiple of eight that is not below nine tenths.
func scaledWidth(channels float64) int {
	rounded := max(8, int(channels+4)/8*8)
	if float64(rounded) < 0.9*channels {
		rounded += 8
	}
	return rounded
}

// Params implements [layers.Model].
func (m *EfficientNet) Params() *autograd.Params { return m.params }

// Pixels returns the height and width of the images it was made for.
func (m *EfficientNet) Pixels() int { return efficientNetSizes[m.config.Version].pixels }

// Dropout returns the probability of dropping a feature that its authors used.
func (m *EfficientNet) Dropout() float64 { return efficientNetSizes[m.config.Version].dropout }

// String returns the network's usual name, such as EfficientNet-B0.
func (m *EfficientNet) String() string {
	if m.config.Width != 1 {
		return fmt.Sprintf("EfficientNet-B%d times %g", m.config.Version, m.config.Width)
	}
	return fmt.Sprintf("EfficientNet-B%d", m.config.Version)
}

// Forward maps images (N, H, W, 3) to logits (N, Classes).
func (m *EfficientNet) Forward(c *layers.Ctx, x *autograd.Tensor) *autograd.Tensor {
	x = layers.Chain(c, x, m.body...)
	return m.fc.Forward(c, c.Drop("features", ops.GlobalAvgPool(x)))
}

// Blocks returns the number of blocks in each stage.
func (m *EfficientNet) Blocks() []int { return blockCounts(m.stages) }

// Sites returns the dropout sites: in block b of the parameter names b.bn1, b.bn2
// and, except in the first stage, b.bn3 of kind Norm; b.branch and b.shortcut
// where the input is added to the output; and features, the classifier's input.
func (m *EfficientNet) Sites() []dropout.Site {
	return append(blockSites(m.stages), dropout.Site{Name: "features", Kind: dropout.Features})
}

// activated is a convolution, its normalisation and SiLU.
type activated struct{ *normConv }

func (a activated) Forward(c *layers.Ctx, x *autograd.Tensor) *autograd.Tensor {
	if !c.Trains() {
		return a.norm.After(c, a.conv, x, ops.ConvEnd{Activation: ops.WithSiLU})
	}
	h := a.conv.Forward(c, x)
	return a.norm.ForwardSiLU(c, h, c.Mask(a.site, h.Shape()...))
}

// invertedBlock widens its input, convolves each channel by itself, gates the
// channels, and narrows the result.
type invertedBlock struct {
	parts            []*normConv // widening (if any), depthwise, narrowing
	reduce, expand   *layers.Conv2D
	residual         bool
	branch, shortcut string
}

func newInvertedBlock(s *layers.Scope, in, out, widen, stride, size int) *invertedBlock {
	b := &invertedBlock{residual: in == out && stride == 1, branch: s.Path("branch"), shortcut: s.Path("shortcut")}
	hidden := in * widen
	depthwise := layers.Conv2DConfig{In: hidden, Out: hidden, Size: size, Stride: stride, Pad: size / 2, Groups: hidden,
		Weight: layers.HeNormal(size * size), NoBias: true} // the fan-out of one channel
	gate := func() {
		squeezed := max(1, in/4)
		b.reduce = layers.NewConv2D(s.Sub("se.conv_reduce"), layers.Conv2DConfig{In: hidden, Out: squeezed, Size: 1})
		b.expand = layers.NewConv2D(s.Sub("se.conv_expand"), layers.Conv2DConfig{In: squeezed, Out: hidden, Size: 1})
	}
	if widen == 1 {
		b.parts = append(b.parts, newNormConv(s, "conv_dw", "bn1", depthwise))
		gate()
		b.parts = append(b.parts, newNormConv(s, "conv_pw", "bn2", layers.Conv2DConfig{In: hidden, Out: out, Size: 1, NoBias: true}))
		return b
	}
	b.parts = append(b.parts, newNormConv(s, "conv_pw", "bn1", layers.Conv2DConfig{In: in, Out: hidden, Size: 1, NoBias: true}))
	b.parts = append(b.parts, newNormConv(s, "conv_dw", "bn2", depthwise))
	gate()
	b.parts = append(b.parts, newNormConv(s, "conv_pwl", "bn3", layers.Conv2DConfig{In: hidden, Out: out, Size: 1, NoBias: true}))
	return b
}

func (b *invertedBlock) places() []place {
	var places []place
	for _, p := range b.parts {
		places = append(places, place{p.site, dropout.Norm})
	}
	if b.residual {
		places = append(places, place{b.branch, dropout.Branch}, place{b.shortcut, dropout.Shortcut})
	}
	return places
}

// Forward maps (N, H, W, in) to (N, H/stride, W/stride, out).
func (b *invertedBlock) Forward(c *layers.Ctx, x *autograd.Tensor) *autograd.Tensor {
	h, last := x, len(b.parts)-1
	for _, p := range b.parts[:last] {
		h = activated{p}.Forward(c, h)
	}
	h = ops.ScaleChannels(h, b.gate(c, h))
	p := b.parts[last]
	if !c.Trains() {
		var end ops.ConvEnd
		if b.residual {
			end.Residual = x
		}
		return p.norm.After(c, p.conv, h, end)
	}
	h = c.Drop(p.site, p.norm.Forward(c, p.conv.Forward(c, h)))
	if !b.residual {
		return h
	}
	return ops.Add(c.Drop(b.branch, h), c.Drop(b.shortcut, x))
}

// gate returns a factor for every channel, (N, hidden).
func (b *invertedBlock) gate(c *layers.Ctx, h *autograd.Tensor) *autograd.Tensor {
	n, hidden := h.Dim(0), h.Dim(-1)
	pooled := ops.Reshape(ops.GlobalAvgPool(h), n, 1, 1, hidden)
	squeezed := ops.SiLU(b.reduce.Forward(c, pooled))
	return ops.Reshape(ops.Sigmoid(b.expand.Forward(c, squeezed)), n, hidden)
}
