// Package cli is the command line of the benchmarks: presets, a configuration file and
// flags, the process with its signals and exit codes, and the part of a command line
// that spreads searches over machines. It knows neither rows nor plans: these register
// their own flags.
package cli

import (
	"context"
	"errors"
	"flag"
	"io"
	"strings"

	"autodropout/benchmarks/internal/usage"
	"autodropout/benchmarks/internal/words"
	"autodropout/controller/cluster"
)

// Command is the command line of a benchmark whose settings are a C.
type Command[C any] struct {
	Name    string // "cifar"
	Summary string // what -h prints above the flags
	Presets []Preset[C]

	// Register declares one flag for every setting, with c's value as the
	// default. It is called several times and must touch nothing else.
	Register func(fs *flag.FlagSet, c *C)

	// Rest returns the flag, and its value, that the words behind the flags stand for;
	// nil: there must be none.
	Rest func(words []string) (flag, value string)

	// Topics are the parts of the help. Flags that none of them has are the network
	// and its training.
	Topics []Topic

	// Free names flags that do not change the results. They are not among the
	// settings of a run: each session of it has its own.
	Free []string

	// Before has values of flags for runs that began before there were such flags, and
	// whose files do not have them: they go on as they began.
	Before map[string]string
}

// Preset is a named set of settings that a configuration file and flags change.
type Preset[C any] struct {
	Name   string
	Help   string
	Config C
}

// Run is the part of a command line that every benchmark has.
type Run struct {
	Preset   string
	Out      string // the folder to write to, "" for a fresh one
	Resume   bool
	Accept   bool     // what has changed since a run began, and gives other results
	Command  string   // to run the same again
	Settings Settings // the effective value of every flag that changes the results
	Cluster  Cluster
}

// ErrHelp is returned by Parse after it has printed the help that -h asks for.
var ErrHelp = flag.ErrHelp

// ParseFlags parses the arguments of a program that has flags only, no settings: where
// -h is among them it prints the summary and the flags and returns [ErrHelp]; what the
// user got wrong is a *[usage.Error]. What stands behind the flags is the caller's.
func ParseFlags(fs *flag.FlagSet, summary string, args []string, stdout io.Writer) error {
	fs.SetOutput(io.Discard)
	switch err := fs.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		io.WriteString(stdout, summary)
		fs.SetOutput(stdout)
		fs.PrintDefaults()
		return ErrHelp
	case err != nil:
		return usage.Errorf("%v (-h lists the flags)", err)
	}
	return nil
}

// NoArguments returns an error where something stands behind the flags.
func NoArguments(fs *flag.FlagSet) error {
	if fs.NArg() > 0 {
		return usage.Errorf("%q is not a flag (-h lists them)", fs.Arg(0))
	}
	return nil
}

// Parse returns the settings: those of the preset (the first one when none is
// named), changed by the configuration file, changed by the flags. A run that
// is resumed takes its own settings in place of preset and file, and a worker those
// of the run it works for, which it waits for until ctx is cancelled. Everything
// the user can get wrong is a *[usage.Error].
func (cmd *Command[C]) Parse(ctx context.Context, args []string, stdout io.Writer) (C, Run, error) {
	var none C
	first := cmd.Presets[0].Config
	given := newSource(cmd, &first)
	if err := given.parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			cmd.help(stdout)
			return none, Run{}, ErrHelp
		}
		return none, Run{}, err
	}
	if err := given.run.Cluster.check(given.visited, given.flags, cmd.Free); err != nil {
		return none, Run{}, err
	}
	file, err := given.file(ctx, cmd.Name, stdout)
	if err != nil {
		return none, Run{}, err
	}

	name := given.run.Preset
	if fromFile, ok := file.values["preset"]; ok && !given.visited("preset") {
		name = fromFile
	}
	preset, err := cmd.preset(name)
	if err != nil {
		return none, Run{}, err
	}
	config := preset.Config
	final := newSource(cmd, &config)
	if given.run.Resume || given.run.Cluster.Worker {
		file = file.with(cmd.Before)
	}
	if err := final.apply(file, given.visited); err != nil {
		return none, Run{}, err
	}
	if err := final.parse(args); err != nil {
		return none, Run{}, err
	}
	run := final.run
	run.Cluster = given.run.Cluster
	run.Preset = preset.Name
	command := []string{"go", "run", "./benchmarks/" + cmd.Name}
	for _, arg := range args {
		command = append(command, cluster.Shown(arg)) // what is kept with the run holds no password
	}
	run.Command = strings.ReplaceAll(words.Command(command...), "\n", " ")
	run.Settings = final.settings(cmd.Free)
	run.Settings["preset"] = preset.Name
	return config, run, nil
}

func (cmd *Command[C]) preset(name string) (Preset[C], error) {
	var names []string
	for _, p := range cmd.Presets {
		if p.Name == name {
			return p, nil
		}
		names = append(names, p.Name)
	}
	return Preset[C]{}, usage.Errorf("there is no preset %q: choose %s%s", name, words.Or(names), meant("", name, names))
}
