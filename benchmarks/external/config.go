package main

import (
	"cmp"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"autodropout/benchmarks/internal/cli"
	"autodropout/benchmarks/internal/experiment"
	"autodropout/benchmarks/internal/outside"
	"autodropout/benchmarks/internal/sheet"
	"autodropout/benchmarks/internal/usage"
	"autodropout/benchmarks/internal/words"
	"autodropout/controller"
	"autodropout/dropout"
)

// config holds the settings of a run.
type config struct {
	experiment.Plan
	command line
	rows    rows
	grids   grids
	space   space
	stages  []int

	budget, finalBudget int // in a unit of the program's
	metric, unit        string
	lower               bool
	also                []string
	dataset             string

	// These do not change the results.
	limit, grace time.Duration
	keep         bool
	slots        []string
}

var command = cli.Command[config]{
	Name: "external",
	Summary: `
Searches with any trainer: starts a program for every trial, gives it a dropout pattern or other choices, and reads the
reward. Then it trains with the best pattern, and with hand-made dropout, and prints the table. The program stands after
the flags; doc/external-protocol.md says what it is told and what it answers.

  go run ./benchmarks/external -space convnet -stages 3,4,6,3 -trials 500 -- python train.py
  go run ./benchmarks/external -space sequence -slots 0,1,2,3 -in-flight 8 -- python train_lm.py --epochs {budget}
  go run ./benchmarks/external -space choices.json -- ./train --lr {lr}       choices of your own, from a file
  go run ./benchmarks/external -tune -row "dropblock=python train.py --dropblock {rate}" -grid 0.05,0.1,0.2 ... -- python train.py
  go run ./benchmarks/external -resume -out runs/NAME                         continue a run that was stopped`,
	Presets: []cli.Preset[config]{{Name: "default", Help: "40 trials in each search, one at a time, and a final training for each row", Config: config{
		Plan:   experiment.Plan{Methods: []string{"none", "random", "autodropout"}, Seeds: 1, Trials: 40, InFlight: 4, Workers: 1, Algorithm: string(experiment.Algorithm), StartShare: dropout.MildConv},
		space:  space{kind: convnet},
		metric: "reward", dataset: "its own data", grace: 30 * time.Second,
	}}},
	Register: register,
	Rest:     func(behind []string) (flag, value string) { return "command", words.Command(behind...) },
	Topics:   experiment.Topics,
	Free:     append([]string{"time-limit", "grace", "keep", "slots"}, experiment.FreeFlags...),
}

func register(fs *flag.FlagSet, c *config) {
	c.Plan.RegisterSearch(fs, c.fixed())
	fs.Var(&c.command, "command", "the `program` with its arguments, as one line; or write it after the flags and --")
	fs.Var(&c.rows, "row", "add a hand-made row to the table, `KEY=PROGRAM ARGUMENTS`, where {rate} stands for a rate of -grid. It may be given several times")
	fs.Var(&c.grids, "grid", "the `rates` of the rows with {rate}, separated by commas; KEY=RATES gives those of one row. With -tune trials choose among them; otherwise the first is taken. It may be given several times")
	fs.Var(&c.space, "space", "what is searched: `convnet or sequence`, patterns for ConvNets (see -stages) or Transformers; convnet-wide or sequence-wide, which also hold the usual hand-made dropout; or a JSON file with choices of your own")
	cli.Wholes(fs, &c.stages, "stages", 1, "the `numbers` of residual blocks in the stages of the ConvNet, separated by commas: 3,4,6,3")
	cli.Whole(fs, &c.budget, "budget", 0, "how long a trial trains: a `number` in the program's own unit, such as epochs; 0: the program decides")
	cli.Whole(fs, &c.finalBudget, "final-budget", 0, "the same `number` for the trainings of the table; 0: as -budget")
	fs.StringVar(&c.metric, "metric", c.metric, "the metric of the table: reward, or the `name` of a value in the program's answers")
	fs.StringVar(&c.unit, "unit", c.unit, "the `unit` of -metric, such as %")
	fs.BoolVar(&c.lower, "lower", c.lower, "lower values of -metric are better")
	fs.Var((*names)(&c.also), "also", "the `names` of further values for the table, separated by commas")
	fs.StringVar(&c.dataset, "dataset", c.dataset, "the data that the program trains on, in `words`, for the report")
	cli.Span(fs, &c.limit, "time-limit", "stop an attempt of a training after this `time`, such as 2h, and try again (default none). It does not change the results")
	cli.Span(fs, &c.grace, "grace", "the `time` that a program has between SIGTERM, the request to end, and its end by force. It does not change the results")
	fs.BoolVar(&c.keep, "keep", c.keep, "keep all files that a program leaves in the folder of a trial")
	fs.Var((*names)(&c.slots), "slots", "the `names` of slots, such as GPUs 0,1,2,3: each runs one training at a time, with its name in CUDA_VISIBLE_DEVICES. It replaces -workers and does not change the results")
}

