package main

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"

	"autodropout/benchmarks/internal/experiment"
	"autodropout/controller"
	"autodropout/dropout"
	"autodropout/internal/parallel"
	"autodropout/internal/seed"
)

// fitting says what a surrogate was fitted to and how well: the first line of the log of
// searches on it.
type fitting struct {
	Trials   int     `json:"trials"`
	Logs     int     `json:"logs"`
	Without  int     `json:"without"` // trainings without dropout
	Explains float64 `json:"explains"`
	Misfit   float64 `json:"misfit"`
	Noise    float64 `json:"noise"`
	None     float64 `json:"none"`    // what it is worth to drop nothing
	Near     float64 `json:"near"`    // what the point near DropBlock is worth
	Uniform  float64 `json:"uniform"` // share that patterns drop which are all as likely
	Mild     float64 `json:"mild"`    // the same of those that a search begins with mildly
	Searches int     `json:"searches"`
	Budgets  []int   `json:"budgets"`
}

// every is after how many trials a curve has a value.
const every = 10

// curve is what a search on the surrogate did. All numbers are what patterns are worth,
// without noise.
type curve struct {
	Algorithm controller.Algorithm `json:"algorithm"`
	Begins    string               `json:"begins"`
	Seed      uint64               `json:"seed"`
	Best      []float64            `json:"best"` // after so many trials: the pattern with the best reward
	Late      []float64            `json:"late"` // the patterns of the last third, on average

	// By budget: what is chosen among 8 finalists with 24 trainings, by successive rejects,
	// and by the mean of three trainings of each.
	Chosen []float64 `json:"chosen"`
	Alike  []float64 `json:"alike"`
}

// kind is a way to search.
type kind struct {
	algorithm controller.Algorithm
	begins    string
}

// kinds are the ways that are compared, by how they begin. Random search knows no point.
func kinds() (all []kind) {
	for _, begins := range []string{"uniform", "mild", "near"} {
		for _, algorithm := range []controller.Algorithm{controller.Random, controller.Reinforce, controller.PPO, controller.Evolution, controller.Local} {
			if algorithm != controller.Random || begins != "near" {
				all = append(all, kind{algorithm, begins})
			}
		}
	}
	return all
}

// config returns a search of the kind.
func (s *surrogate) config(k kind, f *fitting) (controller.Config, error) {
	c := controller.Config{Trials: f.Budgets[len(f.Budgets)-1], Algorithm: k.algorithm}
	var err error
	switch k.begins {
	case "mild":
		c.StartProbs, err = dropout.Mild(s.space, f.Mild)
	case "near":
		c.Start, err = dropout.EncodeConv(s.space, dropBlock(s.space))
	}
	return c, err
}

// compare runs f.Searches searches of each kind.
func (s *surrogate) compare(f *fitting) (curves []curve, err error) {
	for _, k := range kinds() {
		config, err := s.config(k, f)
		if err != nil {
			return nil, err
		}
		found, failed := make([]curve, f.Searches), make([]error, f.Searches)
		parallel.For(f.Searches, func(i int) {
			c := config
			c.Seed = uint64(i)
			report, err := s.search(c)
			if err != nil {
				failed[i] = err
				return
			}
			found[i], failed[i] = s.curve(k, report, c.Seed, f.Budgets)
		})
		if err := cmp.Or(failed...); err != nil {
			return nil, err
		}
		curves = append(curves, found...)
	}
	return curves, nil
}

// search runs a search in which trials end in the order in which they began.
func (s *surrogate) search(c controller.Config) (*controller.Report, error) {
	var waiting []controller.Trial
	return controller.Simulate(c, s.space, func(sampled []controller.Trial) controller.Result {
		waiting = append(waiting, sampled...)
		t := waiting[0]
		waiting = waiting[1:]
		return controller.Result{Trial: t.Index, Reward: s.at(t.Point) + s.luck(t)}
	})
}

