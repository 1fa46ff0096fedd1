package main

import (
	"path/filepath"
	"slices"

	"autodropout/benchmarks/internal/bench"
	"autodropout/controller"
	"autodropout/dropout"
)

// method is a row of the table.
type method struct {
	key   string // after -method, and in the names of files
	title string
	paper *bench.Paper

	// policy makes the dropout of a baseline; nil: none.
	policy func(c *config, sites []dropout.Site) (dropout.Policy, error)
	// search finds the pattern; "" where there is nothing to search.
	search controller.Algorithm
	// given tells that the pattern comes from -pattern.
	given bool
}

// pattern reports whether the row has a learned pattern.
func (m *method) pattern() bool { return m.search != "" || m.given }

var methods = []method{
	{key: "none", title: "none"},
	{key: "dropout", title: "Dropout", policy: func(c *config, sites []dropout.Site) (dropout.Policy, error) {
		return dropout.NewDropout(c.dropout, sites)
	}},
	{key: "spatialdropout", title: "SpatialDropout", policy: func(c *config, sites []dropout.Site) (dropout.Policy, error) {
		return dropout.NewSpatialDropout(c.spatialDropout, sites)
	}},
	{key: "dropblock", title: "DropBlock", policy: func(c *config, sites []dropout.Site) (dropout.Policy, error) {
		return dropout.NewDropBlock(c.dropBlockSize, c.dropBlock, sites)
	}},
	{key: "stochasticdepth", title: "stochastic depth", policy: func(c *config, sites []dropout.Site) (dropout.Policy, error) {
		return dropout.NewStochasticDepth(c.stochasticDepth, sites)
	}},
	{key: "random", title: "random-search pattern", search: controller.Random},
	{key: "autodropout", title: "AutoDropout", search: controller.Reinforce, paper: &bench.Paper{
		Value:   3.2,
		Setting: "96.8 % accuracy on CIFAR-10, WRN-28-10, 200 epochs, pattern found on WRN-28-2",
	}},
}

func methodKeys() []string {
	var keys []string
	for _, m := range methods {
		keys = append(keys, m.key)
	}
	return keys
}

// rows returns the methods that were asked for, in the order of the table. A
// given pattern takes the place of those that would have to be searched.
func (c *config) rows() []method {
	var rows []method
	for _, m := range methods {
		if !slices.Contains(c.methods, m.key) || m.search != "" && c.pattern != "" {
			continue
		}
		if m.key == "autodropout" {
			m.search = controller.Algorithm(c.algorithm)
		}
		rows = append(rows, m)
	}
	if c.pattern != "" {
		rows = append(rows, method{key: "pattern", title: "pattern " + filepath.Base(c.pattern), given: true})
	}
	return rows
}
