package main

import (
	"slices"

	"autodropout/benchmarks/internal/bench"
	"autodropout/benchmarks/internal/runfolder"
	"autodropout/controller"
	"autodropout/dropout"
)

// methods are the rows of a run unless others are asked for.
var methods = []string{"none", "dropout", "spatialdropout", "dropblock", "stochasticdepth", "random", "autodropout"}

// table returns the rows that the table can have.
func (c *config) table() []bench.Method {
	rows := append([]bench.Method{{Key: "none", Title: "none"}}, c.Baselines.Table()...)
	return append(rows,
		bench.FreshPatterns(dropout.MildConv, dropout.SequenceRates{}),
		bench.Method{Key: "random", Title: "random-search pattern", Search: controller.Random},
		bench.Method{Key: "autodropout", Title: "AutoDropout", Search: controller.Reinforce, Paper: &runfolder.Paper{
			Value:   3.2,
			Setting: "96.8 % accuracy on CIFAR-10, WRN-28-10, 200 epochs, pattern found on WRN-28-2",
		}},
		bench.Method{Key: "ppo", Title: "AutoDropout with PPO", Search: controller.PPO},
		bench.Method{Key: "near", Title: "AutoDropout near DropBlock", Search: controller.Reinforce, Near: nearDropBlock},
		bench.Method{Key: "no-geometry", Title: "AutoDropout without geometry", Search: controller.Reinforce,
			Ablated: func(s dropout.Space) dropout.Space {
				return s.With("rotate", 0).With("shear_x", 0).With("shear_y", 0)
			}},
		bench.Method{Key: "no-share-c", Title: "AutoDropout without share_c", Search: controller.Reinforce,
			Ablated: func(s dropout.Space) dropout.Space { return s.With("share_c", 0) }},
		bench.Method{Key: "no-residual", Title: "AutoDropout without residual", Search: controller.Reinforce,
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
