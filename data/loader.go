package data

import (
	"context"
	"fmt"
	"iter"
	"sync/atomic"
	"time"

	"autodropout/internal/parallel"
	"autodropout/internal/seed"
)

// Batch is a batch of normalised images. It is valid until the loop that it came
// from asks for the next one.
type Batch struct {
	// Index is the place of the batch in its epoch, counted from 0.
	Index int
	// X holds the images and Shape their extents (N, Height, Width, Channels).
	X     []float32
	Shape []int
	// Y holds the labels and Examples the places of the images in the set.
	Y, Examples []int
}

// LoaderConfig says how a [Loader] makes batches.
type LoaderConfig struct {
	// Batch is the number of images in a batch.
	Batch int
	// Seed gives the order of every epoch and the augmentation of every image.
	Seed uint64
	// Augment varies the images; its zero value does not.
	Augment Augment
	// Variation tells apart loaders with one Seed: they give the same images in
	// the same order, each varied in its own way.
	Variation uint64
	// DropLast leaves out the last batch of an epoch if it is not full.
	DropLast bool
}

// Loader feeds a training set to a trainer, every epoch in another order. It
// prepares batches ahead of the trainer, in the background. An image is varied by
// numbers that depend on the seed, the epoch and its place in the set only: the
// batch size and the number of cores change nothing, and any batch of any epoch
// can come first.
//
// One loop over a Loader may run at a time.
type Loader struct {
	set    *Set
	cfg    LoaderConfig
	waited atomic.Int64 // nanoseconds
}

// ahead is how many batches wait ready while the trainer uses another.
const ahead = 2

// NewLoader returns a loader of the images of s. It is an error if cfg does not
// fit the set.
func NewLoader(s *Set, cfg LoaderConfig) (*Loader, error) {
	switch {
	case s.Len() == 0:
		return nil, fmt.Errorf("data: %s has no images", s.Name)
	case cfg.Batch < 1:
		return nil, fmt.Errorf("data: a batch of %d images is not possible: at least 1 is needed", cfg.Batch)
	case cfg.DropLast && cfg.Batch > s.Len():
		return nil, fmt.Errorf("data: a batch of %d images never fills: %s has only %d", cfg.Batch, s.Name, s.Len())
	case cfg.Augment.Pad < 0 || cfg.Augment.Cutout < 0 || cfg.Augment.RandAugment.Operations < 0:
		return nil, fmt.Errorf("data: padding by %d pixels, a cutout of %d and %d operations are not possible: they must not be negative",
			cfg.Augment.Pad, cfg.Augment.Cutout, cfg.Augment.RandAugment.Operations)
	}
	return &Loader{set: s, cfg: cfg}, nil
}

// Batches returns the number of batches in an epoch.
func (l *Loader) Batches() int {
	if l.cfg.DropLast {
		return l.set.Len() / l.cfg.Batch
	}
	return (l.set.Len() + l.cfg.Batch - 1) / l.cfg.Batch
}

// Waited returns how long loops over the loader have waited for batches so far.
func (l *Loader) Waited() time.Duration { return time.Duration(l.waited.Load()) }

// Epoch returns the batches of an epoch, from the given one on. The sequence
// ends early when ctx is cancelled: ask ctx after the loop. Nothing keeps running
// after the loop has been left, however it was.
func (l *Loader) Epoch(ctx context.Context, epoch, from int) iter.Seq[*Batch] {
	order := seed.New(l.cfg.Seed, "shuffle", uint64(epoch)).Perm(l.set.Len())
	base := l.cfg.Seed
	if l.cfg.Variation != 0 {
		base = seed.Derive(base, "variation", l.cfg.Variation)
	}
	f := feed{
		set: l.set, order: order, batch: l.cfg.Batch, from: from, to: l.Batches(), waited: &l.waited,
		prepare: func(dst []float32, i int, table *normaliser, memory *scratch) {
			rng := seed.New(base, "augment", uint64(epoch), uint64(i))
			l.cfg.Augment.apply(dst, l.set.Image(i), l.set.Height, l.set.Width, table, rng, memory)
		},
	}
	return f.batches(ctx)
}

// Batches returns all images of the set in order, normalised but not varied, in
// batches of the given size, the last one possibly smaller. As with
// [Loader.Epoch], the sequence ends early when ctx is cancelled. Batches panics
// if size is not positive.
func (s *Set) Batches(ctx context.Context, size int) iter.Seq[*Batch] {
	if size < 1 {
		panic(fmt.Sprintf("data: a batch of %d images is not possible", size))
	}
	order := make([]int, s.Len())
	for i := range order {
		order[i] = i
	}
	f := feed{
		set: s, order: order, batch: size, to: (s.Len() + size - 1) / size, waited: new(atomic.Int64),
		prepare: func(dst []float32, i int, table *normaliser, _ *scratch) { table.apply(dst, s.Image(i)) },
	}
	return f.batches(ctx)
}

// A feed makes batches from to to-1 of the images of a set in some order.
type feed struct {
	set      *Set
	order    []int
	batch    int
	from, to int
	prepare  func(dst []float32, i int, table *normaliser, memory *scratch) // makes one image
	waited   *atomic.Int64
}

// batches yields the batches, which a goroutine makes ahead of the loop. A fixed
// number of buffers goes round between the two.
func (f feed) batches(ctx context.Context) iter.Seq[*Batch] {
	return func(yield func(*Batch) bool) {
		ctx, cancel := context.WithCancel(ctx)
		free, ready := make(chan *Batch, ahead+1), make(chan *Batch, ahead)
		for range ahead + 1 {
			free <- f.newBatch()
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			defer close(ready)
			f.produce(ctx, free, ready)
		}()
		// The goroutine ends before the loop does, even if the body panics.
		defer func() { cancel(); <-done }()
		for ctx.Err() == nil {
			start := time.Now()
			b, ok := <-ready
			f.waited.Add(int64(time.Since(start)))
			if !ok || !yield(b) {
				return
			}
			free <- b
		}
	}
}

func (f feed) newBatch() *Batch {
	n := min(f.batch, len(f.order))
	return &Batch{
		X:        make([]float32, n*f.set.imageSize()),
		Shape:    []int{n, f.set.Height, f.set.Width, Channels},
		Y:        make([]int, n),
		Examples: make([]int, n),
	}
}

// produce fills free batches and passes them on until all are made or ctx is
// cancelled.
func (f feed) produce(ctx context.Context, free <-chan *Batch, ready chan<- *Batch) {
	table := newNormaliser(f.set)
	for i := f.from; i < f.to; i++ {
		var b *Batch
		select {
		case b = <-free:
		case <-ctx.Done():
			return
		}
		f.fill(b, i, table)
		select {
		case ready <- b:
		case <-ctx.Done():
			return
		}
	}
}

// fill makes batch i.
func (f feed) fill(b *Batch, i int, table *normaliser) {
	examples := f.order[i*f.batch : min((i+1)*f.batch, len(f.order))]
	n, size := len(examples), f.set.imageSize()
	b.Index, b.Shape[0] = i, n
	b.X, b.Y, b.Examples = b.X[:n*size], b.Y[:n], b.Examples[:n]
	copy(b.Examples, examples)
	for j, example := range examples {
		b.Y[j] = int(f.set.Labels[example])
	}
	parallel.Range(n, 8, func(lo, hi int) {
		var memory scratch
		for j := lo; j < hi; j++ {
			f.prepare(b.X[j*size:(j+1)*size], examples[j], table, &memory)
		}
	})
}
