package main

import (
	"autodropout/benchmarks/internal/bench"
	"autodropout/benchmarks/internal/runfolder"
	"autodropout/controller"
)

// table returns the rows that the table can have.
func (c *config) table() []bench.Method {
	rows := []bench.Method{{Key: "none", Title: "none", Paper: c.published(76.5, 0, "without it")}}
	rows = append(rows, c.Baselines.Table()...)
	return append(rows,
		bench.Method{Key: "random", Title: "random-search pattern", Search: controller.Random},
		bench.Method{Key: autoDropout, Title: "AutoDropout", Search: controller.Reinforce, Paper: c.published(78.7, 77.5, "pattern found on 80,000 images")},
		bench.Method{Key: autoDropout + "-randaugment", Title: "AutoDropout + RandAugment", Search: controller.Reinforce, Shares: autoDropout,
			Network: bench.Varied, Paper: c.published(80.3, 0, "pattern found on 80,000 images")},
	)
}

const autoDropout = "autodropout"

// published returns the paper's accuracy with ResNet-50 or EfficientNet-B0,
// whichever is closer to the model; 0 is none.
func (c *config) published(resNet, efficientNet float64, how string) *runfolder.Paper {
	switch {
	case c.isResNet() && resNet > 0:
		return &runfolder.Paper{Value: resNet, Setting: "ResNet-50 on ImageNet, " + how}
	case !c.isResNet() && efficientNet > 0:
		return &runfolder.Paper{Value: efficientNet, Setting: "EfficientNet-B0 on ImageNet, " + how}
	}
	return nil
}
