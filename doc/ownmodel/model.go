package main

import (
	"fmt"
	"math"
	"math/rand/v2"

	"autodropout/data"
	"autodropout/dropout"
	"autodropout/layers"
	"autodropout/ops"
)

// newModel returns a ConvNet of three stages for images in so many classes, and the
// sites where it lets dropout act: behind each normalisation.
func newModel(classes int) (layers.Model, []dropout.Site) {
	const stages = 3
	s := layers.NewScope(1)
	var net layers.Sequential
	var sites []dropout.Site
	in, out := 3, 8
	for i := range stages {
		stage := s.Sub(fmt.Sprintf("stage%d", i+1))
		conv := layers.Conv2DConfig{In: in, Out: out, Size: 3, Stride: 2, Pad: 1, NoBias: true}
		site := layers.NewDropout(stage.Path("drop"), 0) // the policy alone decides
		net = append(net, layers.NewConv2D(stage.Sub("conv"), conv), layers.NewBatchNorm(stage.Sub("bn"), layers.BatchNormConfig{Channels: out}), site, layers.Func(ops.ReLU))
		sites = append(sites, dropout.Site{Name: site.Site(), Kind: dropout.Norm, Stage: i, Stages: stages, Blocks: 1})
		in, out = out, 2*out
	}
	net = append(net, layers.Func(ops.GlobalAvgPool), layers.NewLinear(s.Sub("fc"), layers.LinearConfig{In: in, Out: classes}))
	return layers.NewModel(s, net), sites
}

// stripes draws images of noisy stripes, 24 x 24 pixels: the classes are their
// directions.
func stripes(name string, seed uint64, each int) *data.Set {
	const side, noise = 24, 2
	set := &data.Set{Name: name, Height: side, Width: side, Classes: []string{"0°", "45°", "90°", "135°"}}
	rng := rand.New(rand.NewPCG(seed, 0))
	for i := range each * len(set.Classes) {
		class := i % len(set.Classes)
		angle, phase := (float64(class)+rng.NormFloat64()/4)*math.Pi/4, 2*math.Pi*rng.Float64()
		for p := range side * side {
			wave := math.Sin(math.Cos(angle)*float64(p%side) + math.Sin(angle)*float64(p/side) + phase)
			for range data.Channels {
				set.Images = append(set.Images, uint8(min(max(128+30*(wave+noise*rng.NormFloat64()), 0), 255)))
			}
		}
		set.Labels = append(set.Labels, uint8(class))
	}
	for c := range data.Channels {
		set.Mean[c], set.Std[c] = 0.5, 0.2
	}
	return set
}
