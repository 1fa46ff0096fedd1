package data

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"autodropout/data/imaging"
	"autodropout/internal/seed"
)

// A feed makes the batches of an epoch from the given one on.
type feed struct {
	*Loader
	epoch, base uint64
	order       []int
	from        int
	table       *normaliser
}

// batches yields the batches, which a goroutine makes ahead of the loop. A fixed
// number of buffers goes round between the two.
func (f *feed) batches(ctx context.Context) iter.Seq[*Batch] {
	return func(yield func(*Batch) bool) {
		ctx, cancel := context.WithCancel(ctx)
		free, ready := make(chan *Batch, ahead+1), make(chan *Batch, ahead)
		for i := range f.buffers {
			if f.buffers[i] == nil {
				f.buffers[i] = f.newBatch()
			}
			free <- f.buffers[i]
		}
		f.err = nil
		var failed error
		done := make(chan struct{})
		go func() {
			defer close(done)
			defer close(ready)
			failed = f.produce(ctx, free, ready)
		}()
		// The goroutine ends before the loop does, even if the body panics.
		defer func() { cancel(); <-done; f.err = failed }()
		for ctx.Err() == nil {
			start := time.Now()
			b, ok := <-ready
			f.waited.Add(int64(time.Since(start)))
			if !ok || len(b.Y) > 0 && !yield(b) { // none of its images may be usable
				return
			}
			free <- b
		}
	}
}

// imageSize is the number of values of an image in a batch.
func (f *feed) imageSize() int { return f.header.Height * f.header.Width * Channels }

func (f *feed) newBatch() *Batch {
	n := min(f.cfg.Batch, len(f.order))
	return &Batch{
		X:        make([]float32, n*f.imageSize()),
		Shape:    []int{n, f.header.Height, f.header.Width, Channels},
		Y:        make([]int, n),
		Examples: make([]int, n),
	}
}

// produce fills free batches and passes them on until all are made, ctx is
// cancelled or the source fails.
func (f *feed) produce(ctx context.Context, free <-chan *Batch, ready chan<- *Batch) error {
	for i := f.from; i < f.Batches(); i++ {
		var b *Batch
		select {
		case b = <-free:
		case <-ctx.Done():
			return nil
		}
		if err := f.fill(ctx, b, i); err != nil {
			return err
		}
		if ctx.Err() != nil {
			return nil // the batch is not complete
		}
		select {
		case ready <- b:
		case <-ctx.Done():
			return nil
		}
	}
	return nil
}

// fill makes batch i.
func (f *feed) fill(ctx context.Context, b *Batch, i int) error {
	examples := f.order[i*f.cfg.Batch : min((i+1)*f.cfg.Batch, len(f.order))]
	n, size := len(examples), f.imageSize()
	b.Index = i
	b.X, b.Y, b.Examples = b.X[:n*size], b.Y[:n], b.Examples[:n]
	failures := make([]error, n)
	share(n, func(next func() (int, bool)) {
		var memory scratch
		for j, ok := next(); ok && ctx.Err() == nil; j, ok = next() {
			b.Examples[j], failures[j] = f.prepare(b.X[j*size:(j+1)*size], examples[j], &memory)
		}
	})
	kept := 0
	for j, err := range failures {
		var bad *BadImageError
		switch {
		case err == nil:
			copy(b.X[kept*size:(kept+1)*size], b.X[j*size:(j+1)*size])
			b.Examples[kept] = b.Examples[j]
			b.Y[kept] = f.source.Label(b.Examples[j])
			kept++
		case !f.ordered || !errors.As(err, &bad):
			return err
		}
	}
	b.X, b.Y, b.Examples, b.Shape[0] = b.X[:kept*size], b.Y[:kept], b.Examples[:kept], kept
	return nil
}

// share calls work on as many goroutines as there are cores. Together they get
// the numbers below n from next. The pool of package parallel is not for this:
// it belongs to the trainer at the same time, and to one of them only.
func share(n int, work func(next func() (i int, ok bool))) {
	const grain = 4 // numbers that a goroutine takes at a time
	var taken atomic.Int64
	var group sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), (n+grain-1)/grain) {
		group.Go(func() {
			i, end := 0, 0
			work(func() (int, bool) {
				if i++; i >= end {
					end = int(taken.Add(grain))
					i = end - grain
					end = min(end, n)
				}
				return i, i < n
			})
		})
	}
	group.Wait()
}

// prepare makes the image for place i and returns the place of the one it took.
func (f *feed) prepare(dst []float32, i int, memory *scratch) (example int, err error) {
	if f.ordered {
		image, err := middleOf(f.source, i, &f.header, memory)
		if err != nil {
			return i, err
		}
		f.table.apply(dst, image.Pix)
		return i, nil
	}
	image, example, err := f.usable(i, memory)
	if err != nil {
		return i, err
	}
	rng := seed.New(f.base, "augment", f.epoch, uint64(i))
	if f.cfg.Augment.Crop > 0 {
		image = f.cfg.Augment.crop(image, &f.header, rng, memory)
	}
	turn := f.cfg.Augment.Alternate && seed.New(f.base, "flip", uint64(i)).IntN(2) == int(f.epoch%2)
	f.cfg.Augment.apply(dst, image.Pix, f.header.Height, f.header.Width, f.table, rng, turn, memory)
	return example, nil
}

// usable loads image i or, where that is not possible, the next one: all of it if it is
// going to be cropped, otherwise its middle.
func (f *feed) usable(i int, memory *scratch) (imaging.Image, int, error) {
	const most = 100 // so many in a row are no accident
	for tries := 1; ; tries++ {
		image, err := f.load(i, memory)
		var bad *BadImageError
		switch {
		case err == nil:
			return image, i, nil
		case !errors.As(err, &bad):
			return image, i, err
		case tries == min(most, f.source.Len()):
			return image, i, fmt.Errorf("data: %d images of %s in a row cannot be used; the last one is %w", tries, f.header.Name, err)
		}
		i = (i + 1) % f.source.Len()
	}
}

func (f *feed) load(i int, memory *scratch) (imaging.Image, error) {
	if f.cfg.Augment.Crop > 0 {
		return f.source.Load(i)
	}
	return middleOf(f.source, i, &f.header, memory)
}
