package main

import (
	"strings"

	"autodropout/benchmarks/internal/experiment"
	"autodropout/benchmarks/internal/images"
	"autodropout/models"
)

var resNetDepths = map[string]int{"resnet-18": 18, "resnet-34": 34, "resnet-50": 50, "resnet-101": 101}

var modelNames = []string{
	"resnet-18", "resnet-34", "resnet-50", "resnet-101", "efficientnet-b0", "efficientnet-b1", "efficientnet-b2",
	"efficientnet-b3", "efficientnet-b4", "efficientnet-b5", "efficientnet-b6", "efficientnet-b7",
}

// Channels after the first convolution as published.
const (
	resNetChannels       = 64
	efficientNetChannels = 32 // of B0
)

// network returns a network of the model with the given channels, and the size in
// pixels of the images that it was made for.
func (c *config) network(channels, classes int, seed uint64) (m images.Model, pixels int, err error) {
	if c.isResNet() {
		m, err = models.NewResNet(models.ResNetConfig{Depth: resNetDepths[c.model], Channels: channels, Classes: classes, Seed: seed})
		return m, 224, err
	}
	version := strings.Index("01234567", c.model[len(c.model)-1:])
	efficientNet, err := models.NewEfficientNet(models.EfficientNetConfig{
		Version: version, Width: float64(channels) / efficientNetChannels, Classes: classes, Seed: seed})
	if err != nil {
		return nil, 0, err
	}
	return efficientNet, efficientNet.Pixels(), nil
}

// Model implements [images.Benchmark].
func (c *config) Model(n experiment.Network, classes int, seed uint64) (images.Model, error) {
	channels := c.channels
	if n == experiment.Child {
		channels = c.childChannels()
	}
	model, _, err := c.network(channels, classes, seed)
	return model, err
}

// childChannels returns the channels of the networks that a search trains.
func (c *config) childChannels() int {
	switch {
	case c.searchChannels > 0:
		return c.searchChannels
	case c.channels > 0:
		return max(c.channels/2, 1)
	case c.isResNet():
		return resNetChannels / 2
	}
	return efficientNetChannels / 2
}

// isResNet tells the two families apart.
func (c *config) isResNet() bool { return strings.HasPrefix(c.model, "resnet") }
