// Command cluster shows what the distributed search does: -run kills runs one with
// real processes that are killed at random, and compares it with a search that
// nothing has disturbed; -run throughput measures how many trials a second pass
// through the queue when there is nothing to train; -run simulate computes how busy
// up to 1,024 workers are, and how stale their results, with the real controller in
// virtual time. Nothing leaves this machine.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"time"

	"autodropout/benchmarks/internal/cli"
	"autodropout/benchmarks/internal/machine"
	"autodropout/benchmarks/internal/usage"
)

func main() { cli.Main(run) }

// run is the program; it returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	return cli.ExitCode(start(ctx, args, stdout), "cluster", stderr)
}

// config is what the flags say.
type config struct {
	run     string
	trials  int
	workers []int
	seed    int

	every time.Duration // from one kill to the next, on average

	spread float64 // of the logarithm of a trial's time
	deaths float64 // of a worker, in each hour of its work
	reach  float64 // the utilisation to reach
	fewest int     // simulated trials, however few workers there are

	listen, folder string // of a server
}

const summary = `Cluster shows what the distributed search does, on this machine alone.

Flags:
`

// parse returns the configuration that the arguments ask for. Everything the
// user can get wrong is a *usage.Error.
func parse(args []string, stdout io.Writer) (config, error) {
	c := config{fewest: 200}
	fs := flag.NewFlagSet("cluster", flag.ContinueOnError)
	cli.Choice(fs, &c.run, "run", []string{"kills", "throughput", "simulate", "server"}, "`what` to do: kills, throughput or simulate; server is the process of kills that others connect to")
	cli.Whole(fs, &c.trials, "trials", 0, "the `number` of trials: of kills (default 60), of each throughput (default 400), or for each worker of simulate (default 8)")
	cli.Wholes(fs, &c.workers, "workers", 1, "the `numbers` of workers: one for kills (default 4), several for throughput (default 1,4,16) and simulate (default 1,4,16,64,256,1024)")
	cli.Whole(fs, &c.seed, "seed", 0, "the `number` that kills and simulated times derive from")
	fs.DurationVar(&c.every, "every", 3*time.Second, "the mean `time` from one kill of a worker to the next")
	fs.Float64Var(&c.spread, "spread", 0.3, "the `standard deviation` of the logarithm of a simulated trial's time")
	fs.Float64Var(&c.deaths, "deaths", 0.01, "the `number` of deaths of a simulated worker in each hour of its work")
	fs.Float64Var(&c.reach, "reach", 0.95, "the `share` of their time that simulated workers are to work; the simulation finds how many trials in flight that takes")
	fs.StringVar(&c.listen, "listen", "127.0.0.1:0", "the `address` of -run server")
	fs.StringVar(&c.folder, "folder", "", "the `folder` of -run server (required there); for kills, where the run and all output is kept (default a temporary one)")
	if err := cli.ParseFlags(fs, summary, args, stdout); err != nil {
		return config{}, err
	}
	if err := cli.NoArguments(fs); err != nil {
		return config{}, err
	}
	return c, c.check()
}

// check fills in the defaults that depend on what is run, and looks for what a
// single flag does not show.
func (c *config) check() error {
	defaults := map[string]struct {
		trials  int
		workers []int
	}{
		"kills":      {60, []int{4}},
		"throughput": {400, []int{1, 4, 16}},
		"simulate":   {8, []int{1, 4, 16, 64, 256, 1024}},
		"server":     {},
	}
	d, ok := defaults[c.run]
	switch {
	case !ok:
		return usage.Errorf("say what to do: -run kills, -run throughput or -run simulate")
	case c.run == "server" && c.folder == "":
		return usage.Errorf("-run server needs -folder, in which the server keeps its store")
	case c.run == "kills" && len(c.workers) > 1:
		return usage.Errorf("-run kills takes one number of workers, such as -workers 4, and not %d", len(c.workers))
	case c.every <= 0:
		return usage.Errorf("-every %v must be above 0", c.every)
	case !(c.spread >= 0 && c.spread <= 2):
		return usage.Errorf("-spread %v must be from 0 to 2", c.spread)
	case !(c.deaths >= 0 && c.deaths <= 10):
		return usage.Errorf("-deaths %v must be from 0 to 10", c.deaths)
	case !(c.reach > 0 && c.reach < 1):
		return usage.Errorf("-reach %v must be between 0 and 1", c.reach)
	}
	if c.trials == 0 {
		c.trials = d.trials
	}
	if len(c.workers) == 0 {
		c.workers = d.workers
	}
	return nil
}

func start(ctx context.Context, args []string, stdout io.Writer) error {
	c, err := parse(args, stdout)
	if err != nil {
		return err
	}
	if c.run != "server" {
		fmt.Fprintf(stdout, "%s, %s, commit %s\n", machine.CPU(), machine.SIMD(), machine.Commit("."))
	}
	switch c.run {
	case "kills":
		return c.kills(ctx, stdout)
	case "throughput":
		return c.throughput(ctx, stdout)
	case "simulate":
		return c.simulate(ctx, stdout)
	}
	return c.server(ctx)
}
