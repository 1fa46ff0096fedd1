package layers

import (
	"fmt"
	"runtime"
	"sync"

	"autodropout/autograd"
	"autodropout/internal/parallel"
)

// Frozen is a model for prediction whose parameters and buffers no longer change.
// Operations keep their packed forms of parameters, and large batches are computed a few
// examples at a time on each core, which takes less memory and uses caches better. Any
// number of goroutines may use a Frozen.
type Frozen struct {
	model Model
	forms *autograd.Frozen
	mu    sync.Mutex
	tapes []*frozenTape
}

// A frozenTape keeps the memory of what it computed before.
type frozenTape struct {
	*autograd.Tape
	used bool
}

// Freeze returns a model for prediction, which must not be trained while the Frozen is in
// use. Its Forward must give each example of a batch, along the first axis, outputs that do
// not depend on the other examples.
func Freeze(m Model) *Frozen { return &Frozen{model: m, forms: autograd.NewFrozen(m.Params())} }

// Predict returns the outputs for a batch x, as [Predict] does. Each example has the
// outputs that it has alone, on any number of cores.
func (f *Frozen) Predict(x *autograd.Tensor) *autograd.Tensor {
	n := x.Dim(0)
	p := &prediction{Frozen: f, x: x, length: frozenPart(n, runtime.GOMAXPROCS(0))}
	parallel.Each(max(1, (n+p.length-1)/p.length), 0, p, (*prediction).part)
	return p.y
}

// frozenPart returns how many of n examples are computed together: few enough for caches, in as many parts
// as keep the cores busy. Where there are fewer examples than that, all work on each.
func frozenPart(n, cores int) int {
	const most = 4
	if n < 2*cores {
		return max(1, n)
	}
	parts := (n + most - 1) / most
	parts = (parts + cores - 1) / cores * cores
	return (n + parts - 1) / parts
}

// prediction is one call of Predict.
type prediction struct {
	*Frozen
	x      *autograd.Tensor
	length int // examples of a part
	once   sync.Once
	y      *autograd.Tensor
}

func (p *prediction) part(i int, _ []float32) {
	tape := p.take()
	defer p.give(tape)
	n := p.x.Dim(0)
	lo, hi := i*p.length, min((i+1)*p.length, n)
	size := p.x.Len() / max(1, n)
	shape := append([]int{hi - lo}, p.x.Shape()[1:]...)
	y := p.model.Forward(&Ctx{Tape: tape.Tape}, tape.Input(p.x.Data()[lo*size:hi*size], shape...))
	if y.Rank() == 0 || y.Dim(0) != hi-lo {
		panic(autograd.NewShapeError("layers.Frozen.Predict", fmt.Sprintf("outputs of %d examples along the first axis", hi-lo), y))
	}
	p.once.Do(func() { p.y = autograd.New(append([]int{n}, y.Shape()[1:]...)...) })
	copy(p.y.Data()[lo*(y.Len()/max(1, hi-lo)):], y.Data())
}

// take returns the first tape that nobody uses, so that few take memory.
func (f *Frozen) take() *frozenTape {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, tape := range f.tapes {
		if !tape.used {
			tape.used = true
			return tape
		}
	}
	tape := &frozenTape{f.forms.NewInference(), true}
	f.tapes = append(f.tapes, tape)
	return tape
}

func (f *Frozen) give(tape *frozenTape) {
	tape.Reset()
	f.mu.Lock()
	defer f.mu.Unlock()
	tape.used = false
}
