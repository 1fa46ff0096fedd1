package experiment

import (
	"flag"

	"autodropout/benchmarks/internal/cli"
	"autodropout/benchmarks/internal/sheet"
	"autodropout/controller"
	"autodropout/dropout"
)

// Baselines holds the settings of the hand-made dropout that ConvNets are
// compared with.
type Baselines struct {
	Dropout, SpatialDropout float64 // probabilities of dropping
	DropBlock               float64 // of keeping
	DropBlockSize           int     // in cells
	StochasticDepth         float64 // probability of keeping
}

// Register declares the flags. What Dropout drops is "an element", say.
func (b *Baselines) Register(fs *flag.FlagSet, dropped string) {
	fs.Float64Var(&b.Dropout, "dropout", b.Dropout, "Dropout's `probability` of dropping "+dropped)
	fs.Float64Var(&b.SpatialDropout, "spatial-dropout", b.SpatialDropout, "SpatialDropout's `probability` of dropping a channel")
	fs.Float64Var(&b.DropBlock, "dropblock", b.DropBlock, "DropBlock's `probability` of keeping, in the last stage at the end of the training")
	cli.Whole(fs, &b.DropBlockSize, "dropblock-size", 1, "the side of DropBlock's blocks in `cells`")
	fs.Float64Var(&b.StochasticDepth, "stochastic-depth", b.StochasticDepth, "stochastic depth's `probability` of keeping the last block")
}

// Table returns the rows, which -tune chooses the rates of.
func (b *Baselines) Table() []Row {
	return []Row{
		HandMade("dropout", "Dropout", b.Dropout, dropout.NewDropout, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5),
		HandMade("spatialdropout", "SpatialDropout", b.SpatialDropout, dropout.NewSpatialDropout, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4),
		HandMade("dropblock", "DropBlock", b.DropBlock, func(keep float64, sites []dropout.Site) (*dropout.DropBlock, error) {
			return dropout.NewDropBlock(b.DropBlockSize, keep, sites)
		}, 0.99, 0.97, 0.95, 0.9, 0.85, 0.8, 0.7, 0.6),
		HandMade("stochasticdepth", "stochastic depth", b.StochasticDepth, dropout.NewStochasticDepth, 0.98, 0.95, 0.9, 0.85, 0.8, 0.7, 0.6, 0.5),
	}
}

// PerPlace is the row of the best dropout made by hand, whose rate is tuned in each of the
// blocks, or places, by itself.
func PerPlace(place string) Row {
	return Row{Key: "places", Title: "hand-made, tuned per " + place, Kind: sheet.HandMade, PerPlace: true}
}

// Controls are rows to compare the row autodropout with. In the row shuffled, what its search
// has found has its blocks or places in another order in each final training: does it
// matter what is dropped where? The row reinforce has the paper's controller, REINFORCE from all
// patterns of the paper's space, whatever the other rows search with. Titles begin with a
// prefix.
func Controls(prefix, over string) []Row {
	return []Row{
		{Key: "shuffled", Title: prefix + "AutoDropout, its " + over + " shuffled", Kind: sheet.Shuffled, Shares: "autodropout"},
		{Key: "reinforce", Title: prefix + "the paper's controller", Kind: sheet.Learned, Algorithm: controller.Reinforce, AsPublished: true},
	}
}

// Evolved is the row of regularised evolution, whatever the other rows search with.
func Evolved() Row {
	return Row{Key: "evolution", Title: "AutoDropout with evolution", Kind: sheet.Learned, Algorithm: controller.Evolution}
}

// FreshPatterns is the row of a control that searches nothing: another random pattern of
// the plan's space at every step, with the dropout that patterns of the paper's space
// have beside them in outside.
func (p *Plan) FreshPatterns(share float64, outside dropout.SequenceRates) Row {
	spaceOf := dropout.PaperSpace
	if p.Space == Wide {
		spaceOf, outside = dropout.WideSpace, dropout.SequenceRates{}
	}
	return HandMade("fresh", "another random pattern each step", share, func(share float64, sites []dropout.Site) (dropout.Policy, error) {
		space, err := spaceOf(sites)
		if err != nil {
			return nil, err
		}
		fresh, err := dropout.NewFresh(space, share, sites)
		if err != nil {
			return nil, err
		}
		if outside == (dropout.SequenceRates{}) {
			return fresh, nil
		}
		beside, err := dropout.NewSequenceDropout(outside, sites)
		if err != nil {
			return nil, err
		}
		return dropout.Combine(fresh, beside), nil
	}, share/4, share/2, share, 1.5*share, 2*share)
}
