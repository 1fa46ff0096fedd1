package main

import (
	"fmt"
	"path/filepath"
	"slices"

	"autodropout/autograd"
	"autodropout/benchmarks/internal/usage"
	"autodropout/dropout"
	"autodropout/layers"
	"autodropout/models"
	"autodropout/onnx"
)

// fromFile is the -model that is the network of -weights itself, a file of ONNX.
const fromFile = "onnx"

// imported is the network of a file of ONNX with a new classifier.
type imported struct {
	params *autograd.Params
	body   *onnx.Network
	stages [][]onnx.Block
	head   *layers.Linear
	name   string
	pixels int
}

// importNetwork returns the network of a file for so many classes and squares of so many pixels; with
// 0 pixels, of the size that the file says.
func importNetwork(path string, pixels, classes int, seed uint64) (*imported, error) {
	if filepath.Ext(path) != ".onnx" {
		return nil, usage.Errorf("-model %s takes the network of a file of ONNX, which -weights %s is not: give -weights such a file, or -model the name of the network", fromFile, path)
	}
	s := layers.NewScope(seed)
	body, err := onnx.Body(s.Sub("body"), path)
	if err != nil {
		return nil, usage.Errorf("%v. Export the network with a linear classifier at its end, or take the named -model", err)
	}
	m := &imported{params: s.Params(), body: body, name: filepath.Base(path), pixels: pixels}
	if m.pixels == 0 {
		m.pixels = max(body.Size())
	}
	d, err := body.Divide(m.pixels, m.pixels, 3)
	if err != nil {
		return nil, usage.Errorf("the network of -weights %s cannot be trained on photographs: %v", path, err)
	}
	m.stages = d.Stages
	m.head = layers.NewLinear(s.Sub("head"), layers.LinearConfig{In: d.Features, Out: classes})
	return m, nil
}

// Params implements [layers.Model].
func (m *imported) Params() *autograd.Params { return m.params }

// Forward maps images (N, H, W, 3) to logits (N, classes).
func (m *imported) Forward(c *layers.Ctx, x *autograd.Tensor) *autograd.Tensor {
	return m.head.Forward(c, c.Drop("features", m.body.Forward(c, x)))
}

// String returns the name of the file.
func (m *imported) String() string { return m.name }

// Pixels returns the side of the squares that it sees.
func (m *imported) Pixels() int { return m.pixels }

// Sites returns the dropout sites: behind each block, and the input of the classifier.
func (m *imported) Sites() []dropout.Site {
	return append(slices.Clone(m.body.Sites()), dropout.Site{Name: "features", Kind: dropout.Features})
}

// Blocks returns the number of blocks in each stage.
func (m *imported) Blocks() (n []int) {
	for _, stage := range m.stages {
		n = append(n, len(stage))
	}
	return n
}

// stage returns the stage that a parameter belongs to, the classifier to one of its own behind them.
func (m *imported) stage(p *autograd.Param) int {
	for i, stage := range m.stages {
		for _, b := range stage {
			if slices.Contains(b.Params, p) {
				return i
			}
		}
	}
	return len(m.stages)
}

// network returns the network that -model names, for so many classes, without the weights of a file.
func (c *config) network(classes int, seed uint64) (models.Photographic, error) {
	if c.model == fromFile {
		if c.channels != 0 {
			return nil, usage.Errorf("-channels is for named networks: that of -model %s has the channels of its file", fromFile)
		}
		return importNetwork(c.weights, c.pixels, classes, seed)
	}
	model, err := models.NewPhotographic(c.model, c.channels, classes, seed)
	if err != nil {
		return nil, fmt.Errorf("%w, or -model %s", err, fromFile)
	}
	return model, nil
}
