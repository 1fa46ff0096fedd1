package main

import (
	"cmp"
	"slices"

	"autodropout/benchmarks/internal/runfolder"
	"autodropout/controller"
	"autodropout/dropout"
	"autodropout/internal/parallel"
)

// variant is a search that differs from another one, the first of its part, in one thing.
type variant struct {
	Part      string
	Name      string
	Algorithm controller.Algorithm
	network   int     // blocks in each stage; 0: as the surrogate was fitted
	tied      bool    // the blocks of a stage have one pattern
	shared    float64 // part of the luck that is common to all trainings with one seed
	seeds     int     // that trials share; 0: each has its own
	refers    bool    // with a reference that drops nothing
	changes   float64 // the share of changes that are made in all blocks
	finals    controller.Config
}

// The parts of the comparison.
const (
	asMeasured = "as measured" // of the luck that trainings with one seed share
	mostShared = "mostly the seed"
	oneBlock   = "one block in each stage"
	manyBlocks = "four blocks in each stage"
)

// hypothetical is the share of the luck in the part mostShared.
const hypothetical = 0.8

// variants are all that are compared, where trainings with one seed share so much of their luck.
func variants(shared float64) (all []variant) {
	grid := controller.Config{Algorithm: controller.Grid}
	for _, algorithm := range []controller.Algorithm{controller.PPO, controller.Evolution} {
		for _, part := range []struct {
			name   string
			shared float64
		}{{asMeasured, shared}, {mostShared, hypothetical}} {
			if algorithm == controller.PPO && part.name == mostShared {
				continue // evolution says it at less cost
			}
			add := func(name string, seeds int, refers bool, finals controller.Config) {
				all = append(all, variant{Part: part.name, Name: name, Algorithm: algorithm, shared: part.shared, seeds: seeds, refers: refers, finals: finals})
			}
			add("each training has a seed of its own", 0, false, grid)
			add("finalists share seeds", 0, false, controller.Config{Algorithm: controller.Grid, Seeds: 3})
			add("finalists share seeds, by successive rejects", 0, false, controller.Config{Algorithm: controller.Rejects})
			add("trials share one seed", 1, false, grid)
			add("trials share two seeds", 2, false, grid)
			add("trials share two seeds, with a reference", 2, true, grid)
			add("trials share four seeds", 4, false, grid)
			add("trials share four seeds, with a reference", 4, true, grid)
		}
	}
	for _, part := range []struct {
		name    string
		network int
	}{{oneBlock, 0}, {manyBlocks, 4}} {
		for _, algorithm := range []controller.Algorithm{controller.PPO, controller.Evolution, controller.Local} {
			base := variant{Part: part.name, Name: "each block by itself", Algorithm: algorithm, network: part.network, finals: grid}
			tied, everywhere := base, base
			tied.Name, tied.tied = "the blocks of a stage tied", true
			everywhere.Name, everywhere.changes = "one change of four in all blocks", quarter
			switch {
			case part.network == 0 && algorithm == controller.PPO: // nothing to tie, and nothing is changed
			case part.network == 0:
				all = append(all, base, everywhere)
			case algorithm == controller.PPO:
				all = append(all, base, tied)
			default:
				all = append(all, base, tied, everywhere)
			}
		}
	}
	return all
}

// quarter is the share of changes in all blocks.
const quarter = 0.25

// outcome is what the searches of a variant found, by budget and by search, whose seeds are 0, 1
// and so on: what the chosen pattern is worth, and those of the last third of the trials on average.
type outcome struct {
	Part      string               `json:"part"`
	Name      string               `json:"variant"`
	Algorithm controller.Algorithm `json:"algorithm"`
	Chosen    [][]float64          `json:"chosen"`
	Late      [][]float64          `json:"late"`
}

// compared says what the variants were compared on: the first line of their log.
type compared struct {
	Shared   float64 `json:"shared"` // of the luck, in the part asMeasured
	Budgets  []int   `json:"budgets"`
	Searches int     `json:"searches"` // of each variant of a controller; others have cheap times as many
}

// cheap is how many times as many searches those without a controller have.
const cheap = 10

// searches returns how many a variant has.
func (c *compared) searches(v variant) int {
	if v.Algorithm == controller.PPO {
		return c.Searches
	}
	return cheap * c.Searches
}

// vary runs the searches of all variants.
func (s *surrogate) vary(c *compared, share float64) (found []outcome, err error) {
	for _, v := range variants(c.Shared) {
		of, config, err := s.as(v, share)
		if err != nil {
			return nil, err
		}
		config.Trials = c.Budgets[len(c.Budgets)-1]
		n := c.searches(v)
		o := outcome{Part: v.Part, Name: v.Name, Algorithm: v.Algorithm}
		for range c.Budgets {
			o.Chosen, o.Late = append(o.Chosen, make([]float64, n)), append(o.Late, make([]float64, n))
		}
		failed := make([]error, n)
		parallel.For(n, func(i int) { failed[i] = of.run(v, config, i, c.Budgets, &o) })
		if err := cmp.Or(failed...); err != nil {
			return nil, err
		}
		found = append(found, o)
	}
	return found, nil
}

// as returns the surrogate of the network that a variant searches for, and its search.
func (s *surrogate) as(v variant, share float64) (of *surrogate, c controller.Config, err error) {
	other := *s
	other.shared = v.shared
	if v.network > 0 {
		other.space = dropout.ConvSpace(slices.Repeat([]int{v.network}, len(s.space.Stages)))
	}
	if v.tied {
		other.space = other.space.Tie()
	}
	c = controller.Config{Algorithm: v.Algorithm, Seeds: v.seeds, Everywhere: v.changes}
	if v.refers {
		c.Reference = make([]int, other.space.Decisions())
	}
	c.StartProbs, err = dropout.Mild(other.space, share)
	return &other, c, err
}

// run runs search i of a variant, and puts down what it found.
func (s *surrogate) run(v variant, c controller.Config, i int, budgets []int, o *outcome) error {
	c.Seed = uint64(i)
	report, err := s.search(c)
	if err != nil {
		return err
	}
	for b, n := range budgets {
		worth, err := s.choose(report, n, c.Seed, v.finals)
		if err != nil {
			return err
		}
		late := 0.0
		for _, t := range report.Trials[n-n/3 : n] {
			late += s.at(t.Point) / float64(n/3)
		}
		o.Chosen[b][i], o.Late[b][i] = rounded(worth), rounded(late)
	}
	return nil
}

// luckShared returns which part of the variance of final trainings, about the means of their rows,
// trainings with one seed have in common.
func luckShared(folder runfolder.Folder) (float64, error) {
	p, err := pairs(folder)
	if err != nil {
		return 0, err
	}
	return max(0, 1-1/p.Saves()), nil
}

// readVariants reads the log of variants.
func readVariants(path string) (*compared, []outcome, error) {
	return readLog[compared, outcome](path, "variants", "-variants")
}
