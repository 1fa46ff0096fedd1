// Command search compares the ways to search for a pattern where a training costs
// nothing: on a surrogate that is fitted to the logs of searches that were trained. It
// prints what each algorithm finds from each beginning, and keeps it in a log; from that
// and the logs of searches that were trained it writes doc/search.md with its curves.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"autodropout/benchmarks/internal/runfolder"
	"autodropout/dropout"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "search:", err)
		os.Exit(1)
	}
}

func run(args []string, out io.Writer) error {
	fs := flag.NewFlagSet("search", flag.ContinueOnError)
	folder := fs.String("run", "benchmarks/results/study/cifar", "fit the surrogate to the logs of the run in this `folder`")
	seeds := fs.Int("seeds", 20, "the `number` of searches of each kind")
	trials := fs.Int("trials", 300, "the `number` of trials of a search")
	share := fs.Float64("share", dropout.MildConv, "the `share` that patterns drop on average when a search begins mildly")
	log := fs.String("log", "", "write a log of each search to this `file`")
	varied := fs.String("variants", "", "instead, compare variants of searches (shared seeds, a reference, successive rejects, tied blocks, changes of all blocks), and write a log of each to this `file`")
	page := fs.String("page", "", "instead of searching, write search.md and its curves to this `folder`, from committed logs")
	results := fs.String("results", "benchmarks/results", "the `folder` with the logs for -page")
	save := fs.String("save", "", "instead of searching, save the surrogate to this `file`, for -answer")
	answer := fs.String("answer", "", "instead of searching, be the program of a trial of benchmarks/external: answer with the reward of its pattern or choices on the surrogate in this `file`")
	prints := fs.Bool("space", false, "print the surrogate's space as a file for benchmarks/external -space, where each block is a group, instead")
	fs.SetOutput(io.Discard)
	switch err := fs.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		fs.SetOutput(out)
		fs.PrintDefaults()
		return nil
	case err != nil:
		return fmt.Errorf("%w (-h lists the flags)", err)
	case fs.NArg() > 0:
		return fmt.Errorf("%q is not a flag (-h lists them)", fs.Arg(0))
	}
	switch {
	case *answer != "":
		return answerFrom(*answer, out)
	case *page != "":
		return writePage(*results, *page)
	case *seeds < 2 || *trials < 12:
		return fmt.Errorf("-seeds must be at least 2 and -trials at least 12")
	}
	s, f, err := fitTo(runfolder.Folder(*folder))
	if err != nil {
		return err
	}
	switch {
	case *save != "":
		return s.save(*save)
	case *prints:
		return s.printSpace(out)
	}
	if *varied != "" {
		c := &compared{Budgets: budgetsOf(*trials), Searches: *seeds}
		if c.Shared, err = luckShared(runfolder.Folder(*folder)); err != nil {
			return err
		}
		found, err := s.vary(c, *share)
		if err != nil {
			return err
		}
		c.print(out, found)
		return writeLog(*varied, c, found)
	}
	f.Mild, f.Searches, f.Budgets = *share, *seeds, budgetsOf(*trials)
	curves, err := s.compare(f)
	if err != nil {
		return err
	}
	f.print(out, curves)
	if *log == "" {
		return nil
	}
	return writeLog(*log, f, curves)
}

// fitTo fits a surrogate to the logs in the folder of a run.
func fitTo(folder runfolder.Folder) (*surrogate, *fitting, error) {
	paths, err := logs(folder)
	if err != nil {
		return nil, nil, err
	}
	samples, space, noise, err := read(paths)
	if err != nil {
		return nil, nil, err
	}
	none, err := without(folder, space)
	if err != nil {
		return nil, nil, err
	}
	s, err := fit(append(samples, none...), space, noise)
	if err != nil {
		return nil, nil, err
	}
	near, err := dropout.EncodeConv(s.space, dropBlock(s.space))
	if err != nil {
		return nil, nil, err
	}
	uniform, err := dropout.ExpectedShare(s.space, nil)
	return s, &fitting{Trials: len(samples), Logs: len(paths), Without: len(none), Explains: s.fit, Misfit: s.misfit, Noise: s.noise,
		None: s.at(make([]int, s.space.Decisions())), Near: s.at(near), Uniform: uniform}, err
}

// print prints what the searches have found.
func (f *fitting) print(out io.Writer, curves []curve) {
	fmt.Fprintf(out, "fitted to %d trials of %d logs and %d trainings without dropout: explains %.0f %% of the variance, misses by %.4f; trials of one pattern deviate by %.4f\n",
		f.Trials, f.Logs, f.Without, 100*f.Explains, f.Misfit, f.Noise)
	fmt.Fprintf(out, "without dropout %.4f, near DropBlock %.4f; patterns that are all as likely drop %.3f of all elements, mild ones %.3f\n", f.None, f.Near, f.Uniform, f.Mild)
	fmt.Fprintf(out, "%d searches of each kind; of 8 finalists successive rejects choose with 24 trainings; ± is the standard error\n\n", f.Searches)
	fmt.Fprintf(out, "%-10s %-8s", "algorithm", "begins")
	for _, n := range f.Budgets {
		fmt.Fprintf(out, "  %4d trials: chosen, last third ", n)
	}
	fmt.Fprintln(out)
	for _, k := range kinds() {
		fmt.Fprintf(out, "%-10s %-8s", k.algorithm, k.begins)
		for i, n := range f.Budgets {
			chosen, late := k.values(curves, func(c *curve) float64 { return c.Chosen[i] }), k.values(curves, func(c *curve) float64 { return c.late(n) })
			fmt.Fprintf(out, "  %.4f ± %.4f, %.4f ± %.4f", chosen.mean, chosen.err, late.mean, late.err)
		}
		fmt.Fprintln(out)
	}
}
