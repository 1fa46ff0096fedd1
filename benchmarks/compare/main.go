// Command compare puts the runs of any benchmarks side by side: which of their rows differ, and whether
// that may be chance, by the seeds that two rows have in common; which settings differ; the curves of
// losses, after every epoch too, and of searches together. It reads the folders of runs, finished or not, and changes nothing
// in them. It writes one page, and the same as CSV and JSON, and prints the table.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"autodropout/benchmarks/internal/cli"
	"autodropout/benchmarks/internal/usage"
	"autodropout/benchmarks/internal/words"
	"autodropout/internal/atomicfile"
)

func main() { cli.Main(program) }

// program returns the exit code.
func program(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	return cli.ExitCode(start(ctx, args, stdout), "compare", stderr)
}

// options are what the flags say.
type options struct {
	out      string
	against  string
	rows     string
	claims   string
	settings settingsFlag
	folders  []string
}

// settingsFlag is a flag for pairs NAME=VALUE that may be given several times.
type settingsFlag []setting

type setting struct{ name, value string }

func (f *settingsFlag) String() string { return "" }

func (f *settingsFlag) Set(text string) error {
	name, value, ok := strings.Cut(text, "=")
	if !ok || name == "" {
		return errors.New("a setting is NAME=VALUE, such as depth=16")
	}
	*f = append(*f, setting{name, value})
	return nil
}

func parse(args []string, stdout io.Writer) (o options, err error) {
	fs := flag.NewFlagSet("compare", flag.ContinueOnError)
	fs.StringVar(&o.out, "out", "comparison", "the `folder` of the page and its data")
	fs.StringVar(&o.against, "against", "", "compare the others with this `row`, given as RUN/METHOD; default: the best one, which flatters it")
	fs.StringVar(&o.rows, "methods", "", "only the rows with these `keys`, separated by commas, such as none,dropblock")
	fs.StringVar(&o.claims, "claims", "", "instead of a page, print for each run how much better its row with this `key` is than none, than fresh and than the best other row, and for how many runs that is sure")
	fs.Var(&o.settings, "where", "only runs with this setting, `NAME=VALUE`; may be given several times")
	if err := cli.ParseFlags(fs, "Compare puts runs side by side: compare [flags] runs/A runs/B ...\n\nFlags:\n", args, stdout); err != nil {
		return o, err
	}
	if o.folders = fs.Args(); len(o.folders) == 0 {
		return o, usage.Errorf("give the folders of the runs to compare, such as runs/*")
	}
	return o, nil
}

func start(ctx context.Context, args []string, stdout io.Writer) error {
	o, err := parse(args, stdout)
	if err != nil {
		return err
	}
	runs, skipped, err := readRuns(o)
	if err != nil {
		return err
	}
	if o.claims != "" {
		return writeClaims(stdout, runs, o.claims)
	}
	c, err := newComparison(runs, o.against)
	if err != nil {
		return err
	}
	c.Skipped = skipped
	c.writeTable(stdout)
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	if err := os.MkdirAll(o.out, 0o777); err != nil {
		return fmt.Errorf("cannot make the folder of the comparison: %w", err)
	}
	for _, file := range []struct {
		name  string
		write func(w io.Writer) error
	}{{"comparison.html", c.writePage}, {"comparison.csv", c.writeCSV}, {"epochs.csv", c.writeEpochs}, {"comparison.json", c.writeJSON}} {
		if err := atomicfile.Write(filepath.Join(o.out, file.name), file.write); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintf(stdout, "\n%s of %s: %s, and beside it the same as CSV and JSON.\n",
		words.Count(c.rows(), "row", "rows"), words.Count(len(runs), "run", "runs"), filepath.Join(o.out, "comparison.html"))
	return err
}
