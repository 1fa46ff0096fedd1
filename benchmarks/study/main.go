// Command study writes doc/study.md, its figures and a table in the README from
// the raw logs of the study's runs in benchmarks/results/study: whether learned
// dropout patterns beat tuned hand-made dropout and random search, and why. Each
// folder there is that of a run, as its benchmark wrote it, finished or not:
// cifar, cifar-wider, ptb and multi30k, any of them. The same logs give the same
// page.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"autodropout/benchmarks/internal/cli"
	"autodropout/benchmarks/internal/words"
	"autodropout/internal/atomicfile"
)

func main() { cli.Main(program) }

// program returns the exit code.
func program(_ context.Context, args []string, stdout, stderr io.Writer) int {
	return cli.ExitCode(start(args, stdout), "study", stderr)
}

func start(args []string, stdout io.Writer) error {
	fs := flag.NewFlagSet("study", flag.ContinueOnError)
	results := fs.String("results", "benchmarks/results/study", "the `folder` that holds the folders of the runs")
	doc := fs.String("doc", "doc", "write study.md, and its figures in study/, to this `folder`")
	readme := fs.String("readme", "README.md", "the `file` whose table, between "+opening+" and "+closing+", is replaced where it has these marks")
	if err := cli.ParseFlags(fs, "Study writes a page about the runs of the study from their logs.\n\nFlags:\n", args, stdout); err != nil {
		return err
	}
	if err := cli.NoArguments(fs); err != nil {
		return err
	}
	s, err := newStudy(*results)
	if err != nil {
		return err
	}
	text, err := os.ReadFile(*readme)
	if err != nil {
		return fmt.Errorf("cannot read the README: %w: -readme names it", err)
	}
	changed, err := s.insert(string(text))
	if err != nil {
		return fmt.Errorf("%s %w", *readme, err)
	}
	if changed != string(text) {
		if err := atomicfile.WriteBytes(*readme, []byte(changed)); err != nil {
			return err
		}
	}
	return s.write(*doc, stdout)
}

// write writes the page and its figures to a folder.
func (s *study) write(doc string, stdout io.Writer) error {
	figures := filepath.Join(doc, "study")
	if err := os.MkdirAll(figures, 0o777); err != nil {
		return fmt.Errorf("cannot make the folder of the figures: %w", err)
	}
	for name, image := range s.figures {
		if err := atomicfile.WriteBytes(filepath.Join(figures, name), image); err != nil {
			return err
		}
	}
	path := filepath.Join(doc, "study.md")
	if err := atomicfile.WriteBytes(path, s.page); err != nil {
		return err
	}
	_, err := fmt.Fprintf(stdout, "%s and %s are written.\n", path, words.Count(len(s.figures), "figure", "figures"))
	return err
}

// The marks around the table in the README.
const (
	opening = "<!-- study -->"
	closing = "<!-- /study -->"
)

// insert returns a README with the table between its marks, and one without
// marks as it is.
func (s *study) insert(readme string) (string, error) {
	before, rest, opened := strings.Cut(readme, opening)
	_, after, closed := strings.Cut(rest, closing)
	switch {
	case !opened && !strings.Contains(readme, closing):
		return readme, nil
	case !opened || !closed:
		return "", fmt.Errorf("has one of the marks %s and %s, and not the other behind or before it: write both, or none", opening, closing)
	}
	return before + opening + "\n" + s.summary + "\n" + closing + after, nil
}
