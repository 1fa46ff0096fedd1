package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"autodropout/benchmarks/internal/flops"
	"autodropout/benchmarks/internal/machine"
	"autodropout/benchmarks/internal/usage"
	"autodropout/controller"
	"autodropout/data"
	"autodropout/dropout"
	"autodropout/internal/seed"
	"autodropout/models"
)

// A growth is how time and memory grow with one number.
type growth struct {
	name, unit string // of the number
	values     []int
	most       int                     // a value that only -large measures; 0: none
	work       func(n int) float64     // what there is to do, in any unit
	make       func(string, int) error // makes what a point reads in a folder; nil: nothing
	point      func(string, int) (time.Duration, error)
}

// growthFacts are a point of a growth.
type growthFacts struct {
	Growth string  `json:"growth"`
	Value  int     `json:"value"`
	CPU    float64 `json:"cpu_s"`       // of a step, of taking a search up, or of reading a text
	Memory float64 `json:"peak_rss_mb"` // of a process that does nothing else, in 10^6 bytes
	Work   float64 `json:"work"`        // beside the first point's

	// Power is the exponent with which the time has grown with the work since the point before;
	// above 1 it has grown faster. Absent at the first point.
	Power float64 `json:"power,omitempty"`
}

func itself(n int) float64 { return float64(n) }

// growths are all there are. Models are those of the study's trials.
func growths() []growth {
	words := func(length int) languageModel {
		return languageModel{name: "txl-2-64", texts: 10, lengths: models.Lengths{Target: length, Memory: 64},
			config: models.TransformerXLConfig{Vocab: 10000, Layers: 2, Width: 64, Heads: 4, HeadWidth: 16, Inner: 128, Cutoffs: []int{1000, 4000}}}
	}
	wrn := func(depth, width int) imageModel {
		return imageModel{depth: depth, width: width, size: 32, classes: 10}
	}
	return []growth{
		{name: "batch", unit: "images", values: []int{5, 10, 25, 50, 100, 200, 400}, work: itself,
			point: func(_ string, n int) (time.Duration, error) { return stepTime(wrn(10, 1), n) }},
		{name: "width", unit: "times 16 channels", values: []int{1, 2, 4, 8}, work: func(n int) float64 { return flops.WRN(10, n, 32, 10) },
			point: func(_ string, n int) (time.Duration, error) { return stepTime(wrn(10, n), 16) }},
		{name: "depth", unit: "layers", values: []int{10, 16, 22, 28, 40}, work: func(n int) float64 { return flops.WRN(n, 1, 32, 10) },
			point: func(_ string, n int) (time.Duration, error) { return stepTime(wrn(n, 1), 16) }},
		{name: "length", unit: "words", values: []int{16, 32, 64, 128, 256, 512}, work: func(n int) float64 { return words(n).flops(10) },
			point: func(_ string, n int) (time.Duration, error) { return stepTime(words(n), 10) }},
		{name: "log", unit: "trials", values: []int{10, 100, 1000, 10000}, most: 100000, work: itself,
			make: func(folder string, n int) error { return search(folder, controller.Random, n) }, point: takeUp(controller.Random)},
		{name: "learned log", unit: "trials", values: []int{10, 100, 1000, 10000}, most: 100000, work: itself,
			make: func(folder string, n int) error { return search(folder, controller.PPO, n) }, point: takeUp(controller.PPO)},
		{name: "corpus", unit: "words", values: []int{10_000, 100_000, 1_000_000, 10_000_000}, most: 100_000_000, work: itself,
			make: writeCorpus, point: func(folder string, _ int) (time.Duration, error) {
				return cpuOf(func() error { _, err := data.LoadText(folder); return err })
			}},
	}
}

// cpuOf returns the CPU time that f takes, or the time where that is unknown.
func cpuOf(f func() error) (time.Duration, error) {
	start, before := time.Now(), machine.CPUTime()
	err := f()
	if spent := machine.CPUTime() - before; spent > 0 {
		return spent, err
	}
	return time.Since(start), err
}

// stepTime returns the CPU time of a training step.
func stepTime(m trainee, batch int) (time.Duration, error) {
	const enough = 300 * time.Millisecond
	k, _, err := m.step(batch)
	if err != nil {
		return 0, err
	}
	k.warmUp()
	steps, spent := 0, time.Duration(0)
	for spent < enough {
		d, err := cpuOf(func() error { k(); return nil })
		if err != nil {
			return 0, err
		}
		spent += d
		steps++
	}
	return spent / time.Duration(steps), nil
}