// luck returns by how much a training deviates from what its pattern is worth. A part of it
// is common to all trainings with the seed.
func (s *surrogate) luck(t controller.Trial) float64 {
	own := make([]uint64, len(t.Point))
	for i, v := range t.Point {
		own[i] = uint64(v)
	}
	return s.noise * (math.Sqrt(s.shared)*seed.New(t.Seed, "surrogate/seed").NormFloat64() + math.Sqrt(1-s.shared)*seed.New(t.Seed, "surrogate", own...).NormFloat64())
}

// curve returns what a search did.
func (s *surrogate) curve(k kind, report *controller.Report, base uint64, budgets []int) (curve, error) {
	c := curve{Algorithm: k.algorithm, Begins: k.begins, Seed: base}
	worth := make([]float64, len(report.Trials))
	best := 0
	for i, t := range report.Trials {
		worth[i] = s.at(t.Point)
		if report.Results[i].Reward > report.Results[best].Reward {
			best = i
		}
		if n := i + 1; n%every == 0 {
			c.Best = append(c.Best, rounded(worth[best]))
			c.Late = append(c.Late, rounded(stat.Mean(worth[n-n/3:n], nil)))
		}
	}
	for _, n := range budgets {
		rejects, err := s.choose(report, n, base, controller.Config{Algorithm: controller.Rejects})
		if err != nil {
			return c, err
		}
		alike, err := s.choose(report, n, base, controller.Config{Algorithm: controller.Grid})
		if err != nil {
			return c, err
		}
		c.Chosen, c.Alike = append(c.Chosen, rounded(rejects)), append(c.Alike, rounded(alike))
	}
	return c, nil
}

// rounded returns a value with five decimals: the noise is in the third.
func rounded(x float64) float64 { return math.Round(x*1e5) / 1e5 }

// choose returns what the point is worth that the first n trials of a search would
// choose: 24 trainings of the 8 with the best rewards, spread by the search c.
func (s *surrogate) choose(report *controller.Report, n int, base uint64, c controller.Config) (float64, error) {
	const finalists, trainings = 8, 24
	first := &controller.Report{Trials: report.Trials[:n], Results: report.Results[:n], References: report.References}
	c.Points, c.Trials, c.InFlight, c.Seed = experiment.Finalists(first, finalists, nil), trainings, 2, seed.Derive(base, "finalists", uint64(n))
	again, err := s.search(c)
	if err != nil {
		return 0, err
	}
	point, _ := again.Chosen()
	return s.at(point), nil
}

// dropBlock is much as DropBlock is: see the row near of benchmark cifar.
func dropBlock(space dropout.Space) *dropout.ConvPattern {
	p := &dropout.ConvPattern{}
	for _, blocks := range space.Stages {
		p.Stages = append(p.Stages, slices.Repeat([]dropout.BlockPattern{{Size: 0.125, Stride: 0.375, Repeat: 8}}, blocks))
	}
	return p
}

// budgetsOf returns the budgets at which a search is looked at.
func budgetsOf(trials int) []int {
	var budgets []int
	for _, n := range []int{40, 100} {
		if n < trials {
			budgets = append(budgets, n)
		}
	}
	return append(budgets, trials)
}

// readSearches reads the log of searches on the surrogate.
func readSearches(path string) (*fitting, []curve, error) {
	return readLog[fitting, curve](path, "searches on a surrogate", "-log")
}

// late returns what the patterns of the last third of the first n trials are worth.
func (c *curve) late(n int) float64 { return c.Late[n/every-1] }

// estimate is a mean with its standard error.
type estimate struct{ mean, err float64 }

func estimateOf(values []float64) estimate {
	mean, std := stat.MeanStdDev(values, nil)
	return estimate{mean, std / math.Sqrt(float64(len(values)))}
}

// values returns the mean over the searches of a kind.
func (k kind) values(curves []curve, of func(c *curve) float64) estimate {
	var values []float64
	for i := range curves {
		if curves[i].Algorithm == k.algorithm && curves[i].Begins == k.begins {
			values = append(values, of(&curves[i]))
		}
	}
	return estimateOf(values)
}
