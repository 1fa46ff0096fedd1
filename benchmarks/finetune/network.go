package main

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"

	"autodropout/autograd"
	"autodropout/benchmarks/internal/experiment"
	"autodropout/benchmarks/internal/images"
	"autodropout/benchmarks/internal/usage"
	"autodropout/data/imaging"
	"autodropout/layers"
	"autodropout/models"
	"autodropout/onnx"
	"autodropout/weights"
)

// Model implements [images.Benchmark]: the classifier is new, all else is from the file. A search has the
// same network as the final trainings.
func (c *config) Model(_ experiment.Network, classes int, seed uint64) (images.Model, error) {
	model, err := c.network(classes, seed)
	if err != nil || c.model == fromFile {
		return model, err
	}
	load, options := c.load(), weights.Options{Keep: []string{head(c.model)}}
	err = load(model.Params(), options)
	if err != nil && c.isEfficientNet() {
		options.Rename = models.TorchvisionEfficientNet
		if load(model.Params(), options) == nil {
			return model, nil
		}
	}
	if err != nil {
		return nil, usage.Errorf("-weights does not fit -model %s with -channels %d: %v", c.model, c.channels, err)
	}
	return model, nil
}

// load returns what loads the file into parameters.
func (c *config) load() func(ps *autograd.Params, o weights.Options) error {
	if filepath.Ext(c.weights) != ".onnx" {
		return func(ps *autograd.Params, o weights.Options) error {
			_, err := weights.Load(c.weights, ps, o)
			return err
		}
	}
	arrays, err := onnx.Arrays(c.weights)
	return func(ps *autograd.Params, o weights.Options) error {
		if err != nil {
			return err
		}
		if _, err := weights.LoadArrays(arrays, ps, o); err != nil {
			return fmt.Errorf("%w. Exporters of PyTorch multiply normalisations into convolutions: take its weights themselves, or train the network of the file: -model onnx", err)
		}
		return nil
	}
}

// checksum tells what networks begin with from other weights: it covers the file and, since a file of ONNX may
// have its numbers in others, the arrays.
func (c *config) checksum() (string, error) {
	model, err := c.Model(experiment.Final, 1, 0)
	if err != nil {
		return "", err
	}
	file, err := os.Open(c.weights)
	if err != nil {
		return "", usage.Errorf("cannot read -weights: %v", err)
	}
	defer file.Close()
	h := crc32.New(crc32.MakeTable(crc32.Castagnoli))
	if _, err := io.Copy(h, file); err != nil {
		return "", usage.Errorf("cannot read -weights: %v", err)
	}
	for _, a := range layers.State(model.Params()) {
		binary.Write(h, binary.LittleEndian, a.Data)
	}
	return fmt.Sprintf("%08x", h.Sum32()), nil
}

func (c *config) isEfficientNet() bool { return strings.HasPrefix(c.model, "efficientnet") }

// filter is what networks of the family see images resized with.
func (c *config) filter() imaging.Filter {
	if c.isEfficientNet() {
		return imaging.Bicubic
	}
	return imaging.Bilinear
}

// head begins the names of the classifier's parameters.
func head(model string) string {
	if strings.HasPrefix(model, "resnet") {
		return "fc."
	}
	return "classifier."
}

// stages returns how many stages of layers a network has before the classifier, with what comes before the
// first blocks as one; in a network of a file that belongs to the first blocks.
func stages(model images.Model) int {
	if m, ok := model.(*imported); ok {
		return len(m.stages)
	}
	return 1 + len(model.Blocks())
}

// stage returns of which stage a parameter is, from 0 on: of the last one what follows the blocks, and
// as many as there are stages for the classifier.
func stage(name string, all int) int {
	var i int
	switch {
	case strings.HasPrefix(name, "fc.") || strings.HasPrefix(name, "classifier."):
		return all
	case scans(name, "layer%d.", &i):
		return i
	case scans(name, "blocks.%d.", &i):
		return i + 1
	case strings.HasPrefix(name, "conv_head.") || strings.HasPrefix(name, "bn2."):
		return all - 1
	}
	return 0
}

func scans(name, format string, i *int) bool {
	_, err := fmt.Sscanf(name, format, i)
	return err == nil
}

// factors returns the factor of every parameter's learning rate.
func (c *config) factors(model images.Model) func(p *autograd.Param) float32 {
	all := stages(model)
	of := func(p *autograd.Param) int { return stage(p.Name, all) }
	if m, ok := model.(*imported); ok {
		of = m.stage
	}
	return func(p *autograd.Param) float32 {
		switch i := of(p); {
		case i == all:
			return float32(c.headRate)
		case i < c.freeze:
			return 0
		default:
			return float32(math.Pow(c.layerDecay, float64(all-1-i)))
		}
	}
}
