// Command search compares the ways to search for a pattern where a training costs
// nothing: on a surrogate that is fitted to the logs of searches that were trained.
// It prints, for each algorithm and each beginning, what the chosen pattern is worth
// after 40, 100 and 300 trials, and what the patterns of the last third are worth on
// average.
package main

import (
	"cmp"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"slices"

	"gonum.org/v1/gonum/stat"

	"autodropout/benchmarks/internal/runfolder"
	"autodropout/controller"
	"autodropout/dropout"
	"autodropout/internal/parallel"
	"autodropout/internal/seed"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "search:", err)
		os.Exit(1)
	}
}

func run(args []string, out io.Writer) error {
	fs := flag.NewFlagSet("search", flag.ContinueOnError)
	folder := fs.String("run", "benchmarks/results/study/cifar", "the `folder` of a run with the logs to fit the surrogate to")
	seeds := fs.Int("seeds", 20, "the `number` of searches of each kind")
	trials := fs.Int("trials", 300, "the `number` of trials of a search")
	share := fs.Float64("share", dropout.MildConv, "the `share` that patterns drop on average where a search begins mildly")
	save := fs.String("save", "", "keep the surrogate in this `file` instead, for -answer")
	answer := fs.String("answer", "", "be the program of a trial of benchmarks/external instead: answer what the choices or the pattern that it was given are worth on the surrogate in this `file`")
	prints := fs.Bool("space", false, "print the surrogate's space as a file for benchmarks/external -space, where each block is a group, instead")
	if err := fs.Parse(args); err != nil {
		return err
	}
	if *answer != "" {
		return answerFrom(*answer, out)
	}
	if *seeds < 2 || *trials < 12 {
		return fmt.Errorf("-seeds must be at least 2 and -trials at least 12")
	}
	paths, err := logs(runfolder.Folder(*folder))
	if err != nil {
		return err
	}
	samples, space, noise, err := read(paths)
	if err != nil {
		return err
	}
	none, err := without(runfolder.Folder(*folder), space)
	if err != nil {
		return err
	}
	s, err := fit(append(samples, none...), space, noise)
	if err != nil {
		return err
	}
	switch {
	case *save != "":
		return s.save(*save)
	case *prints:
		return s.printSpace(out)
	}
	probs, err := dropout.Mild(s.space, *share)
	if err != nil {
		return err
	}
	near, err := dropout.EncodeConv(s.space, dropBlock(s.space))
	if err != nil {
		return err
	}
	uniform, err := dropout.ExpectedShare(s.space, nil)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "fitted to %d trials of %d logs and %d trainings without dropout: explains %.0f %% of the variance, misses by %.4f; trials of one pattern deviate by %.4f\n",
		len(samples), len(paths), len(none), 100*s.fit, s.misfit, s.noise)
	fmt.Fprintf(out, "without dropout %.4f, near DropBlock %.4f; patterns that are all as likely drop %.3f of all elements, mild ones %.3f\n", s.at(make([]int, s.space.Decisions())), s.at(near), uniform, *share)
	fmt.Fprintf(out, "%d searches of each kind; the best of 8 finalists that are tried three times again is chosen; ± is the standard error\n\n", *seeds)
	fmt.Fprintf(out, "%-10s %-8s", "algorithm", "begins")
	budgets := budgetsOf(*trials)
	for _, n := range budgets {
		fmt.Fprintf(out, "  %4d trials: chosen, last third ", n)
	}
	fmt.Fprintln(out)
	for _, begins := range []string{"uniform", "mild", "near"} {
		for _, algorithm := range []controller.Algorithm{controller.Random, controller.Reinforce, controller.PPO, controller.Evolution, controller.Local} {
			if algorithm == controller.Random && begins == "near" {
				continue // random search knows no point
			}
			config := controller.Config{Trials: *trials, Algorithm: algorithm}
			switch begins {
			case "mild":
				config.StartProbs = probs
			case "near":
				config.Start = near
			}
			chosen, last, err := s.compare(config, *seeds, budgets)
			if err != nil {
				return err
			}
			fmt.Fprintf(out, "%-10s %-8s", algorithm, begins)
			for i := range budgets {
				fmt.Fprintf(out, "  %.4f ± %.4f, %.4f ± %.4f", stat.Mean(chosen[i], nil), standardError(chosen[i]), stat.Mean(last[i], nil), standardError(last[i]))
			}
			fmt.Fprintln(out)
		}
	}
	return nil
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

func standardError(x []float64) float64 { return stat.StdDev(x, nil) / math.Sqrt(float64(len(x))) }

// compare runs searches of one kind and returns, for each budget and search, what
// the chosen pattern is worth, and what those of the last third are on average.
func (s *surrogate) compare(config controller.Config, seeds int, budgets []int) (chosen, last [][]float64, err error) {
	for range budgets {
		chosen, last = append(chosen, make([]float64, seeds)), append(last, make([]float64, seeds))
	}
	failed := make([]error, seeds)
	parallel.For(seeds, func(k int) {
		c := config
		c.Seed = uint64(k)
		report, err := s.search(c)
		if err != nil {
			failed[k] = err
			return
		}
		for i, n := range budgets {
			chosen[i][k] = s.at(s.choose(report, n, c.Seed))
			for _, t := range report.Trials[n-n/3 : n] {
				last[i][k] += s.at(t.Point) / float64(n/3)
			}
		}
	})
	return chosen, last, cmp.Or(failed...)
}

// search runs a search in which trials end in the order in which they began.
func (s *surrogate) search(c controller.Config) (*controller.Report, error) {
	var waiting []controller.Trial
	return controller.Simulate(c, s.space, func(sampled []controller.Trial) controller.Result {
		waiting = append(waiting, sampled...)
		t := waiting[0]
		waiting = waiting[1:]
		return controller.Result{Trial: t.Index, Reward: s.at(t.Point) + s.noise*seed.New(t.Seed, "surrogate").NormFloat64()}
	})
}

// choose returns the point that the first n trials of a search would choose: the best
// mean of the finalists, those with the best rewards, over their trial and three more.
func (s *surrogate) choose(report *controller.Report, n int, base uint64) []int {
	const finalists, again = 8, 3
	order := slices.Clone(report.Results[:n])
	slices.SortStableFunc(order, func(a, b *controller.Result) int { return cmp.Compare(b.Reward, a.Reward) })
	var best []int
	most := math.Inf(-1)
	for i, r := range order[:min(finalists, n)] {
		point, mean := report.Trials[r.Trial].Point, r.Reward/(again+1)
		for j := range again {
			mean += (s.at(point) + s.noise*seed.New(base, "finalist", uint64(n), uint64(i), uint64(j)).NormFloat64()) / (again + 1)
		}
		if mean > most {
			best, most = point, mean
		}
	}
	return best
}
