package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"autodropout/benchmarks/internal/runfolder"
	"autodropout/benchmarks/internal/usage"
)

// planned is a run of a plan.
type planned struct {
	name    string   // SETTING/PART, of its folder too; a part that ends in -N has search seed N
	program string   // of benchmarks
	flags   []string // but for -out
}

type plan []planned

// carried begins a flag's value that stands for what the search of another run's row
// has found: @language/wide-0/autodropout.
const carried = "@"

// source returns the run that a flag's value takes a pattern from, and its row; not ok: the
// value is another one.
func source(value string) (run, row string, ok bool) {
	value, ok = strings.CutPrefix(value, carried)
	if ok {
		run, row, ok = cutLast(value, "/")
	}
	return run, row, ok
}

// resolve returns the flags of a run with the files of the patterns that they take from
// other runs. Waits is the name of one that has not finished.
func (r *planned) resolve(results string) (flags []string, waits string, err error) {
	flags = slices.Clone(r.flags)
	for i, value := range flags {
		run, row, ok := source(value)
		if !ok {
			continue
		}
		folder := runfolder.Folder(filepath.Join(results, filepath.FromSlash(run)))
		if result, err := folder.Result(); err != nil || result == nil {
			return nil, run, err
		}
		flags[i] = folder.Search(row).Path(runfolder.Pattern)
	}
	return flags, "", nil
}

// readPlan reads a plan, which has a name and words in each line, with a colon between them. The words are
// a program and its flags. A name without a stroke is none of a run: later lines may
// have it as their first word, in whose place its words stand.
func readPlan(text string) (p plan, err error) {
	short := map[string][]string{}
	lines := bufio.NewScanner(strings.NewReader(text))
	for n := 1; lines.Scan(); n++ {
		line, _, _ := strings.Cut(lines.Text(), "#")
		if strings.TrimSpace(line) == "" {
			continue
		}
		name, rest, found := strings.Cut(line, ":")
		words := strings.Fields(rest)
		name = strings.TrimSpace(name)
		if !found || len(words) == 0 || !filepath.IsLocal(name) || strings.ContainsAny(name, " \t\\") {
			return nil, fmt.Errorf("line %d of the plan is %q: it has to be NAME: PROGRAM FLAGS", n, lines.Text())
		}
		if before, ok := short[words[0]]; ok {
			words = slices.Concat(before, words[1:])
		}
		switch {
		case !strings.Contains(name, "/"):
			short[name] = words
		case slices.ContainsFunc(p, func(r planned) bool { return r.name == name }):
			return nil, fmt.Errorf("line %d of the plan names %s again: each run has a name of its own", n, name)
		case metrics[words[0]] == nil:
			return nil, fmt.Errorf("line %d of the plan is of the program %q: it has to be cifar, ptb, wikitext2 or iwslt, or a name of an earlier line", n, words[0])
		default:
			if err := p.checkSources(n, words[1:]); err != nil {
				return nil, err
			}
			p = append(p, planned{name, words[0], words[1:]})
		}
	}
	return p, lines.Err()
}

// checkSources returns which flag of line n takes a pattern from a run that no earlier line
// has.
func (p plan) checkSources(n int, flags []string) error {
	for _, value := range flags {
		run, _, ok := source(value)
		if ok && !slices.ContainsFunc(p, func(r planned) bool { return r.name == run }) {
			return fmt.Errorf("line %d of the plan takes the pattern %s, and no line before it has the run %s", n, value, run)
		}
		if !ok && strings.HasPrefix(value, carried) {
			return fmt.Errorf("line %d of the plan takes the pattern %s: it has to be %sSETTING/PART/ROW", n, value, carried)
		}
	}
	return nil
}

// begin returns the runs whose names begin with a text.
func (p plan) begin(prefix string) (some plan) {
	for _, r := range p {
		if strings.HasPrefix(r.name, prefix) {
			some = append(some, r)
		}
	}
	return some
}

// run trains what is not finished, in folders below one of all results.
func (p plan) run(ctx context.Context, results string, stdout, stderr io.Writer) error {
	if len(p) == 0 {
		return usage.Errorf("no run of the plan has a name that begins with the text of -only: the plan lists the names, such as language/wide-0")
	}
	programs, err := os.MkdirTemp("", "claim")
	if err != nil {
		return err
	}
	defer os.RemoveAll(programs)
	for _, r := range p {
		folder := runfolder.Folder(filepath.Join(results, filepath.FromSlash(r.name)))
		if result, err := folder.Result(); err != nil {
			return err
		} else if result != nil {
			fmt.Fprintf(stdout, "%s is finished.\n", r.name)
			continue
		}
		flags, waits, err := r.resolve(results)
		if err != nil {
			return err
		}
		if waits != "" {
			fmt.Fprintf(stdout, "%s waits for %s.\n", r.name, waits)
			continue
		}
		// Sessions of other commits go on with each other's searches, and say so in their results.
		args := append(flags, "-out", string(folder))
		if _, err := os.Stat(folder.Path(runfolder.Config)); err == nil {
			args = []string{"-resume", "-accept-changes", "-quiet", "-out", string(folder)}
		} else if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		fmt.Fprintf(stdout, "%s:\n", r.name)
		program := filepath.Join(programs, r.program+".exe") // as Windows wants it, and no other minds
		if err := execute(ctx, stdout, stderr, "go", "build", "-o", program, "./benchmarks/"+r.program); err != nil {
			return err
		}
		if err := execute(ctx, stdout, stderr, program, args...); err != nil {
			return fmt.Errorf("%s: %w", r.name, err)
		}
	}
	return nil
}

// execute runs a program, which is interrupted where the context is cancelled, so that
// it saves what it has.
func execute(ctx context.Context, stdout, stderr io.Writer, name string, args ...string) error {
	command := exec.CommandContext(ctx, name, args...)
	command.Stdout, command.Stderr = stdout, stderr
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.WaitDelay = time.Minute
	err := command.Run()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}
