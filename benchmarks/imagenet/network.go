package main

import (
	"strings"

	"autodropout/benchmarks/internal/experiment"
	"autodropout/benchmarks/internal/images"
	"autodropout/models"
)

// Channels after the first convolution as published.
const (
	resNetChannels       = 64
	efficientNetChannels = 32 // of B0
)

// Model implements [images.Benchmark].
func (c *config) Model(n experiment.Network, classes int, seed uint64) (images.Model, error) {
	channels := c.channels
	if n == experiment.Child {
		channels = c.childChannels()
	}
	return models.NewPhotographic(c.model, channels, classes, seed)
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
