package main

import (
	"autodropout/benchmarks/internal/experiment"
	"autodropout/benchmarks/internal/runfolder"
	"autodropout/benchmarks/internal/sheet"
)

// table returns the rows that the table can have.
func (c *config) table() []experiment.Row {
	rows := []experiment.Row{{Key: "none", Title: "none", Paper: c.published(76.5, 0, "without it")}}
	rows = append(rows, c.Baselines.Table()...)
	return append(rows,
		experiment.Row{Key: "random", Title: "random-search pattern", Kind: sheet.Random},
		experiment.Row{Key: autoDropout, Title: "AutoDropout", Kind: sheet.Learned, Paper: c.published(78.7, 77.5, "pattern found on 80,000 images")},
		experiment.Row{Key: autoDropout + "-randaugment", Title: "AutoDropout + RandAugment", Kind: sheet.Learned, Shares: autoDropout,
			Network: experiment.Varied, Paper: c.published(80.3, 0, "pattern found on 80,000 images")},
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
