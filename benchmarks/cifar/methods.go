package main

import (
	"autodropout/benchmarks/internal/bench"
	"autodropout/controller"
	"autodropout/dropout"
)

// table returns the rows that the table can have.
func (c *config) table() []bench.Method {
	return []bench.Method{
		{Key: "none", Title: "none"},
		{Key: "dropout", Title: "Dropout", Policy: func(sites []dropout.Site) (dropout.Policy, error) {
			return dropout.NewDropout(c.dropout, sites)
		}},
		{Key: "spatialdropout", Title: "SpatialDropout", Policy: func(sites []dropout.Site) (dropout.Policy, error) {
			return dropout.NewSpatialDropout(c.spatialDropout, sites)
		}},
		{Key: "dropblock", Title: "DropBlock", Policy: func(sites []dropout.Site) (dropout.Policy, error) {
			return dropout.NewDropBlock(c.dropBlockSize, c.dropBlock, sites)
		}},
		{Key: "stochasticdepth", Title: "stochastic depth", Policy: func(sites []dropout.Site) (dropout.Policy, error) {
			return dropout.NewStochasticDepth(c.stochasticDepth, sites)
		}},
		{Key: "random", Title: "random-search pattern", Search: controller.Random},
		{Key: "autodropout", Title: "AutoDropout", Search: controller.Reinforce, Paper: &bench.Paper{
			Value:   3.2,
			Setting: "96.8 % accuracy on CIFAR-10, WRN-28-10, 200 epochs, pattern found on WRN-28-2",
		}},
	}
}
