package models

import "autodropout/dropout"

// place is a dropout site of a block.
type place struct {
	name string
	kind dropout.Kind
}

// blockCounts returns the number of blocks in each stage.
func blockCounts[B any](stages [][]B) []int {
	var n []int
	for _, blocks := range stages {
		n = append(n, len(blocks))
	}
	return n
}

// blockSites returns the sites of all blocks, in order.
func blockSites[B interface{ places() []place }](stages [][]B) []dropout.Site {
	var sites []dropout.Site
	for stage, blocks := range stages {
		for i, b := range blocks {
			for _, p := range b.places() {
				sites = append(sites, dropout.Site{Name: p.name, Kind: p.kind,
					Stage: stage, Stages: len(stages), Block: i, Blocks: len(blocks)})
			}
		}
	}
	return sites
}