// fixed returns the rows that the table can have whoever trains.
func (c *config) fixed() []experiment.Row {
	random, learned := "random-search pattern", "AutoDropout"
	if c.space.own != nil {
		random, learned = "random search", "the controller's choices"
	}
	return []experiment.Row{
		{Key: "none", Title: "none"},
		{Key: "random", Title: random, Kind: sheet.Random},
		{Key: "autodropout", Title: learned, Kind: sheet.Learned},
		{Key: "ppo", Title: learned + " with PPO", Kind: sheet.Learned, Algorithm: controller.PPO},
		{Key: "evolution", Title: "evolution", Kind: sheet.Learned, Algorithm: controller.Evolution},
		{Key: "local", Title: "local search", Kind: sheet.Learned, Algorithm: controller.Local},
	}
}

// table returns the rows that the table can have, those made by hand behind the first.
func (c *config) table() []experiment.Row {
	fixed := c.fixed()
	var byHand []experiment.Row
	for _, r := range c.rows {
		row := experiment.Row{Key: r.key, Title: r.key, Kind: sheet.HandMade}
		if r.rated() {
			rates := c.grids.of(r.key)
			row.Rated = &experiment.Rated{Rates: rates, Given: rates[0]}
		}
		byHand = append(byHand, row)
	}
	return slices.Concat(fixed[:1], byHand, fixed[1:])
}

// check returns what is wrong with the settings beyond a single flag, for programs
// that are started from a folder, and completes them.
func (c *config) check(folder string) error {
	switch {
	case len(c.command.words) == 0:
		return usage.Errorf("there is no program to train with: give it behind the flags, such as -- python train.py")
	case c.space.stages() && len(c.stages) == 0:
		return usage.Errorf("-space %s needs -stages, the numbers of residual blocks in each stage: 3,4,6,3 for a ResNet-50", c.space.kind)
	case !c.space.stages() && len(c.stages) > 0:
		return usage.Errorf("-stages is for -space convnet and convnet-wide")
	case c.space.own != nil && c.StartShare != 0 && c.StartShare != dropout.MildConv:
		return usage.Errorf("-start-share is for patterns of dropout, and the choices of -space %s are none: leave it out", c.space.own.Name)
	case len(c.slots) > c.InFlight:
		return usage.Errorf("-slots has %d places for -in-flight %d trials, so that some would always be empty: give -in-flight %d", len(c.slots), c.InFlight, len(c.slots))
	case c.lower && c.metric == reward:
		return usage.Errorf("-lower is for a -metric among the program's values: the higher a reward, the better")
	}
	if n := len(c.slots); n > 0 {
		c.Workers = n
	}
	for i, slot := range c.slots {
		if slices.Contains(c.slots[:i], slot) {
			return usage.Errorf("-slots has %s twice: name each slot once", slot)
		}
	}
	if c.space.own != nil {
		c.StartShare = 0 // the default is for patterns
	}
	c.finalBudget = cmp.Or(c.finalBudget, c.budget)
	if err := c.grids.check(c.rows); err != nil {
		return err
	}
	keys := experiment.Keys(c.fixed())
	if c.Pattern != "" {
		keys = append(keys, experiment.Given)
	}
	for _, r := range c.rows {
		if slices.Contains(keys, r.key) {
			return usage.Errorf("-row %s: there is a row of that name already, give it another key", r.key)
		}
		keys = append(keys, r.key)
		c.Methods = append(c.Methods, r.key)
	}
	return c.find(folder)
}

// python is how the programs are called that run a script.
var python = regexp.MustCompile(`^python[0-9.]*(\.exe)?$`)

// script returns the relative path of the file that a command has Python run; ok is false where it
// is another program, or trials have one file each.
func script(words []string) (path string, ok bool) {
	if len(words) < 2 || !python.MatchString(filepath.Base(words[0])) {
		return "", false
	}
	path = words[1]
	return path, !strings.HasPrefix(path, "-") && !strings.Contains(path, "{") && !filepath.IsAbs(path)
}

// find finds the programs that are started from a folder.
func (c *config) find(folder string) error {
	commands := []*line{&c.command}
	for i := range c.rows {
		commands = append(commands, &c.rows[i].command)
	}
	for _, command := range commands {
		command.absolute = outside.Absolute(folder, command.words)
		program := command.absolute[0]
		path, err := exec.LookPath(program)
		if strings.Contains(program, "{") {
			continue // trials have one each
		}
		if err != nil {
			return usage.Errorf("the program cannot be started: %v", err)
		}
		if path, ok := script(command.words); ok {
			if _, err := os.Stat(filepath.Join(folder, path)); err != nil {
				return usage.Errorf("%s is to run %s, and there is no such file in %s: start the search in the folder that has it, or give its whole path", command.words[0], path, folder)
			}
		}
		command.path = path
	}
	return nil
}
