package controller

import (
	"cmp"
	"errors"
	"fmt"
	"math/big"
	"runtime"
	"slices"

	"autodropout/dropout"
	"autodropout/internal/disk"
)

// Algorithm names the way a search chooses its trials.
type Algorithm string

const (
	// Reinforce is REINFORCE (Williams 1992) weighted with the importance ratio
	// of the whole sequence of choices, truncated at 5.
	Reinforce Algorithm = "reinforce"

	// PPO is the clipped objective of Schulman et al. (arXiv 1707.06347,
	// equation 7) with one ratio per choice, clipped to 0.2 around 1.
	PPO Algorithm = "ppo"

	// Random makes every choice uniformly and learns nothing.
	Random Algorithm = "random"

	// Grid takes Config.Points, or without them all points of a small space, one
	// after another and begins again after the last. It learns nothing.
	Grid Algorithm = "grid"

	// Evolution is regularised evolution (Real et al. 2019): it draws some of the last
	// results, takes the point of the best of these, and changes one choice of it. It has
	// no network.
	Evolution Algorithm = "evolution"

	// Local is hill climbing: it changes one choice of the best point so far. It also tries
	// that point again and again, since rewards are noisy. It has no network.
	Local Algorithm = "local"

	// Rejects is successive rejects (Audibert and Bubeck 2010): Config.Points are tried in
	// turn, and those with the worst means are left out one after another. Each turn has a
	// child seed of its own, which the points share. It learns nothing about others.
	Rejects Algorithm = "rejects"

	// Coordinate is coordinate ascent: one choice after another, at first in all groups at
	// once and then group by group, takes each of its values, or eight of more, while the
	// others stay as in the best point so far. Every point is tried Config.Repeats times, with the same child
	// seeds. It has no network.
	Coordinate Algorithm = "coordinate"
)

// algorithms are all there are.
var algorithms = []Algorithm{Reinforce, PPO, Random, Grid, Evolution, Local, Rejects, Coordinate}

// Config describes a search. The fields from Task on decide what the search
// finds; they are in the first line of its log, and it resumes only with the
// same values. The zero value of every field but Trials is a default.
type Config struct {
	// Path is the log, usually called trials.jsonl. It is created when it does
	// not exist and resumed when it does. Empty: nothing is recorded.
	Path string `json:"-"`

	// Disk is for tests of this module, which replace the file system that the log is
	// on; nil: that of the machine.
	Disk disk.Disk `json:"-"`

	// Trials is the budget. A later run with a larger one continues the search
	// as if it had been asked for from the start.
	Trials int `json:"-"`

	// Workers is the number of trials that run at the same time, InFlight at
	// most; the default is that or GOMAXPROCS, whichever is less.
	Workers int `json:"-"`

	// Notify, if set, is told about every sampled and every finished trial, and about
	// anything else that a person should know. It is called from one goroutine at a time.
	Notify func(Event) `json:"-"`

	// Learned, if set, is told about every result that was applied.
	Learned func(Lesson) `json:"-"`

	// Mirror, if set, is given every line of the log, newline included, once the line is on
	// disk and before anything depends on it. The lines of a resumed log come first. Lines
	// are counted from 0, the header. An error ends the search. It is called from one
	// goroutine at a time.
	Mirror func(line int, text []byte) error `json:"-"`

	// Identity identifies what the trials are computed with, for example by a checksum of
	// data, settings and program. Every line of the log about a trial holds it. A search
	// does not continue with trials of another identity, unless Earlier lists it. "": no
	// identity is compared.
	Identity string   `json:"-"`
	Earlier  []string `json:"-"`

	// Task describes the evaluator's work: the data, the child model, how long it trains. A
	// search resumes only on the same task.
	Task Task `json:"task"`

	// Seed is what sampling, the network's first weights and the seeds of the
	// children are derived from.
	Seed uint64 `json:"seed"`

	// Algorithm defaults to Reinforce.
	Algorithm Algorithm `json:"algorithm"`

	// Points are the points of the space that Grid and Rejects take; nil: all of them.
	Points [][]int `json:"points,omitempty"`

	// Repeats is how often Coordinate tries each point and, on average, Rejects, if Trials
	// allows it; 0 means 3.
	Repeats int `json:"repeats,omitempty"`

	// Only names the choices that Coordinate changes; nil: all of them.
	Only []string `json:"only,omitempty"`

	// Start is a point of the space near which a search begins: each of its values first
	// has probability StartProb. Local begins at the point itself, and Random ignores it.
	// nil: StartProbs decide.
	Start []int `json:"start,omitempty"`

	// StartProbs are, for each choice of a group, the probabilities of its values with
	// which a search begins, all above 0, such as [dropout.Mild] returns. nil: all points
	// are equally likely.
	StartProbs [][]float64 `json:"start_probs,omitempty"`

	// Starts are points that are tried first, in turn, such as hand-made dropout. The
	// search then continues near the best of them, as it would near Start. nil: none.
	Starts [][]int `json:"starts,omitempty"`

	// Seeds is how many seeds the children share, in turn, so that the luck of a seed is
	// the same for all. With Points, each turn through the points has one seed. 0: every
	// child has a seed of its own. Rejects and Coordinate have seeds of their own.
	Seeds int `json:"seeds,omitempty"`

	// Reference is a point that is tried first, once with each of Seeds, such as one that drops
	// nothing. The search then goes by how much a reward is better than that of the reference
	// with the same seed. nil: it goes by the reward.
	Reference []int `json:"reference,omitempty"`

	// InFlight is the number of trials that have been sampled and not yet applied, by
	// default 4. It must not depend on the machine if the search is to be the same on
	// another one.
	InFlight int `json:"in_flight"`

	// Async applies results in the order in which they arrive. Then no worker ever waits
	// for an older trial, and the search can be reproduced only from its log.
	Async bool `json:"async"`

	// Network is what samples; its Seed is derived from that of the search.
	Network NetworkConfig `json:"policy"`

	// Learning is how the network learns.
	Learning LearningConfig `json:"learning"`

	// Everywhere is the share of the changes that Evolution and Local make which set a choice in
	// all groups at once, such as all blocks of a ConvNet.
	Everywhere float64 `json:"everywhere,omitempty"`

	// Evolution configures the algorithm of that name.
	Evolution EvolutionConfig `json:"evolution,omitzero"`

	// known is what a search that is taken up has learned already; nil: its log tells.
	known *memory

	// old is whether the search goes on as one whose log does not say that it is live.
	old bool
}

