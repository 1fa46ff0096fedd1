// Command claim puts one question to the programs of this module, by a protocol that was
// fixed beforehand (doc/protocol.md): are learned dropout patterns better than all dropout
// made by hand, and than random search? It runs what its plan lists, in order, each run
// with the benchmark's own command, and goes on where an earlier session has stopped. From
// the logs, finished or not, it writes doc/claim.md: which settings leave room for
// anything at all, and what the final trainings say.
package main

import (
	"context"
	_ "embed"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"autodropout/benchmarks/internal/cli"
	"autodropout/internal/atomicfile"
)

// committed is the plan of the claim's protocol.
//
//go:embed plan.txt
var committed string

func main() { cli.Main(program) }

// program returns the exit code.
func program(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	return cli.ExitCode(start(ctx, args, stdout, stderr), "claim", stderr)
}

func start(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	fs := flag.NewFlagSet("claim", flag.ContinueOnError)
	run := fs.Bool("run", false, "train what the plan lists and is not finished yet, in order; what was stopped goes on")
	only := fs.String("only", "", "of the plan, take the runs whose names begin with this `text`")
	path := fs.String("plan", "", "the `file` with the plan, instead of the one of the claim's protocol")
	results := fs.String("results", filepath.Join("benchmarks", "results", "claim"), "the `folder` with the folders of the runs")
	doc := fs.String("doc", "doc", "the `folder` that claim.md goes to, and claim/ with its figures")
	if err := cli.ParseFlags(fs, "Claim runs the plan of the claim's protocol, and writes a page about its runs from their logs.\n\nFlags:\n", args, stdout); err != nil {
		return err
	}
	if err := cli.NoArguments(fs); err != nil {
		return err
	}
	text := committed
	if *path != "" {
		file, err := os.ReadFile(*path)
		if err != nil {
			return fmt.Errorf("cannot read the plan: %w: -plan names it", err)
		}
		text = string(file)
	}
	plan, err := readPlan(text)
	if err != nil {
		return err
	}
	if *run {
		return plan.begin(*only).run(ctx, *results, stdout, stderr)
	}
	p, err := writePage(plan, *results)
	if err != nil {
		return err
	}
	return p.save(*doc, stdout)
}

// save writes the page and its figures to a folder.
func (p *page) save(doc string, stdout io.Writer) error {
	if err := os.MkdirAll(filepath.Join(doc, "claim"), 0o777); err != nil {
		return fmt.Errorf("cannot make the folder of the figures: %w", err)
	}
	for name, image := range p.figures {
		if err := atomicfile.WriteBytes(filepath.Join(doc, "claim", name), image); err != nil {
			return err
		}
	}
	path := filepath.Join(doc, "claim.md")
	if err := atomicfile.WriteBytes(path, p.text()); err != nil {
		return err
	}
	_, err := fmt.Fprintf(stdout, "%s is written.\n", path)
	return err
}