// searched is the search of the paper's ConvNet, by a controller of a size that learns
// quickly: what is measured is what goes with each trial.
func searched(folder string, algorithm controller.Algorithm, trials int) (controller.Config, dropout.Space) {
	return controller.Config{
		Path: filepath.Join(folder, "trials.jsonl"), Algorithm: algorithm, Trials: trials, InFlight: 256, Workers: 256,
		Network: controller.NetworkConfig{Layers: 1, Width: 4, Heads: 1},
	}, dropout.ConvSpace([]int{1, 1, 1})
}

func search(folder string, algorithm controller.Algorithm, trials int) error {
	config, space := searched(folder, algorithm, trials)
	_, err := controller.Search(context.Background(), config, space, func(_ context.Context, t controller.Trial) (controller.Outcome, error) {
		return controller.Outcome{Reward: seed.New(t.Seed, "growth").Float64()}, nil
	})
	return err
}

// takeUp takes a search up that has ended.
func takeUp(algorithm controller.Algorithm) func(string, int) (time.Duration, error) {
	return func(folder string, trials int) (time.Duration, error) {
		return cpuOf(func() error { return search(folder, algorithm, trials) })
	}
}

// writeCorpus writes a text of so many words, of 50,000 that are drawn as Zipf says.
func writeCorpus(folder string, count int) error {
	for _, part := range []string{"train.txt", "valid.txt", "test.txt"} {
		file, err := os.Create(filepath.Join(folder, part))
		if err != nil {
			return err
		}
		w, rng := bufio.NewWriter(file), seed.New(0, "growth/"+part)
		fmt.Fprintln(w, "<unk>") // stands for what only the other parts have
		for i := range count {
			fmt.Fprintf(w, "word%d ", int(math.Exp(rng.Float64()*math.Log(50000))))
			if i%20 == 19 {
				fmt.Fprintln(w)
			}
		}
		if err := w.Flush(); err != nil {
			return err
		}
		if err := file.Close(); err != nil {
			return err
		}
		count = min(count, 10000)
	}
	return nil
}

// measureGrowths measures each point in a process of its own.
func (c *config) measureGrowths(ctx context.Context, p *printer) error {
	if !p.json {
		fmt.Fprintf(p.w, "\nGrowth: CPU time and peak memory of a process for each number; the power says how time grows with what there is to do, 1 as fast\n%-12s %10s %-18s %12s %10s %6s\n", "growth", "value", "", "CPU time", "peak", "power")
	}
	for _, g := range growths() {
		var before growthFacts
		values := g.values
		if c.large && g.most > 0 {
			values = append(values, g.most)
		}
		for i, n := range values {
			facts, err := c.grow(ctx, g, n)
			if err != nil {
				return err
			}
			facts.Growth, facts.Value, facts.Work = g.name, n, g.work(n)/g.work(values[0])
			if i > 0 {
				facts.Power = math.Log(facts.CPU/before.CPU) / math.Log(facts.Work/before.Work)
			}
			if before = facts; p.json {
				err = json.NewEncoder(p.w).Encode(facts)
			} else {
				_, err = fmt.Fprintf(p.w, "%-12s %10d %-18s %9.2f ms %7.0f MB %6.2f\n", g.name, n, g.unit, 1000*facts.CPU, facts.Memory, facts.Power)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// grow makes what a point reads, and measures it in another process.
func (c *config) grow(ctx context.Context, g growth, n int) (facts growthFacts, err error) {
	folder, err := os.MkdirTemp("", "growth-")
	if err != nil {
		return facts, err
	}
	defer os.RemoveAll(folder)
	if g.make != nil {
		if err := g.make(folder, n); err != nil {
			return facts, err
		}
	}
	self, err := os.Executable()
	if err != nil {
		return facts, err
	}
	point := exec.CommandContext(ctx, self, "-run", "growth", "-threads", strconv.Itoa(c.threads), "-point", fmt.Sprintf("%s:%d:%s", g.name, n, folder))
	point.Stderr = os.Stderr
	out, err := point.Output()
	if err != nil {
		return facts, fmt.Errorf("%s %d: %w", g.name, n, err)
	}
	return facts, json.Unmarshal(out, &facts)
}

// measurePoint is what such a process does.
func (c *config) measurePoint(p *printer) error {
	name, rest, _ := strings.Cut(c.point, ":")
	number, folder, _ := strings.Cut(rest, ":")
	n, err := strconv.Atoi(number)
	for _, g := range growths() {
		if err == nil && g.name == name && n > 0 {
			spent, err := g.point(folder, n)
			if err != nil {
				return err
			}
			return json.NewEncoder(p.w).Encode(growthFacts{CPU: spent.Seconds(), Memory: float64(machine.PeakMemory()) / 1e6})
		}
	}
	return usage.Errorf("-point %q is no point that -run growth measures", c.point)
}
