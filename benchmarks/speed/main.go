// Command speed measures how fast this machine multiplies matrices, convolves
// and trains, in GFLOPS and as a fraction of the FMA ceiling: the speed of
// multiply-adds on registers alone, which no kernel can exceed that performs as
// many operations as are counted. The ceiling is measured in the same process
// on the same threads, in turns with the rest, and every figure is a median.
//
// Convolutions are counted as the direct algorithm would compute them, however
// they are computed, so that a fast algorithm can pass 100 %.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"runtime"
	"slices"
	"time"

	"autodropout/benchmarks/internal/cli"
	"autodropout/benchmarks/internal/machine"
	"autodropout/benchmarks/internal/usage"
	"autodropout/benchmarks/internal/words"
)

func main() { cli.Main(run) }

// run is the program; it returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	return cli.ExitCode(start(ctx, args, stdout), "speed", stderr)
}

func start(ctx context.Context, args []string, stdout io.Writer) error {
	c, err := parse(args, stdout)
	if err != nil {
		return err
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(c.threads))
	return c.measure(ctx, stdout)
}

// config is what the flags say, and how long to measure.
type config struct {
	run     string
	model   string
	batch   int // 0: the usual one
	steps   int
	threads int
	json    bool

	clients   int  // of a predictor; 0: batches are predicted without one
	recompute bool // cheap outputs of a training step

	large bool   // growth goes on to the largest numbers
	point string // of growth, in this process; "": all

	rounds int           // of every matrix product and convolution
	round  time.Duration // at least
	gemms  []gemmShape
	convs  []convShape
}

// defaults measures everything in two or three minutes.
func defaults() config {
	return config{
		run: "all", model: "wrn-28-2", steps: 5, threads: runtime.GOMAXPROCS(0),
		rounds: 5, round: 30 * time.Millisecond,
		gemms: gemmShapes(), convs: convShapes(),
	}
}

const summary = `Speed measures matrix products, convolutions and training steps against the FMA ceiling of this machine.

Flags:
`

// mostExamples bounds -batch, so that sizes do not overflow.
const mostExamples = 1 << 16

// parse returns the configuration that the arguments ask for. Everything the
// user can get wrong is a *usage.Error.
func parse(args []string, stdout io.Writer) (config, error) {
	c := defaults()
	fs := flag.NewFlagSet("speed", flag.ContinueOnError)
	cli.Choice(fs, &c.run, "run", []string{"gemm", "conv", "step", "layers", "predict", "predict-layers", "all", "train", "growth"}, "`what` to measure: gemm, conv, step, layers (each operation of a step), predict (a forward pass), predict-layers (each operation of that) or all (gemm, conv and step); train takes -steps steps and measures nothing, for profilers and emulators; growth measures time and memory against batch, width, depth, length, trials and words")
	fs.StringVar(&c.model, "model", c.model, "the `model` whose training step is measured: wrn-D-K, with depth D = 10, 16, 22, 28, ... and width K, resnet50-224, resnet50-160, efficientnet-b0-224, cnn-64, fastnet, fastnet-96, txl-ptb, txl-wt2, mt-iwslt, lstm-512 or lstm-ptb")
	cli.Whole(fs, &c.batch, "batch", 1, "`examples` a batch, images, texts or sentence pairs (default 16 for convolutions; for steps 64, 16 from width 10 on, 1000 for fastnet, 20 for recurrent models, 10 for txl-ptb and 8 for the other texts and photographs)")
	cli.Whole(fs, &c.steps, "steps", 1, "training steps to measure, after two that are not")
	cli.Whole(fs, &c.clients, "clients", 1, "with predict: measure requests and waiting times of this many `callers`, each of which waits for the class of an image before it sends the next")
	fs.BoolVar(&c.recompute, "recompute", false, "compute cheap outputs of training steps again for the gradients instead of keeping them")
	fs.BoolVar(&c.large, "large", false, "with growth: measure logs of 100,000 trials and a text of 100 million words too, which takes half an hour and 2 GB of disk")
	fs.StringVar(&c.point, "point", "", "one `point` of growth alone, which that starts for itself")
	cli.Whole(fs, &c.threads, "threads", 1, "`threads` that compute, GOMAXPROCS")
	fs.BoolVar(&c.json, "json", false, "print one JSON object a line instead of tables")
	if err := cli.ParseFlags(fs, summary, args, stdout); err != nil {
		return config{}, err
	}
	if err := cli.NoArguments(fs); err != nil {
		return config{}, err
	}
	given := map[string]bool{}
	fs.Visit(func(f *flag.Flag) { given[f.Name] = true })
	return c, c.check(given)
}

// check looks for what a single flag does not show; given holds the flags that
// were set.
func (c *config) check(given map[string]bool) error {
	if cores := runtime.NumCPU(); c.threads > cores {
		return usage.Errorf("-threads %d is more than this machine runs at once: take at most %d", c.threads, cores)
	}
	if c.batch > mostExamples {
		return usage.Errorf("-batch %d is too large: take at most %d", c.batch, mostExamples)
	}
	if given["clients"] && c.run != "predict" {
		return usage.Errorf("-clients says how many callers wait for predictions, and -run %s makes none: take -run predict", c.run)
	}
	for _, name := range []string{"model", "steps", "recompute"} {
		if given[name] && !c.trains() {
			return usage.Errorf("-%s says which training step to measure, and -run %s measures none: leave one of them out", name, c.run)
		}
	}
	for _, name := range []string{"large", "point"} {
		if given[name] && c.run != "growth" {
			return usage.Errorf("-%s is about growth, and -run %s measures none: take -run growth", name, c.run)
		}
	}
	if given["batch"] && (c.run == "gemm" || c.run == "growth") {
		return usage.Errorf("-batch has no meaning with -run %s, which has sizes of its own: leave one of them out", c.run)
	}
	if c.trains() {
		if _, err := newModel(c.model); err != nil {
			return err
		}
	}
	return nil
}

func (c *config) wants(kind string) bool { return c.run == "all" || c.run == kind }

// trains reports whether there is a model.
func (c *config) trains() bool {
	return c.wants("step") || slices.Contains([]string{"layers", "train", "predict", "predict-layers"}, c.run)
}

// measure measures what is asked for. The training step comes first, so that
// the peak memory reported with it is its own.
func (c *config) measure(ctx context.Context, stdout io.Writer) error {
	if c.run == "train" {
		return c.train(ctx)
	}
	p := &printer{w: stdout, json: c.json}
	if c.run == "predict" {
		return c.measurePredict(ctx, p)
	}
	if c.point != "" {
		return c.measurePoint(p)
	}
	if !c.json {
		fmt.Fprintf(stdout, "%s, %s, %s\n", machine.CPU(), machine.SIMD(), words.Count(c.threads, "thread", "threads"))
	}
	for _, part := range []struct {
		kind string
		run  func(context.Context, *printer) error
	}{{"step", c.measureStep}, {"layers", c.measureLayers}, {"predict-layers", c.measurePredictLayers}, {"gemm", c.measureGemms}, {"conv", c.measureConvs}, {"growth", c.measureGrowths}} {
		if !c.wants(part.kind) || c.run == "all" && slices.Contains([]string{"layers", "predict-layers", "growth"}, part.kind) {
			continue
		}
		if err := part.run(ctx, p); err != nil {
			return err
		}
	}
	return nil
}