// defaultInFlight is small because every trial in flight is one more result
// that the next sample does not know of.
const defaultInFlight = 4

// withDefaults returns c with every default filled in.
func (c Config) withDefaults() Config {
	if c.Algorithm == "" {
		c.Algorithm = Reinforce
	}
	if c.Disk == nil {
		c.Disk = disk.OS{}
	}
	if len(c.Starts) == 0 {
		c.Starts = nil
	}
	if c.InFlight == 0 {
		c.InFlight = defaultInFlight
	}
	if c.Workers == 0 {
		c.Workers = runtime.GOMAXPROCS(0)
	}
	c.Workers = min(c.Workers, c.InFlight)
	c.Network = c.Network.withDefaults()
	c.Learning = c.Learning.withDefaults()
	if c.Algorithm == Evolution {
		c.Evolution = c.Evolution.withDefaults()
	}
	if c.Algorithm == Rejects || c.Algorithm == Coordinate {
		c.Repeats = cmp.Or(c.Repeats, 3)
	}
	return c
}

// Check returns what is wrong with the configuration of a search of a space, whatever the
// number of its trials and workers: [Search] would return it too, once there is a log perhaps.
func (c Config) Check(space dropout.Space) error { return c.withDefaults().check(space) }

// check returns what is wrong with the configuration of a search of a space,
// defaults filled in.
func (c Config) check(space dropout.Space) error {
	if err := checkSpace(space); err != nil {
		return err
	}
	if !slices.Contains(algorithms, c.Algorithm) {
		return fmt.Errorf("controller: the algorithm is %q; it must be one of %q", c.Algorithm, algorithms)
	}
	const most = 1 << 12
	if c.InFlight < 1 || c.InFlight > most {
		return fmt.Errorf("controller: %d trials in flight; it must be from 1 to %d", c.InFlight, most)
	}
	for _, name := range c.Only {
		if !slices.ContainsFunc(space.Choices, func(choice dropout.Choice) bool { return choice.Name == name }) {
			return fmt.Errorf("controller: the choice %q, which is to be changed, is not in the space", name)
		}
	}
	for _, point := range c.Points {
		if err := space.Check(point); err != nil {
			return fmt.Errorf("controller: a point to be tried is not in the space: %w", err)
		}
	}
	if c.Start != nil {
		if err := space.Check(c.Start); err != nil {
			return fmt.Errorf("controller: the point to start near is not in the space: %w", err)
		}
	}
	for _, point := range c.Starts {
		if err := space.Check(point); err != nil {
			return fmt.Errorf("controller: a point to start with is not in the space: %w", err)
		}
	}
	switch {
	case c.Points != nil && len(c.Points) == 0:
		return errors.New("controller: there are no points to be tried: give some, or nil for all of the space")
	case c.Repeats < 0 || c.Repeats > most:
		return fmt.Errorf("controller: each point is tried %d times on average; it must be from 1 to %d", c.Repeats, most)
	case c.Algorithm == Rejects && c.Points == nil && space.Size().Cmp(big.NewInt(most)) > 0:
		return fmt.Errorf("controller: the space has more than %d points, of which successive rejects are to be given some", most)
	case c.Starts != nil && c.Start != nil:
		return errors.New("controller: a search begins near a point or with several: give one of the two")
	case c.Algorithm == Coordinate && c.Async:
		return errors.New("controller: coordinate ascent applies results in order, not as they come")
	case c.Starts != nil && c.Async:
		return errors.New("controller: a search that begins with several points applies results in order, not as they come")
	}
	if !(c.Everywhere >= 0 && c.Everywhere <= 1) {
		return fmt.Errorf("controller: the share of changes of all groups is %g; it must be from 0 to 1", c.Everywhere)
	}
	if err := c.checkReference(space); err != nil {
		return err
	}
	if c.Seeds < 0 || c.Seeds > most {
		return fmt.Errorf("controller: the children share %d seeds; it must be from 0 to %d", c.Seeds, most)
	}
	if err := c.checkStartProbs(space); err != nil {
		return err
	}
	if err := c.Network.check(space.Decisions()); err != nil {
		return err
	}
	if c.Algorithm == Evolution {
		if err := c.Evolution.check(); err != nil {
			return err
		}
	}
	return c.Learning.check()
}

// checkSpace returns what makes a space unfit to be searched.
func checkSpace(s dropout.Space) error {
	const most = 1 << 12 // decisions, and values of a choice
	if len(s.Choices) == 0 || s.Groups < 1 {
		return errors.New("controller: the space is empty; it needs at least one group and one choice")
	}
	if s.Groups > most || len(s.Choices) > most || s.Decisions() > most {
		return fmt.Errorf("controller: the space has %d groups of %d choices; the network takes at most %d decisions", s.Groups, len(s.Choices), most)
	}
	for _, t := range s.Choices {
		if len(t.Values) < 1 || len(t.Values) > most {
			return fmt.Errorf("controller: choice %q has %d values; it must have from 1 to %d", t.Name, len(t.Values), most)
		}
	}
	return nil
}
