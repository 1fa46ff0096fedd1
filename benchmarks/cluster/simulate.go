package main

import (
	"container/heap"
	"context"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"slices"

	"golang.org/x/sync/errgroup"

	"autodropout/controller"
	"autodropout/dropout"
	"autodropout/internal/seed"
)

// What the simulated workers do, in seconds.
const (
	medianTrial = 30 * 60
	silence     = 30 // until the trial of a worker that died is handed out again, and the time between checkpoints
	restart     = 120
)

// pool is any number of workers in virtual time. A trial takes a time whose
// logarithm is normally distributed; a worker may die, and comes back later; its
// trial goes on elsewhere from the last checkpoint.
type pool struct {
	workers        int
	spread, deaths float64
	rng            *rand.Rand
	reward         func(t controller.Trial) float64

	now      float64
	idle     int // workers that wait for a trial
	training int // workers that have one
	queue    []work
	events   events

	busy, lost  float64 // worker-seconds of training so far, and those of them that were in vain
	sampledUpTo float64 // when a trial was sampled last
	then        pace    // what busy and lost were at that time
}

type pace struct{ busy, lost float64 }

// work is what is left of a trial.
type work struct {
	trial   controller.Trial
	seconds float64
}

// event is something that happens at a time.
type event struct {
	at   float64
	kind kind
	work work
}

type kind int

const (
	finishes kind = iota
	dies
	returns // a worker
	again   // a trial, to the queue
)

// events is a heap of what is to come.
type events []event

func (e events) Len() int           { return len(e) }
func (e events) Less(i, j int) bool { return e[i].at < e[j].at }
func (e events) Swap(i, j int)      { e[i], e[j] = e[j], e[i] }

// Push implements heap.Interface.
func (e *events) Push(x any) { *e = append(*e, x.(event)) }

// Pop implements heap.Interface.
func (e *events) Pop() any {
	last := (*e)[len(*e)-1]
	*e = (*e)[:len(*e)-1]
	return last
}

// next implements what [controller.Simulate] asks for.
func (p *pool) next(sampled []controller.Trial) controller.Result {
	for _, t := range sampled {
		p.queue = append(p.queue, work{t, medianTrial * math.Exp(p.spread*p.rng.NormFloat64())})
		p.sampledUpTo, p.then = p.now, pace{p.busy, p.lost}
	}
	for {
		for p.idle > 0 && len(p.queue) > 0 {
			p.begin(p.queue[0])
			p.queue = p.queue[1:]
		}
		e := heap.Pop(&p.events).(event)
		p.busy += float64(p.training) * (e.at - p.now)
		p.now = e.at
		switch e.kind {
		case finishes:
			p.training--
			p.idle++
			return controller.Result{Trial: e.work.trial.Index, Reward: p.reward(e.work.trial)}
		case dies:
			p.training--
			heap.Push(&p.events, event{p.now + restart, returns, work{}})
			heap.Push(&p.events, event{p.now + silence, again, e.work})
		case returns:
			p.idle++
		case again:
			p.queue = append([]work{e.work}, p.queue...)
		}
	}
}

// begin has a worker train a trial, until that is finished or the worker dies.
func (p *pool) begin(w work) {
	p.idle--
	p.training++
	const hour = 60 * 60
	life := math.Inf(1)
	if p.deaths > 0 {
		life = p.rng.ExpFloat64() * hour / p.deaths
	}
	if life >= w.seconds {
		heap.Push(&p.events, event{p.now + w.seconds, finishes, w})
		return
	}
	saved := math.Floor(life/silence) * silence
	p.lost += life - saved
	heap.Push(&p.events, event{p.now + life, dies, work{w.trial, w.seconds - saved}})
}

// utilisation returns the share of the workers' time that went into trainings that
// count: until the last trial was sampled, and until the last was finished, when
// there was ever less to do.
func (p *pool) utilisation() (steady, whole float64) {
	return (p.then.busy - p.then.lost) / (float64(p.workers) * p.sampledUpTo), (p.busy - p.lost) / (float64(p.workers) * p.now)
}

// mode is a way to schedule a search.
type mode struct {
	workers, inFlight int
	async             bool
}

func (m mode) String() string {
	if m.async {
		return "async"
	}
	return "in order"
}

// play simulates a search.
func (c *config) play(m mode, algorithm controller.Algorithm) (*pool, []controller.Lesson, error) {
	space := dropout.ConvSpace([]int{1, 1, 1})
	p := &pool{workers: m.workers, idle: m.workers, spread: c.spread, deaths: c.deaths, rng: seed.New(uint64(c.seed), "simulated times"), reward: rewards(space, uint64(c.seed))}
	var lessons []controller.Lesson
	_, err := controller.Simulate(controller.Config{
		Trials: max(c.trials*m.workers, c.fewest), InFlight: m.inFlight, Async: m.async, Algorithm: algorithm, Seed: uint64(c.seed),
		Learned: func(l controller.Lesson) { lessons = append(lessons, l) },
	}, space, p.next)
	return p, lessons, err
}

