package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"autodropout/autograd"
	"autodropout/internal/pages"
	"autodropout/ops"
)

// tiny measures one shape of each kind, as briefly as possible.
func tiny() config {
	c := defaults()
	c.model, c.batch, c.steps, c.threads = "wrn-10-1", 1, 1, 1
	c.rounds, c.round = 1, time.Nanosecond
	c.gemms = []gemmShape{{Use: "square", M: 8, N: 9, K: 10, TransB: true}}
	c.convs = []convShape{{Size: 4, In: 3, Out: 5, Kernel: 3, Stride: 2}}
	return c
}

func TestJSON(t *testing.T) {
	for _, threads := range slices.Compact([]int{1, runtime.NumCPU()}) {
		c := tiny()
		c.json, c.threads = true, threads
		var out bytes.Buffer
		if err := c.measure(t.Context(), &out); err != nil {
			t.Fatal(err)
		}
		const common = "name tier threads gflops ceiling_gflops fraction"
		const conv = common + " batch size in out kernel stride pass"
		want := []struct{ name, keys string }{
			{"step-wrn-10-1-b1", common + " batch model steps items_per_s peak_rss_mb peak_rss_growth_mb peak_rss_early_mb ops_per_step allocs_per_step alloc_bytes_per_step"},
			{"gemm-nt-8x9x10", common + " use m n k trans_a trans_b"},
			{"conv-forward-3x3-4x4-3-5-s2-b1", conv},
			{"conv-dX-3x3-4x4-3-5-s2-b1", conv},
			{"conv-dW-3x3-4x4-3-5-s2-b1", conv},
		}
		lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
		if len(lines) != len(want) {
			t.Fatalf("%d lines, want %d:\n%s", len(lines), len(want), out.String())
		}
		for i, line := range lines {
			got := map[string]any{}
			if err := json.Unmarshal([]byte(line), &got); err != nil {
				t.Fatalf("%v in %s", err, line)
			}
			keys := strings.Fields(want[i].keys)
			slices.Sort(keys)
			if has := slices.Sorted(maps.Keys(got)); got["name"] != want[i].name || !slices.Equal(has, keys) {
				t.Errorf("line %d is\n%s\nwant %s with %v", i, line, want[i].name, keys)
			}
			speed, ceiling, fraction := got["gflops"].(float64), got["ceiling_gflops"].(float64), got["fraction"].(float64)
			if !(speed > 0 && ceiling > 0) || math.Abs(fraction*ceiling/speed-1) > 1e-9 || got["threads"] != float64(threads) {
				t.Errorf("implausible: %s", line)
			}
		}
	}
}

