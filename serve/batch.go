package serve

import (
	"errors"
	"fmt"
	"slices"

	"autodropout/autograd"
	"autodropout/data"
	"autodropout/layers"
	"autodropout/ops"
)

// batch is what is computed next, and the memory that it takes.
type batch struct {
	*Predictor
	model *layers.Frozen
	slots []*slot
	x     []float32
	size  int // values of an image
}

func newBatch(p *Predictor) *batch {
	h := p.prepare.Header()
	size := h.Height * h.Width * data.Channels
	return &batch{Predictor: p, model: layers.Freeze(p.model), size: size, x: make([]float32, p.config.Batch*size)}
}

// add takes an image, unless nobody waits for it.
func (b *batch) add(s *slot) {
	if s.ctx.Err() != nil && s.state.Load() == abandoned {
		b.Predictor.slots <- s
		return
	}
	b.slots = append(b.slots, s)
}

// sizes lists how many images are computed together: a full batch, and powers of two. With every
// number of images there would be memory for each.
func (b *batch) sizes() []int {
	sizes := []int{b.config.Batch}
	for n := 1; n < b.config.Batch; n *= 2 {
		sizes = slices.Insert(sizes, 1, n)
	}
	return sizes
}

// answer computes as many of the images as are possible at once, and removes them.
func (b *batch) answer() {
	n := 0
	for _, size := range b.sizes() {
		if n = size; n <= len(b.slots) {
			break
		}
	}
	for i, s := range b.slots[:n] {
		copy(b.x[i*b.size:], s.pixels)
	}
	scores := ops.Softmax(b.compute(n)).Data()
	for i, s := range b.slots[:n] {
		copy(s.scores, scores[i*b.classes:])
		if s.state.CompareAndSwap(waitedFor, computed) {
			s.done <- struct{}{}
		} else {
			b.Predictor.slots <- s
		}
	}
	b.slots = slices.Delete(b.slots, 0, n)
}

// try computes n images of nothing. It returns an error where they do not fit the model, or its outputs
// the classes: both may come from files.
func (b *batch) try(n int) (err error) {
	defer func() {
		switch p := recover().(type) {
		case nil:
		case *autograd.ShapeError:
			h := b.prepare.Header()
			err = fmt.Errorf("serve: the model does not take %d images of %dx%d pixels: %w", n, h.Width, h.Height, p)
		default:
			panic(p)
		}
	}()
	y := b.compute(n)
	if shape := y.Shape(); len(shape) != 2 || shape[1] != b.classes {
		return fmt.Errorf("serve: the model's outputs are %v, and there are %d classes", shape, b.classes)
	}
	if !finite(y.Data()) {
		return errors.New("serve: the model's outputs for a picture of the mean colour are not finite: its training has diverged, or its weights are damaged")
	}
	return nil
}

// finite reports whether all are numbers.
func finite(x []float32) bool {
	return !slices.ContainsFunc(x, func(v float32) bool { return v-v != 0 })
}

// compute returns the logits of the first n images.
func (b *batch) compute(n int) *autograd.Tensor {
	h := b.prepare.Header()
	return b.model.Predict(autograd.FromSlice(b.x[:n*b.size], n, h.Height, h.Width, data.Channels))
}