// rewards returns a reward that depends on each token by itself, with noise.
func rewards(space dropout.Space, base uint64) func(t controller.Trial) float64 {
	rng := seed.New(base, "simulated rewards")
	var worth [][]float64
	for i := range space.Decisions() {
		var values []float64
		for range space.Choice(i).Values {
			values = append(values, rng.NormFloat64())
		}
		worth = append(worth, values)
	}
	return func(t controller.Trial) float64 {
		noise := seed.New(t.Seed, "noise")
		sum := 2 * noise.NormFloat64()
		for i, token := range t.Point {
			sum += worth[i][token]
		}
		return sum
	}
}

// enough returns the fewest trials in flight, in steps of an eighth of the
// workers, that keep the workers of a search as busy as they are to be; false
// where no number does. When a trial is finished does not depend on what the
// policy learns, so random search stands in for it.
func (c *config) enough(ctx context.Context, workers int, async bool) (inFlight int, found bool, err error) {
	const most = 1 << 12 // that a search allows
	for inFlight = workers; inFlight <= min(most, 8*workers); inFlight += max(1, workers/8) {
		if ctx.Err() != nil {
			return 0, false, context.Cause(ctx)
		}
		p, _, err := c.play(mode{workers, inFlight, async}, controller.Random)
		if err != nil {
			return 0, false, err
		}
		if steady, _ := p.utilisation(); steady >= c.reach {
			return inFlight, true, nil
		}
	}
	return 0, false, nil
}

// simulate prints how busy workers are, and how stale what they find.
func (c *config) simulate(ctx context.Context, stdout io.Writer) error {
	fmt.Fprintf(stdout, `Trials take %d minutes, times exp(%g x normal); workers die %g times an hour of work, their trials go on after %d s, and they come back after %d s.
%d trials for each worker, %d at least; 24 decisions; REINFORCE with the defaults. "Utilisation" is until the last trial was sampled; "to the end" also counts the
time in which fewer and fewer trials were left. "Behind" is how many results were applied between the sampling of a trial and its own result, the
ratio is that of the probabilities of its tokens, now over then; the weight is that ratio, 5 at most, and the effective share is (sum w)^2 / (n sum w^2).

| workers | results | in flight | utilisation | to the end | behind, median | ratio, 10 %% | median | 90 %% | truncated | effective share |
|---|---|---|---|---|---|---|---|---|---|---|
`, medianTrial/60, c.spread, c.deaths, silence, restart, c.trials, c.fewest)
	for _, workers := range c.workers {
		lines, err := c.lines(ctx, workers)
		if err != nil {
			return err
		}
		for _, line := range lines {
			fmt.Fprintln(stdout, line)
		}
	}
	return nil
}

// lines returns the rows of the table for a number of workers: results in order,
// with as many trials in flight as workers and as many as it takes, and results
// as they come.
func (c *config) lines(ctx context.Context, workers int) ([]string, error) {
	modes := []mode{{workers, workers, false}}
	inFlight, found, err := c.enough(ctx, workers, false)
	if err != nil {
		return nil, err
	}
	if found && inFlight > workers {
		modes = append(modes, mode{workers, inFlight, false})
	}
	if inFlight, found, err = c.enough(ctx, workers, true); err != nil {
		return nil, err
	}
	if found {
		modes = append(modes, mode{workers, inFlight, true})
	}
	lines := make([]string, len(modes))
	group, ctx := errgroup.WithContext(ctx)
	for i, m := range modes {
		group.Go(func() error {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			p, lessons, err := c.play(m, controller.Reinforce)
			lines[i] = row(m, p, lessons)
			return err
		})
	}
	return lines, group.Wait()
}

// row describes a search.
func row(m mode, p *pool, lessons []controller.Lesson) string {
	var behind []int
	var ratios []float64
	var truncated int
	var sum, squares float64
	const most = 5
	for _, l := range lessons {
		behind = append(behind, l.Behind)
		ratios = append(ratios, l.Ratio)
		w := min(l.Ratio, most)
		if l.Ratio > most {
			truncated++
		}
		sum += w
		squares += w * w
	}
	slices.Sort(behind)
	slices.Sort(ratios)
	n := len(lessons)
	steady, whole := p.utilisation()
	return fmt.Sprintf("| %d | %v | %d | %.1f %% | %.1f %% | %d | %.2f | %.2f | %.2f | %.1f %% | %.2f |", m.workers, m, m.inFlight, 100*steady, 100*whole,
		behind[n/2], ratios[n/10], ratios[n/2], ratios[9*n/10], 100*float64(truncated)/float64(n), sum*sum/(float64(n)*squares))
}