func TestPredict(t *testing.T) {
	c := tiny()
	c.run, c.model, c.batch, c.json = "predict", "cnn-64", 2, true
	var out bytes.Buffer
	if err := c.measure(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Name  string
		Speed float64 `json:"items_per_s"`
	}
	if err := json.Unmarshal(out.Bytes(), &got); err != nil || got.Name != "predict-cnn-64-b2" || !(got.Speed > 0) {
		t.Errorf("%s, error %v", out.String(), err)
	}
	c.clients = 3
	out.Reset()
	var callers clientFacts
	if err := c.measure(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(out.Bytes(), &callers); err != nil || callers.Name != "clients-cnn-64" || callers.Clients != 3 || !(callers.ItemsPerSecond > 0) || !(0 < callers.Median && callers.Median <= callers.Percentile99) {
		t.Errorf("%s, error %v", out.String(), err)
	}
	c.model = "wrn-10-1"
	if err := c.measure(t.Context(), &out); err == nil || !strings.Contains(err.Error(), "-run predict measures networks for photographs") {
		t.Errorf("wrn-10-1: error %v", err)
	}
}

// TestLayers wants every operation of a step, in its order, and all of the step's time.
func TestLayers(t *testing.T) {
	c := tiny()
	c.run, c.model, c.batch, c.steps, c.json = "layers", "fastnet", 2, 3, true
	var out bytes.Buffer
	if err := c.measure(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	var names []string
	lines, shares := json.NewDecoder(&out), 0.0
	for lines.More() {
		var got struct {
			layerFacts
			GFLOPS float64
		}
		if err := lines.Decode(&got); err != nil {
			t.Fatal(err)
		}
		names, shares = append(names, got.Operation), shares+got.Share
		if conv := strings.HasPrefix(got.Operation, "ops.Conv2D"); conv != (got.GFLOPS > 0) || conv && !(got.Forward > 0) {
			t.Errorf("implausible: %+v", got)
		}
	}
	const want = "ops.Conv2D ops.AddBias ops.GELU ops.Conv2DMaxPool ops.BatchNormGELU ops.Conv2D ops.BatchNormGELU"
	if all := strings.Join(names, " "); !strings.HasPrefix(all, want) || names[len(names)-1] != "rest" {
		t.Errorf("operations %s, want them to begin with %s and to end with the rest", all, want)
	}
	if shares < 0.3 || shares > 3 { // of medians, on a machine that may do other things
		t.Errorf("the shares of a step add up to %v", shares)
	}
	c.model = "txl-ptb"
	if err := c.measure(t.Context(), &out); err == nil || !strings.Contains(err.Error(), "has one tape") {
		t.Errorf("txl-ptb: error %v", err)
	}
}

// TestPredictLayers wants every operation of a prediction, in its order, with what convolutions compute.
func TestPredictLayers(t *testing.T) {
	c := tiny()
	c.run, c.model, c.batch, c.steps, c.json = "predict-layers", "cnn-64", 2, 3, true
	var out bytes.Buffer
	if err := c.measure(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	var names []string
	for lines := json.NewDecoder(&out); lines.More(); {
		var got struct {
			layerFacts
			GFLOPS float64
		}
		if err := lines.Decode(&got); err != nil {
			t.Fatal(err)
		}
		names = append(names, got.Operation)
		if conv := got.Operation == "ops.ConvBatchNorm"; conv != (got.GFLOPS > 0) || !(0 < got.Fastest && got.Fastest <= got.Forward) || got.Backward != 0 {
			t.Errorf("implausible: %+v", got)
		}
	}
	const want = "ops.ConvBatchNorm ops.ConvBatchNorm ops.ConvBatchNorm ops.ConvBatchNorm ops.GlobalAvgPool ops.Linear rest"
	if all := strings.Join(names, " "); all != want {
		t.Errorf("operations %s, want %s", all, want)
	}
	c.model = "wrn-10-1"
	if err := c.measure(t.Context(), &out); err == nil || !strings.Contains(err.Error(), "-run predict-layers measures networks for photographs") {
		t.Errorf("wrn-10-1: error %v", err)
	}
}

// TestPrintedCommands measures what the pages print, with few images.
func TestPrintedCommands(t *testing.T) {
	for _, args := range pages.Printed(t, "benchmarks/speed") {
		var stdout, stderr bytes.Buffer
		if code := run(t.Context(), append(args, "-batch", "2", "-steps", "1"), &stdout, &stderr); code != 0 {
			t.Errorf("%v: exit code %d: %s", args, code, &stderr)
		}
	}
}

func TestCommandLine(t *testing.T) {
	before := runtime.GOMAXPROCS(0)
	var stdout, stderr bytes.Buffer
	args := strings.Fields("-run step -model wrn-10-2 -batch 2 -steps 1 -threads 1")
	if code := run(t.Context(), args, &stdout, &stderr); code != 0 || stderr.Len() > 0 {
		t.Fatalf("exit code %d: %s", code, &stderr)
	}
	for _, want := range []string{", 1 cores, ", "1 thread\n", "images/s", "wrn-10-2                  2", " %\n"} {
		if !strings.Contains(stdout.String(), want) {
			t.Errorf("the table lacks %q:\n%s", want, &stdout)
		}
	}
	if now := runtime.GOMAXPROCS(0); now != before {
		t.Errorf("GOMAXPROCS was %d and is %d", before, now)
	}
	stdout.Reset()
	if code := run(t.Context(), []string{"-h"}, &stdout, &stderr); code != 0 || !strings.Contains(stdout.String(), "-threads") {
		t.Errorf("-h: exit code %d:\n%s", code, &stdout)
	}
}

// Training without a measurement takes as many steps as it is told, and prints
// nothing.
func TestTrain(t *testing.T) {
	var stdout, stderr bytes.Buffer
	if code := run(t.Context(), strings.Fields("-run train -model wrn-10-1 -batch 1 -steps 1 -threads 1"), &stdout, &stderr); code != 0 || stdout.Len()+stderr.Len() > 0 {
		t.Errorf("exit code %d, printed %q and %q", code, &stdout, &stderr)
	}
	steps := 0
	k := kernel(func() time.Duration { steps++; return 0 })
	if err := k.repeat(t.Context(), 3); err != nil || steps != 3 {
		t.Errorf("%d steps, want 3; error %v", steps, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := k.repeat(ctx, 3); !errors.Is(err, context.Canceled) || steps != 3 {
		t.Errorf("after an interrupt %d steps; error %v", steps-3, err)
	}
}

func TestWrongFlags(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // what is accepted by mistake ends at once
	for _, c := range []struct{ args, want string }{
		{"-run fft", "gemm, conv, step, layers, predict, predict-layers, all, train or growth"},
		{"-model lenet", "wrn-D-K"},
		{"-model wrn-28-2x", "wrn-D-K"},
		{"-model wrn-12-1", "depth"},
		{"-model wrn-4-1", "depth"},
		{"-model wrn-28-0", "width"},
		{"-model wrn-28-100000", "at most 1000"},
		{"-batch 0", "-batch"},
		{"-batch -1", "-batch"},
		{"-batch some", "-batch"},
		{"-batch 70000", "at most 65536"},
		{"-steps 0", "-steps"},
		{"-threads 0", "-threads"},
		{"-threads 100000", "more than this machine"},
		{"-run gemm -model wrn-28-2", "-model"},
		{"-run conv -steps 3", "-steps"},
		{"-run gemm -batch 3", "-batch"},
		{"-run step -clients 3", "-clients"},
		{"-run predict -clients 0", "-clients"},
		{"-run step -large", "-large"},
		{"-run growth -point width", "-point"},
		{"-run growth -point none:3:", "-point"},
		{"-run growth -batch 3", "-batch"},
		{"-fast", "-fast"},
		{"gemm", `"gemm" is not a flag`},
	} {
		var stdout, stderr bytes.Buffer
		code := run(ctx, strings.Fields(c.args), &stdout, &stderr)
		text := stderr.String()
		if code != 2 || !strings.Contains(text, c.want) || strings.Count(text, "\n") != 1 || !strings.HasPrefix(text, "speed: ") {
			t.Errorf("%s: exit code %d, want 2 and one line with %q:\n%s", c.args, code, c.want, text)
		}
		if stdout.Len() > 0 {
			t.Errorf("%s: printed %s", c.args, &stdout)
		}
	}
}

func TestInterrupt(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	c := tiny()
	c.json = true
	for _, c.run = range []string{"step", "gemm", "conv"} {
		var out bytes.Buffer
		if err := c.measure(ctx, &out); !errors.Is(err, context.Canceled) || out.Len() > 0 {
			t.Errorf("%s: error %v after an interrupt, and %q", c.run, err, &out)
		}
	}
}

// The wanted counts, in 10^9 operations for an image, come from PyTorch models;
// those for the words of a batch are worked out by hand.
func TestModelFLOPs(t *testing.T) {
	for name, want := range map[string]float64{
		"wrn-28-2": 1.286, "wrn-16-4": 2.356, "wrn-28-10": 31.46,
		"resnet50-224": 24.535, "resnet50-160": 12.524, "efficientnet-b0-224": 2.3149,
		// For a word in a layer: 4 projections, the feed-forward part, and 35.5
		// keys to compare, twice, and to read. The projection of 70 positions
		// needs no gradient of its input.
		"txl-ptb": 70*3*(16*(4*2*380*380+2*2*380*900+35.5*3*2*380)+2*380*10_000)/1e9 + 16*70*2*2*380*380/1e9,
		// The memory's keys and values need none either.
		"txl-wt2": 150*3*(16*(4*2*400*400+2*2*400*900+225.5*3*2*400)+2*400*33_278)/1e9 + 16*(2*150+300)*2*2*400*400/1e9,
		// Twelve projections, two feed-forward parts, and 28, 28 and 14.5 keys that
		// words of the source see, words of the target in it, and among themselves.
		"mt-iwslt": 28 * 3 * (6*(12*2*512*512+2*2*2*512*1024+70.5*2*2*512) + 2*512*10_152) / 1e9,
		// Two layers with eight products for a word, but for the gradient of the vectors.
		"lstm-512": 35 * (3*2*8 - 4) * 2 * 512 * 512 / 1e9,
		"lstm-ptb": 35 * 3 * (2*8*2*512*512 + 2*512*10_000) / 1e9,
	} {
		m, err := newModel(name)
		if err != nil {
			t.Fatal(err)
		}
		if got := m.flops(1) / 1e9; math.Abs(got/want-1) > 5e-4 {
			t.Errorf("%s: %.4f GFLOP for an example, want %v", name, got, want)
		}
	}
}

func TestShapesRun(t *testing.T) {
	const most = 5e7 // operations, so that the test stays short
	names := map[string]bool{}
	for _, s := range gemmShapes() {
		names[s.name()] = true
		if s.flops() > most {
			continue
		}
		if s.kernel(1)() <= 0 || s.operation(1)() <= 0 {
			t.Errorf("%s takes no time", s.name())
		}
	}
	for _, shape := range convShapes() {
		spec := shape.spec()
		spec.Groups = 1
		thin := ops.Conv2D(autograd.New(1, shape.Size, shape.Size, 1), autograd.New(shape.Kernel, shape.Kernel, 1, 1), spec)
		if got := shape.outputSize(); got != thin.Dim(1) {
			t.Errorf("%v: an output of %d pixels is counted, it has %d", shape, got, thin.Dim(1))
		}
		for _, pass := range passes {
			s := convPass{shape, pass}
			names[s.name(1)] = true
			if s.flops() <= most && s.kernel(1)() <= 0 {
				t.Errorf("%s takes no time", s.name(1))
			}
		}
	}
	if want := len(gemmShapes()) + len(passes)*len(convShapes()); len(names) != want {
		t.Errorf("%d shapes have %d names", want, len(names))
	}
}

func TestMeasure(t *testing.T) {
	times := []time.Duration{time.Second, 5 * time.Second, 2 * time.Second}
	runs := 0
	k := kernel(func() time.Duration {
		runs++
		return times[(runs-1)%len(times)]
	})
	s, err := measure(t.Context(), k, 10, 3, 0)
	if err != nil || s.flops != 5 || runs != 3 {
		t.Errorf("10 operations in 1, 2 and 5 s: a median of %v a second in %d runs, error %v", s.flops, runs, err)
	}
	if s.ceiling < 1e8 {
		t.Errorf("the ceiling is %v operations a second", s.ceiling)
	}
	runs = 0
	if s, _ = measure(t.Context(), k, 10, 1, 7*time.Second); runs != 3 || s.flops != 30.0/8 {
		t.Errorf("a round of 7 s has %d runs at %v operations a second, want 3 in 8 s", runs, s.flops)
	}
	if got := median([]float64{4, 1, 3, 2}); got != 2.5 {
		t.Errorf("the median of 1 to 4 is %v", got)
	}
}
