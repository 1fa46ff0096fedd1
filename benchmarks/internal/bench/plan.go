package bench

import (
	"flag"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"autodropout/benchmarks/internal/runfolder"
	"autodropout/benchmarks/internal/usage"
	"autodropout/controller"
	"autodropout/dropout"
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
	StartShare       float64
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

// Register declares the flags of the plan. The words after -method are the keys
// of the table.
func (p *Plan) Register(fs *flag.FlagSet, table []Method) {
	List(fs, &p.Methods, "method", Keys(table), "the `rows` of the table, with commas between them")
	fs.StringVar(&p.Pattern, "pattern", p.Pattern, "train with the pattern in this JSON `file` instead of searching")
	Whole(fs, &p.Seeds, "seeds", 1, "the `number` of final trainings for each row")
	Whole(fs, &p.Seed, "seed", 0, "the `number` that all randomness derives from")
	Whole(fs, &p.Workers, "workers", 0, "the `number` of trials to run at a time, at most -in-flight; 0 is one for each core. It does not change the results")
	Whole(fs, &p.Steps, "steps", 0, "stop after this `number` of training steps, as an interrupt does, to try something large; 0 is no limit")
	if p.CheckpointEvery == 0 {
		p.CheckpointEvery, p.Checkpoints = time.Minute, 2
	}
	Span(fs, &p.CheckpointEvery, "checkpoint-every", "the `time` from one checkpoint of a training to the next, such as 10m. It does not change the results")
	Whole(fs, &p.Checkpoints, "checkpoints", 1, "the `number` of checkpoints of a training to keep: should the last one be damaged, the one before it takes its place")
	Choice(fs, &p.Debug, "debug", []string{"nan"}, "with `nan`, look at every number of a training as it is computed, and tell which operation in which step made the first that is not finite. It takes time and does not change the results")
	fs.BoolVar(&p.Recompute, "recompute", p.Recompute, "train in less memory: compute outputs that are quickly made again for the gradient instead of keeping them. It takes a little time and does not change the results")
	fs.BoolVar(&p.Quiet, "quiet", p.Quiet, "do not show how the run advances")
	fs.StringVar(&p.Dashboard, "dashboard", p.Dashboard, "show the report in a browser while the run goes on, at this `address`: :8080 for this machine alone, HOST:8080 for others too")
	Whole(fs, &p.Trials, "trials", 1, "the `number` of patterns that each search tries")
	Whole(fs, &p.Finalists, "finalists", 0, fmt.Sprintf("the `number` of best patterns of a search that are trained %d times more, with other seeds, so that luck does not choose: their mean does. These are some of the -trials", repeats))
	fs.BoolVar(&p.Tune, "tune", p.Tune, "choose the rates of dropout made by hand by as many trials as a search has, scored alike: each of some rates is tried in turn, and the one with the best mean is taken")
	Whole(fs, &p.InFlight, "in-flight", 1, "the `number` of trials sampled before the first of them must have finished")
	Choice(fs, &p.Algorithm, "algorithm", []string{string(controller.Reinforce), string(controller.PPO), string(controller.Evolution), string(controller.Local)},
		"how AutoDropout's patterns are searched: `reinforce, ppo`, by the controller, or evolution or local, without it, by changing good ones")
	fs.Float64Var(&p.StartShare, "start-share", p.StartShare, "let searches begin with patterns that drop this `share` of all elements on average, above 0 and below that of the space; 0: with all patterns as likely")
	fs.BoolVar(&p.Async, "async", p.Async, "let results reach the controller in the order they come; the search can then not be repeated exactly")
}

// Method is a row of the table.
type Method struct {
	Key   string // after -method, and in the names of files
	Title string
	Paper *runfolder.Paper

	// Policy makes the dropout of a baseline; nil: none.
	Policy Policy
	// Rated, where -tune is given, stands for Policy: a rate is chosen by trials.
	Rated Rated
	// Search finds the pattern, or with Grid the rate; "" where there is nothing to
	// search. Reinforce stands for the algorithm of the plan.
	Search controller.Algorithm
	// Ablated takes something away from the space of the search; nil: nothing.
	Ablated func(space dropout.Space) dropout.Space
	// Near returns the point of the space that the controller begins near; nil: none.
	Near func(space dropout.Space) ([]int, error)
	// Shares is the key of the row whose search this one shares; "" is none.
	Shares string
	// Given tells that the pattern was learned elsewhere: Policy applies it, and with
	// -pattern, which replaces it, Policy is nil.
	Given bool
	// Network is what the row trains: Final, or Varied.
	Network Network
}

// learned reports whether the row's pattern was learned by the controller, or is
// given.
func (m *Method) learned() bool {
	return m.Given || m.Search != "" && m.Search != controller.Random && m.Search != controller.Grid
}

// Rated is dropout made by hand with one of several rates.
type Rated struct {
	Rates  []float64
	Policy func(rate float64) Policy
}

// ByHand completes a row for dropout made by hand: with the given rate, or with
// -tune with the best of several.
func (m Method) ByHand(rate float64, policy func(rate float64) Policy, rates ...float64) Method {
	m.Policy, m.Rated = policy(rate), Rated{rates, policy}
	return m
}

// searchKey names the search of a row.
func (m *Method) searchKey() string {
	if m.Shares != "" {
		return m.Shares
	}
	return m.Key
}

// Keys returns the keys of a table's methods.
func Keys(table []Method) []string {
	var keys []string
	for _, m := range table {
		keys = append(keys, m.Key)
	}
	return keys
}

// Rows returns the methods of the table that were asked for, in its order. A
// given pattern takes the place of those that would have to be searched.
func (p *Plan) Rows(table []Method) []Method {
	var rows []Method
	for _, m := range table {
		if !slices.Contains(p.Methods, m.Key) || m.Search != "" && p.Pattern != "" {
			continue
		}
		if m.Search == controller.Reinforce {
			m.Search = controller.Algorithm(p.Algorithm)
		}
		if p.Tune && m.Rated.Rates != nil {
			m.Policy, m.Search = nil, controller.Grid
		}
		if m.Given && p.Pattern != "" {
			m.Policy, m.Title = nil, m.Title+", "+filepath.Base(p.Pattern)
		}
		rows = append(rows, m)
	}
	if p.Pattern == "" || slices.ContainsFunc(rows, func(m Method) bool { return m.Given }) {
		return rows
	}
	title := "pattern " + filepath.Base(p.Pattern)
	rows = append(rows, Method{Key: "pattern", Title: title, Given: true})
	for _, m := range table {
		if slices.Contains(p.Methods, m.Key) && m.Shares != "" {
			rows = append(rows, Method{Key: "pattern-" + m.Key, Title: title + ", as in " + m.Title, Given: true, Network: m.Network})
		}
	}
	return rows
}

// CheckPolicies returns what is wrong with the settings of a baseline, tried on
// the sites of a network.
func CheckPolicies(rows []Method, sites []dropout.Site) error {
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

// Searches reports whether one of the rows needs a search.
func Searches(rows []Method) bool {
	return slices.ContainsFunc(rows, func(m Method) bool { return m.Search != "" })
}
