package data

import (
	"context"
	"fmt"
	"iter"
	"math"
	"math/bits"
	"sync/atomic"
	"time"

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
	// Y holds the labels and Examples the places of the images in the source.
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
	// Variation distinguishes loaders with the same Seed: they give the same images in the
	// same order, each varied in its own way.
	Variation uint64
	// DropLast leaves out the last batch of an epoch if it is not full.
	DropLast bool
}

// Loader feeds images to a trainer, every epoch in another order, or to an
// evaluation, in the order of the source ([NewOrdered]). It prepares batches
// ahead of the trainer, in the background, on all cores. An image is varied by
// numbers that depend on the seed, the epoch and its place in the source only:
// the batch size and the number of cores change nothing, and any batch of any
// epoch can come first.
//
// In place of an image that cannot be used, a trainer gets the next usable image of the
// source, with that image's label and place, but varied by the numbers of the replaced
// image. An evaluation leaves it out.
//
// One loop over a Loader may run at a time. Its batches are the same memory in every epoch.
type Loader struct {
	source  Source
	header  Header
	cfg     LoaderConfig
	ordered bool
	buffers [ahead + 1]*Batch // which go round, from the first epoch on
	waited  atomic.Int64      // nanoseconds
	err     error
}

// ahead is how many batches wait ready while the trainer uses another.
const ahead = 2

// NewLoader returns a loader of the images of s. It is an error if cfg does not
// fit the source, or no batch can have the form that its header describes.
func NewLoader(s Source, cfg LoaderConfig) (*Loader, error) {
	header := s.Header()
	if s.Len() == 0 {
		return nil, fmt.Errorf("data: %s has no images, at least 1 is needed", header.Name)
	}
	if err := header.check(); err != nil {
		return nil, err
	}
	a := cfg.Augment
	switch {
	case cfg.Batch < 1:
		return nil, fmt.Errorf("data: a batch of %d images is not possible: at least 1 is needed", cfg.Batch)
	case cfg.Batch > math.MaxInt/8/(header.Height*header.Width*Channels):
		return nil, fmt.Errorf("data: a batch of %d images of %dx%d pixels is more than a program of %d bits can hold: make it smaller",
			cfg.Batch, header.Width, header.Height, bits.UintSize)
	case cfg.DropLast && cfg.Batch > s.Len():
		return nil, fmt.Errorf("data: a batch of %d images never fills: %s has only %d; make batches smaller", cfg.Batch, header.Name, s.Len())
	case a.Pad < 0 || a.Cutout < 0 || a.RandAugment.Operations < 0:
		return nil, fmt.Errorf("data: padding by %d pixels, a cutout of %d and %d operations are not possible: they must not be negative",
			a.Pad, a.Cutout, a.RandAugment.Operations)
	case a.Reflect && a.Pad >= min(header.Height, header.Width):
		return nil, fmt.Errorf("data: images of %dx%d pixels cannot be reflected %d pixels beyond their borders: pad by less than a side", header.Width, header.Height, a.Pad)
	case a.Alternate && !a.Flip:
		return nil, fmt.Errorf("data: flips that alternate need Flip")
	case !(a.Crop >= 0 && a.Crop <= 1):
		return nil, fmt.Errorf("data: a crop of at least %v of an image is not possible: it must be from 0 to 1", a.Crop)
	}
	return &Loader{source: s, header: header, cfg: cfg}, nil
}

// NewOrdered returns a loader whose epochs have all images of s in order, not
// varied, in batches of the given size; the last one may be smaller.
func NewOrdered(s Source, batch int) (*Loader, error) {
	l, err := NewLoader(s, LoaderConfig{Batch: batch})
	if err != nil {
		return nil, err
	}
	l.ordered = true
	return l, nil
}

// Batches returns the number of batches in an epoch.
func (l *Loader) Batches() int {
	if l.cfg.DropLast {
		return l.source.Len() / l.cfg.Batch
	}
	return (l.source.Len() + l.cfg.Batch - 1) / l.cfg.Batch
}

// Waited returns how long loops over the loader have waited for batches so far.
func (l *Loader) Waited() time.Duration { return time.Duration(l.waited.Load()) }

// Err returns why the last loop ended early, or nil if it did not or was cancelled.
func (l *Loader) Err() error { return l.err }

// Epoch returns the batches of an epoch, from the given one on. The sequence ends early
// when ctx is cancelled or the source fails: ask ctx and [Loader.Err] after the loop.
// Nothing keeps running after the loop has been left, however it was left.
func (l *Loader) Epoch(ctx context.Context, epoch, from int) iter.Seq[*Batch] {
	f := feed{Loader: l, epoch: uint64(epoch), base: l.cfg.Seed, from: from, table: newNormaliser(&l.header)}
	if l.ordered {
		f.order = upTo(l.source.Len())
	} else {
		f.order = seed.New(l.cfg.Seed, "shuffle", uint64(epoch)).Perm(l.source.Len())
	}
	if l.cfg.Variation != 0 {
		f.base = seed.Derive(f.base, "variation", l.cfg.Variation)
	}
	return f.batches(ctx)
}
