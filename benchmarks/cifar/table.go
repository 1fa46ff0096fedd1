package main

import (
	"slices"

	"autodropout/benchmarks/internal/experiment"
	"autodropout/benchmarks/internal/images"
	"autodropout/benchmarks/internal/runfolder"
	"autodropout/benchmarks/internal/sheet"
	"autodropout/controller"
	"autodropout/dropout"
)

// Table implements [images.Benchmark].
func (c *config) Table() []experiment.Row {
	rows := append([]experiment.Row{{Key: "none", Title: "none"}}, c.Baselines.Table()...)
	rows = append(rows, c.FreshPatterns(dropout.MildConv, dropout.SequenceRates{}), experiment.PerPlace("block"))
	rows = append(rows, images.Found("", &runfolder.Paper{
		Value:   3.2,
		Setting: "96.8 % accuracy on CIFAR-10, WRN-28-10, 200 epochs, pattern found on WRN-28-2",
	})...)
	return append(rows,
		experiment.Evolved(),
		experiment.Row{Key: "ppo", Title: "AutoDropout with PPO", Kind: sheet.Learned, Algorithm: controller.PPO},
		experiment.Row{Key: "near", Title: "AutoDropout near DropBlock", Kind: sheet.Learned, Near: nearDropBlock},
		experiment.Row{Key: "no-geometry", Title: "AutoDropout without geometry", Kind: sheet.Ablated,
			Ablated: func(s dropout.Space) dropout.Space {
				return s.With("rotate", 0).With("shear_x", 0).With("shear_y", 0)
			}},
		experiment.Row{Key: "no-share-c", Title: "AutoDropout without share_c", Kind: sheet.Ablated,
			Ablated: func(s dropout.Space) dropout.Space { return s.With("share_c", 0) }},
		experiment.Row{Key: "no-residual", Title: "AutoDropout without residual", Kind: sheet.Ablated,
			Ablated: func(s dropout.Space) dropout.Space { return s.With("residual", 0) }},
	)
}

// nearDropBlock returns the point of a space at which every block drops squares of
// an eighth of the map's side, and a sixteenth of the map, in every channel
// elsewhere: much as DropBlock does.
func nearDropBlock(space dropout.Space) ([]int, error) {
	squares := dropout.BlockPattern{Size: 0.125, Stride: 0.375, Repeat: 8}
	p := &dropout.ConvPattern{}
	for _, blocks := range space.Stages {
		p.Stages = append(p.Stages, slices.Repeat([]dropout.BlockPattern{squares}, blocks))
	}
	return dropout.EncodeConv(space, p)
}
