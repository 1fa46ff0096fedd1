package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"autodropout/autograd"
	"autodropout/benchmarks/internal/usage"
	"autodropout/layers"
	"autodropout/ops"
)

// layerFacts is where the time of a training step or of a prediction goes: to one of its operations, or to
// all that is none.
type layerFacts struct {
	Operation string  `json:"operation"` // "rest": the optimizer, and what lies between operations
	Output    []int   `json:"output"`
	Forward   float64 `json:"forward_ms"`
	Backward  float64 `json:"backward_ms"` // with what is computed again for it
	Fastest   float64 `json:"fastest_ms"`  // of both passes; the others are medians
	Share     float64 `json:"share"`       // of the step
}

// measureLayers measures the operations of a training step, each as the median of several
// steps.
func (c *config) measureLayers(ctx context.Context, p *printer) error {
	_, batch, k, tapes, err := c.trainee()
	if err != nil {
		return err
	}
	if len(tapes) != 1 {
		return usage.Errorf("-run layers measures models whose step has one tape, and %s has %d: take a model of images", c.model, len(tapes))
	}
	return c.measureOperations(ctx, p, "a training step", batch, k, tapes[0])
}

// measurePredictLayers measures the operations of a prediction, all images of the batch at once.
func (c *config) measurePredictLayers(ctx context.Context, p *printer) error {
	m, model, err := c.photographic()
	if err != nil {
		return err
	}
	batch := max(c.batch, 1)
	x := randomImages(batch, m.size)
	tape := autograd.NewFrozen(model.Params()).NewInference()
	return c.measureOperations(ctx, p, "a prediction", batch, func() time.Duration {
		start := time.Now()
		model.Forward(&layers.Ctx{Tape: tape}, tape.Input(x, batch, m.size, m.size, 3))
		taken := time.Since(start)
		tape.Reset()
		return taken
	}, tape)
}

// measureOperations measures the operations of what k does on a tape.
func (c *config) measureOperations(ctx context.Context, p *printer, what string, batch int, k kernel, tape *autograd.Tape) error {
	k.warmUp()
	s := stopwatch{places: map[**autograd.Tensor]int{}}
	tape.Watch = s.watch
	var ceilings, steps []float64
	for range c.steps {
		if err := ctx.Err(); err != nil {
			return err
		}
		ceilings = append(ceilings, ceiling())
		s.begin()
		steps = append(steps, k().Seconds())
		s.rest = append(s.rest, s.lap())
	}
	p.title("Operations of "+what+", convolutions counted as the direct algorithm computes them",
		"%-18s %-20s %9s %9s %9s %7s", "operation", "output", "forward", "backward", "fastest", "of all")
	step, ceiling := median(steps), median(ceilings)
	for _, op := range s.operations {
		seconds := median(op.forward) + median(op.backward)
		if err := c.printLayer(p, batch, op, step, speed{op.flops / seconds, ceiling}); err != nil {
			return err
		}
	}
	return c.printLayer(p, batch, &timedOperation{name: "rest", forward: s.rest}, step, speed{0, ceiling})
}

func (c *config) printLayer(p *printer, batch int, op *timedOperation, step float64, s speed) error {
	forward, backward, fastest := median(op.forward), 0.0, slices.Min(op.forward)
	if len(op.backward) > 0 {
		backward = median(op.backward)
		fastest += slices.Min(op.backward)
	}
	r := c.result(op.name, s)
	r.Batch, r.layerFacts = batch, &layerFacts{op.name, op.output, 1e3 * forward, 1e3 * backward, 1e3 * fastest, (forward + backward) / step}
	shape := strings.Trim(strings.ReplaceAll(fmt.Sprint(op.output), " ", "x"), "[]")
	return p.print(r, fmt.Sprintf("%-18s %-20s %6.2f ms %6.2f ms %6.2f ms %5.1f %%", op.name, shape, r.Forward, r.Backward, r.Fastest, 100*r.Share))
}

// A timedOperation is one operation of a step, and how long its passes took in each of
// several steps, in seconds.
type timedOperation struct {
	name              string
	output            []int
	flops             float64 // of both passes; 0: not counted
	forward, backward []float64
}

// A stopwatch looks at the time whenever a tape has computed something.
type stopwatch struct {
	operations []*timedOperation
	next       int                       // operation of the step's forward pass
	places     map[**autograd.Tensor]int // operations of the step, by their inputs
	rest       []float64                 // of steps
	last       time.Time
}

// begin begins a step.
func (s *stopwatch) begin() {
	s.next, s.last = 0, time.Now()
	clear(s.places)
}

// lap returns the seconds since it was called last.
func (s *stopwatch) lap() float64 {
	now := time.Now()
	defer func() { s.last = now }()
	return now.Sub(s.last).Seconds()
}

func (s *stopwatch) watch(r autograd.Result) {
	seconds := s.lap()
	if r.Input < 0 {
		if s.next == len(s.operations) {
			s.operations = append(s.operations, &timedOperation{name: r.Op, output: slices.Clone(r.Shape()), flops: convFlops(r)})
		}
		s.places[&r.Inputs[0]] = s.next
		op := s.operations[s.next]
		op.forward, op.backward = append(op.forward, seconds), append(op.backward, 0)
		s.next++
		return
	}
	// An operation is shown once for each gradient that it has computed.
	op := s.operations[s.places[&r.Inputs[0]]]
	op.backward[len(op.backward)-1] += seconds
}

// convFlops returns what a convolution of a step computes in all its passes: those of the
// forward pass again for each gradient. Of other operations it is 0.
func convFlops(r autograd.Result) float64 {
	pixels := r.Len()
	switch spec := r.Spec.(type) {
	case *ops.ConvSpec, *ops.ConvBatchNormArgs:
	case *ops.Conv2DMaxPoolArgs: // all pixels, also those in no window
		x := r.Inputs[0]
		rows, cols := x.Dim(1)+2*spec.Conv.Pad-r.Inputs[1].Dim(0)+1, x.Dim(2)+2*spec.Conv.Pad-r.Inputs[1].Dim(1)+1
		pixels = x.Dim(0) * rows * cols * r.Dim(3)
	default:
		return 0
	}
	w, passes := r.Inputs[1], 1.0
	for _, in := range r.Inputs {
		if in.NeedsGrad() {
			passes++
		}
	}
	return passes * 2 * float64(pixels) * float64(w.Len()/w.Dim(3))
}
