package experiment

import (
	"cmp"
	"flag"
	"fmt"
	"net"
	"runtime"
	"slices"
	"strings"
	"time"

	"autodropout/benchmarks/internal/cli"
	"autodropout/benchmarks/internal/report"
	"autodropout/benchmarks/internal/usage"
	"autodropout/benchmarks/internal/words"
	"autodropout/controller"
	"autodropout/dropout"
	"autodropout/patterns"
)

// Plan holds the settings that every experiment has.
type Plan struct {
	Methods     []string // keys of the rows
	Pattern     string   // a file; "" is none
	Seeds, Seed int

	Trials, InFlight int
	Tune             bool
	TuneTrials       int  // that choose a rate; 0: Trials
	TunePattern      bool // the strength of a given pattern, as Tune does rates
	Finalists        int
	Algorithm        string
	Space            string  // Paper or Wide
	Tied             bool    // the blocks of a stage have one pattern
	Start            string  // ByShare or ByBest
	StartShare       float64 // 0: all patterns are as likely
	Everywhere       float64 // the share of the changes of evolution and local that all groups get
	TrialSeeds       int     // that the trials of a search share; 0: each has its own
	Reference        string  // the key of the row that trials are compared with, seed by seed; "": none
	Async            bool

	// See FreeFlags.
	Workers, Steps  int
	CheckpointEvery time.Duration
	Checkpoints     int
	Debug           string
	Recompute       bool
	Quiet           bool
	Dashboard       string // an address, "" is none
}

// FreeFlags are the flags of a Plan that do not change the results.
var FreeFlags = []string{"workers", "steps", "checkpoint-every", "checkpoints", "debug", "recompute", "quiet", "dashboard"}

// Before has what searches of before 2026-11-29 and 2026-11-30 did that have no word of it: see
// [cli.Command].
var Before = map[string]string{"algorithm": string(controller.Reinforce), "space": Paper, "start": ByShare, "start-share": "0", "trial-seeds": "0", "tune-trials": "0"}

// Algorithm searches the patterns of AutoDropout by default: doc/search.md says why.
const Algorithm = controller.PPO

// The spaces of searches: as published, and one that holds hand-made dropout too.
const (
	Paper = "paper"
	Wide  = "wide"
)

// What searches begin with: patterns that drop StartShare on average, or dropout made by
// hand, and what is near the best of it.
const (
	ByShare = "share"
	ByBest  = "best"
)

// Topics are the parts of the help of an experiment, beside those that every command has.
var Topics = []cli.Topic{
	{Title: "What is compared", Flags: []string{"method", "pattern", "seeds", "seed", "tune", "tune-pattern", "tune-trials"}},
	{Title: "Searches", Flags: []string{"trials", "algorithm", "space", "tied", "start", "start-share", "everywhere", "trial-seeds", "reference", "finalists", "in-flight", "async",
		"search-epochs", "search-steps", "search-depth", "search-width", "search-channels", "search-layers", "search-inner", "search-train", "search-valid"}},
	{Title: "Data", Flags: []string{"data", "train-size", "valid-size", "test-size", "labels", "test", "from", "to", "tokenized", "prepare", "merges", "longest",
		"contents", "scenes", "augment", "flip", "crop", "pixels", "resize", "cutout", "randaugment"}},
	{Title: "Hand-made dropout", Flags: []string{"dropout", "spatial-dropout", "dropblock", "dropblock-size", "stochastic-depth",
		"drop-words", "drop-input", "drop-attention", "drop-probability", "drop-projection", "drop-inner", "drop-output", "drop-final", "temporal"}},
	{Title: "With a model that a run has trained", Flags: []string{"generate", "prompt", "translate", "translate-file", "beam", "length-penalty"}},
	{Title: "How it runs, which does not change the results", Flags: FreeFlags},
}

// Register declares the flags of the plan. The words after -method are the keys
// of the table.
func (p *Plan) Register(fs *flag.FlagSet, table []Row) {
	p.RegisterSearch(fs, table)
	p.registerTraining(fs)
}

