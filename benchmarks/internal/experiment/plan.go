package experiment

import (
	"cmp"
	"flag"
	"fmt"
	"net"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"autodropout/benchmarks/internal/cli"
	"autodropout/benchmarks/internal/report"
	"autodropout/benchmarks/internal/runfolder"
	"autodropout/benchmarks/internal/sheet"
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
	Finalists        int
	Algorithm        string
	Space            string  // Paper or Wide
	Tied             bool    // the blocks of a stage have one pattern
	Start            string  // ByShare or ByBest
	StartShare       float64 // 0: all patterns are as likely
	TrialSeeds       int     // that the trials of a search share; 0: each has its own
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
var Before = map[string]string{"algorithm": string(controller.Reinforce), "space": Paper, "start": ByShare, "start-share": "0", "trial-seeds": "0"}

// Algorithm searches the patterns of AutoDropout by default: doc/search.md says why.
const Algorithm = controller.PPO

// The spaces of searches: as published, and one that holds dropout made by hand too.
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
	{Title: "What is compared", Flags: []string{"method", "pattern", "seeds", "seed", "tune"}},
	{Title: "Searches", Flags: []string{"trials", "algorithm", "space", "tied", "start", "start-share", "trial-seeds", "finalists", "in-flight", "async",
		"search-epochs", "search-steps", "search-depth", "search-width", "search-channels", "search-layers", "search-inner", "search-train", "search-valid"}},
	{Title: "Data", Flags: []string{"data", "train-size", "valid-size", "test-size", "labels", "test", "from", "to", "tokenized", "prepare", "merges", "longest",
		"contents", "scenes", "augment", "flip", "crop", "pixels", "resize", "cutout", "randaugment"}},
	{Title: "Dropout made by hand", Flags: []string{"dropout", "spatial-dropout", "dropblock", "dropblock-size", "stochastic-depth",
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
	cli.List(fs, &p.Methods, "method", Keys(table), "the `rows` of the table, with commas between them: "+words.And(Keys(table)))
	fs.StringVar(&p.Pattern, "pattern", p.Pattern, "train with the pattern in this JSON `file` instead of searching, or with one that comes with the program: "+strings.Join(patterns.Names(), ", "))
	cli.Whole(fs, &p.Seeds, "seeds", 1, "the `number` of final trainings for each row")
	cli.Whole(fs, &p.Seed, "seed", 0, "the `number` that all randomness derives from")
	cli.Whole(fs, &p.Workers, "workers", 0, "the `number` of trials to run at a time, at most -in-flight, and of final trainings of a row, where networks are small; 0 is one for each core. It does not change the results")
	cli.Whole(fs, &p.Steps, "steps", 0, "stop after this `number` of training steps, as an interrupt does, to try something large; 0 is no limit")
	fs.BoolVar(&p.Quiet, "quiet", p.Quiet, "do not show how the run advances")
	fs.StringVar(&p.Dashboard, "dashboard", p.Dashboard, "show the report in a browser while the run goes on, at this `address`: :8080 for this machine alone, HOST:8080 for others too")
	cli.Whole(fs, &p.Trials, "trials", 1, "the `number` of patterns that each search tries")
	cli.Whole(fs, &p.Finalists, "finalists", 0, fmt.Sprintf("train this `number` of a search's best patterns %d times more on average, with other seeds, and take the one with the best mean, so that luck does not choose. Those with the worst means are left out early. These trainings count among the -trials", repeats))
	fs.BoolVar(&p.Tune, "tune", p.Tune, "choose the rates of dropout made by hand: as many trials as a search has try some rates in turn, and the rate with the best mean is taken")
	cli.Whole(fs, &p.InFlight, "in-flight", 1, "the `number` of trials that may be under way at the same time")
	cli.Choice(fs, &p.Algorithm, "algorithm", []string{string(controller.Reinforce), string(controller.PPO), string(controller.Evolution), string(controller.Local), string(controller.Coordinate)},
		"the `way` in which AutoDropout's patterns are searched. With reinforce and ppo a controller learns; evolution, local and coordinate change good patterns, the last one choice after another, each value with three seeds")
	cli.Whole(fs, &p.TrialSeeds, "trial-seeds", 0, "the `number` of seeds that the trials of a search take in turn, so that luck is the same for all; 0: each trial has its own seed")
	fs.Float64Var(&p.StartShare, "start-share", p.StartShare, "begin searches with patterns that drop this `share` of all elements on average. It is above 0 and below the share of the space; 0 makes all patterns as likely")
	fs.BoolVar(&p.Async, "async", p.Async, "learn from results in the order they come; such a search cannot be repeated exactly")
}

// registerTraining declares the flags of how networks are trained in this process, and
// what patterns can be in them.
func (p *Plan) registerTraining(fs *flag.FlagSet) {
	p.Space, p.Start = cmp.Or(p.Space, Paper), cmp.Or(p.Start, ByShare)
	cli.Choice(fs, &p.Space, "space", []string{Paper, Wide}, "the `space` of the patterns that are searched: paper, the published one; or wide, which holds the usual dropout made by hand too")
	fs.BoolVar(&p.Tied, "tied", p.Tied, "let all blocks of a stage of a ConvNet have the same pattern, so that there is less to choose")
	cli.Choice(fs, &p.Start, "start", []string{ByShare, ByBest}, "the `way` in which searches begin: share, with patterns that drop -start-share; or best, with the rows made by hand, and then with patterns near the best of them, which needs -space wide")
	if p.CheckpointEvery == 0 {
		p.CheckpointEvery, p.Checkpoints = time.Minute, 2
	}
	cli.Span(fs, &p.CheckpointEvery, "checkpoint-every", "the `time` from one checkpoint of a training to the next, such as 10m. It does not change the results")
	cli.Whole(fs, &p.Checkpoints, "checkpoints", 1, "the `number` of checkpoints of a training to keep: should the last one be damaged, the one before it takes its place")
	cli.Choice(fs, &p.Debug, "debug", []string{"nan"}, "with `nan`, check every number of a training, and tell which operation in which step made the first that is not finite. It takes time and does not change the results")
	fs.BoolVar(&p.Recompute, "recompute", p.Recompute, "train in less memory: compute cheap outputs again for the gradient instead of keeping them. It takes a little time and does not change the results")
}

// Row is a row of the table.
type Row struct {
	Key   string // after -method, and in the names of files
	Title string
	Kind  sheet.Kind
	Paper *runfolder.Paper

	// Policy makes the dropout of a row that searches nothing; nil: none, that of
	// the pattern of -pattern, or what a program outside of this process knows.
	Policy MakePolicy
	// Rated is dropout made by hand with one of several rates, which trials choose;
	// nil: the rate is given.
	Rated *Rated
	// Algorithm searches the pattern; "": the plan says which.
	Algorithm controller.Algorithm
	// Ablated takes something away from the space of the search; nil: nothing.
	Ablated func(space dropout.Space) dropout.Space
	// Near returns the point of the space that the controller begins near; nil: none.
	Near func(space dropout.Space) ([]int, error)
	// AsPublished searches the paper's space, with all patterns as likely at first,
	// whatever the plan says.
	AsPublished bool
	// PerPlace is dropout made by hand: the best of the table's rows, whose rate is tuned in
	// each block or place, in the wide space, with as many trials as a search.
	PerPlace bool
	// Shares is the key of the row whose search this one shares; "" is none.
	Shares string
	// Network is what the row trains: Final, or Varied.
	Network Network
}

// Rated is dropout made by hand with one of several rates.
type Rated struct {
	Rates  []float64
	Given  float64                       // where trials do not choose
	Policy func(rate float64) MakePolicy // nil: a program outside of this process knows
	point  bool                          // it is a pattern of a wide space
}

// HandMade is a row for dropout made by hand: with the given rate, or with -tune with
// the best of several.
func HandMade[D dropout.Policy](key, title string, rate float64, policy func(rate float64, sites []dropout.Site) (D, error), rates ...float64) Row {
	_, point := any(*new(D)).(dropout.HandMade)
	rated := Rated{rates, rate, func(rate float64) MakePolicy {
		return func(sites []dropout.Site) (dropout.Policy, error) { return policy(rate, sites) }
	}, point}
	return Row{Key: key, Title: title, Kind: sheet.HandMade, Policy: rated.Policy(rate), Rated: &rated}
}

// searches reports whether the row needs a search, of a pattern or a rate.
func (r *Row) searches() bool { return r.Kind.Searched() || r.tuned() || r.PerPlace }

// tuned reports whether trials choose the row's rate.
func (r *Row) tuned() bool { return r.Kind == sheet.HandMade && r.Algorithm == controller.Grid }

// searchKey names the search of a row.
func (r *Row) searchKey() string { return cmp.Or(r.Shares, r.Key) }

// name is what the files of the final training with seed k are called.
func (r *Row) name(k int) string { return runfolder.Training(r.Key, k) }

// title is what people read about it.
func (r *Row) title(k int) string { return fmt.Sprintf("%s, seed %d", r.Title, k) }

// Keys returns the keys of a table's rows.
func Keys(table []Row) []string {
	var keys []string
	for _, m := range table {
		keys = append(keys, m.Key)
	}
	return keys
}

// Rows returns the rows of the table that were asked for, in its order. A given
// pattern takes the place of those that would have to be searched.
func (p *Plan) Rows(table []Row) []Row {
	var rows []Row
	for _, row := range table {
		if !slices.Contains(p.Methods, row.Key) || (row.Kind.Searched() || row.PerPlace) && p.Pattern != "" {
			continue
		}
		switch {
		case row.PerPlace:
			row.Algorithm = controller.Coordinate
		case row.Kind == sheet.Random:
			row.Algorithm = controller.Random
		case row.Kind.Searched():
			row.Algorithm = cmp.Or(row.Algorithm, controller.Algorithm(p.Algorithm))
		case row.Kind == sheet.HandMade && p.Tune && row.Rated != nil:
			row.Policy, row.Algorithm = nil, controller.Grid
		case row.Kind == sheet.Given && p.Pattern != "":
			row.Policy, row.Title = nil, row.Title+", "+filepath.Base(p.Pattern)
		}
		rows = append(rows, row)
	}
	if p.Pattern == "" || slices.ContainsFunc(rows, func(row Row) bool { return row.Kind == sheet.Given }) {
		return rows
	}
	title := "pattern " + filepath.Base(p.Pattern)
	rows = append(rows, Row{Key: "pattern", Title: title, Kind: sheet.Given})
	for _, row := range table {
		if slices.Contains(p.Methods, row.Key) && row.Shares != "" && row.Kind != sheet.Shuffled {
			rows = append(rows, Row{Key: "pattern-" + row.Key, Title: title + ", as in " + row.Title, Kind: sheet.Given, Network: row.Network})
		}
	}
	return rows
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
		return usage.Errorf("-start best begins with dropout made by hand, which only -space wide holds")
	case p.Start == ByBest && p.Async:
		return usage.Errorf("-start best needs results in order: leave -async out")
	}
	if n := repeats * p.Finalists; n > 0 && n >= p.Trials {
		return usage.Errorf("-finalists %d takes %d trainings, which leaves nothing of -trials %d to search with", p.Finalists, n, p.Trials)
	}
	return nil
}

// sampled returns how many of a row's trials choose their points; the others repeat
// the finalists.
func (p *Plan) sampled(row Row) int {
	if row.tuned() {
		return p.Trials
	}
	return p.Trials - repeats*p.Finalists
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