// RegisterSearch declares the flags of the plan but for those that are about networks
// of this process.
func (p *Plan) RegisterSearch(fs *flag.FlagSet, table []Row) {
	cli.List(fs, &p.Methods, "method", Keys(table), "the `rows` of the table, separated by commas: "+words.And(Keys(table)))
	fs.StringVar(&p.Pattern, "pattern", p.Pattern, "instead of searching, train with the pattern in this JSON `file`, or with a pattern that comes with the program: "+strings.Join(patterns.Names(), ", "))
	cli.Whole(fs, &p.Seeds, "seeds", 1, "the `number` of final trainings for each row")
	cli.Whole(fs, &p.Seed, "seed", 0, "the seed, a `number` that all randomness derives from")
	cli.Whole(fs, &p.Workers, "workers", 0, "run this `number` of trials at a time, at most -in-flight; if networks are small, also this number of final trainings. 0: one for each core. It does not change the results")
	cli.Whole(fs, &p.Steps, "steps", 0, "stop the run after this `number` of training steps, as Ctrl-C does, for a first try of something large; 0: no limit")
	fs.BoolVar(&p.Quiet, "quiet", p.Quiet, "do not show the progress of the run")
	fs.StringVar(&p.Dashboard, "dashboard", p.Dashboard, "serve the report to browsers during the run, at this `address`: :8080 for this machine only, HOST:8080 for other machines too")
	cli.Whole(fs, &p.Trials, "trials", 1, "the `number` of patterns that each search tries")
	cli.Whole(fs, &p.Finalists, "finalists", 0, fmt.Sprintf("so that luck does not choose: train this `number` of a search's best patterns again with other seeds, %d times on average, and take the one with the best mean. The worst are dropped early. These trainings are part of -trials", repeats))
	fs.BoolVar(&p.Tune, "tune", p.Tune, "tune the rates of hand-made dropout: try some rates in turn, in -tune-trials trials, and take the rate with the best mean")
	cli.Whole(fs, &p.TuneTrials, "tune-trials", 0, "the `number` of trials that tune a rate; 0: -trials")
	cli.Whole(fs, &p.InFlight, "in-flight", 1, "the `number` of trials that may be sampled before the oldest of them has ended")
	cli.Choice(fs, &p.Algorithm, "algorithm", []string{string(controller.Reinforce), string(controller.PPO), string(controller.Evolution), string(controller.Local), string(controller.Coordinate)},
		"the `way` to search AutoDropout's patterns. With reinforce and ppo a controller learns; evolution and local vary good patterns; coordinate varies one choice after another and tries each value with three seeds")
	cli.Share(fs, &p.Everywhere, "everywhere", "make this `share` of the changes of evolution and local in all blocks or places at once")
	cli.Whole(fs, &p.TrialSeeds, "trial-seeds", 0, "the `number` of seeds that the trials of a search share, in turn, so that luck is the same for all; 0: each trial has its own seed")
	fs.Float64Var(&p.StartShare, "start-share", p.StartShare, "begin searches with patterns that drop this `share` of all elements on average, less than the average of the space; 0: begin with all patterns equally likely")
	fs.BoolVar(&p.Async, "async", p.Async, "learn from results in the order in which they arrive; such a search cannot be repeated exactly")
}

// registerTraining declares the flags of how networks are trained in this process, and
// what patterns can be in them.
func (p *Plan) registerTraining(fs *flag.FlagSet) {
	p.Space, p.Start = cmp.Or(p.Space, Paper), cmp.Or(p.Start, ByShare)
	cli.Choice(fs, &p.Space, "space", []string{Paper, Wide}, "the `space` of patterns to search: paper, the published one; or wide, which also holds the usual hand-made dropout")
	fs.BoolVar(&p.Tied, "tied", p.Tied, "give all blocks of a stage of a ConvNet the same pattern, so that fewer choices remain")
	cli.Choice(fs, &p.Start, "start", []string{ByShare, ByBest}, "the `way` in which searches begin: share, with patterns that drop -start-share; or best, with the hand-made rows and then with patterns near the best of these. best needs -space wide")
	fs.BoolVar(&p.TunePattern, "tune-pattern", p.TunePattern, "tune the strength of a given pattern: try in turn, in -tune-trials trials, what drops some times as much, and take the strength with the best mean")
	fs.StringVar(&p.Reference, "reference", p.Reference, "also train this `row`, none or a hand-made one, once with each of the -trial-seeds; searches then compare each pattern with it, seed by seed. These trainings count among the -trials")
	if p.CheckpointEvery == 0 {
		p.CheckpointEvery, p.Checkpoints = time.Minute, 2
	}
	cli.Span(fs, &p.CheckpointEvery, "checkpoint-every", "the `time` between two checkpoints of a training, such as 10m. It does not change the results")
	cli.Whole(fs, &p.Checkpoints, "checkpoints", 1, "keep this `number` of checkpoints of a training: if the last one is damaged, the one before it takes its place")
	cli.Choice(fs, &p.Debug, "debug", []string{"nan"}, "with `nan`, check every number of a training, and name the step and the operation that made the first number that is not finite. It takes time and does not change the results")
	fs.BoolVar(&p.Recompute, "recompute", p.Recompute, "train in less memory: recompute cheap outputs for the gradient instead of keeping them. It takes a little time and does not change the results")
}

// checkPolicies returns what is wrong with the settings of a baseline, tried on
// the sites of a network.
func checkPolicies(rows []Row, sites []dropout.Site) error {
	for _, m := range rows {
		if m.Policy == nil {
			continue
		}
		if _, err := m.Policy(sites); err != nil {
			return usage.Errorf("%s: %v", m.Title, err)
		}
	}
	return nil
}

// searches reports whether one of the rows needs a search.
func searches(rows []Row) bool {
	return slices.ContainsFunc(rows, func(row Row) bool { return row.searches() })
}

// repeats is how many times each finalist is trained.
const repeats = 3

// check returns what is wrong with the plan beyond a single flag.
func (p *Plan) check() error {
	switch {
	case p.Start == ByBest && p.Space != Wide:
		return usage.Errorf("-start best begins with hand-made dropout, which only -space wide holds")
	case p.Start == ByBest && p.Async:
		return usage.Errorf("-start best needs results in order: leave -async out")
	}
	if n := repeats * p.Finalists; n > 0 && n >= p.Trials {
		return usage.Errorf("-finalists %d takes %d trainings, which leaves nothing of -trials %d to search with: give more trials or fewer finalists", p.Finalists, n, p.Trials)
	}
	return p.checkReference()
}

// workers returns how many networks are trained at a time where that is of use.
func (p *Plan) workers() int { return cmp.Or(p.Workers, runtime.GOMAXPROCS(0)) }

// listen takes the port of the dashboard; nil: there is none.
func (p *Plan) listen() (net.Listener, error) {
	if p.Dashboard == "" {
		return nil, nil
	}
	l, err := report.Listen(p.Dashboard)
	if err != nil {
		return nil, usage.Errorf("-dashboard %s: %v", p.Dashboard, err)
	}
	return l, nil
}
