package serve

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"autodropout/data"
	"autodropout/data/imaging"
	"autodropout/data/picture"
	"autodropout/layers"
)

var (
	// ErrBusy says that the queue is full.
	ErrBusy = errors.New("serve: too many images wait already: try again later")
	// ErrClosed says that the predictor has been closed.
	ErrClosed = errors.New("serve: the predictor has been closed")
)

// BadImageError reports a file that is no image of a known format, is damaged, or is too large.
type BadImageError struct{ Err error }

// Error says what is wrong with the file.
func (e *BadImageError) Error() string { return "this image cannot be used: " + e.Err.Error() }

// Unwrap returns what is wrong.
func (e *BadImageError) Unwrap() error { return e.Err }

// Config configures a [Predictor]. Its zero value is sensible.
type Config struct {
	Batch int           // most images that are computed together; 0: 16
	Wait  time.Duration // how long an image waits for company; 0: only while others are computed
	Queue int           // most images that are in the predictor at a time; 0: four batches
}

// Predictor classifies images. Its methods may be called by any number of goroutines.
type Predictor struct {
	model    layers.Model
	prepare  *data.Preparer
	config   Config
	classes  int
	slots    chan *slot    // those that are free
	queue    chan *slot    // those that wait
	decoding chan struct{} // a place for each file that may be decoded at a time
	closing  sync.Once
	closed   chan struct{}
	ended    chan struct{}
}

// slot is the place of one image in a predictor.
type slot struct {
	ctx    context.Context
	pixels []float32
	scores []float32     // what was computed
	done   chan struct{} // has one element once it was
	state  atomic.Int32
}

// A slot that is waited for is given back by who waits, one that nobody waits for any more by the
// goroutine that computes.
const (
	waitedFor int32 = iota
	computed
	abandoned
)

// New returns a predictor for a model of images, whose outputs are logits of the header's classes,
// and runs the model with one image and with a full batch, so that its memory is taken. The model must not be trained
// meanwhile; see [layers.Freeze] for what its Forward must do. It is an error if model and header do not fit.
func New(model layers.Model, h data.Header, config Config) (*Predictor, error) {
	if config.Batch == 0 {
		config.Batch = 16
	}
	if config.Queue == 0 {
		config.Queue = 4 * config.Batch
	}
	if config.Batch < 1 || config.Wait < 0 || config.Queue < 1 {
		return nil, fmt.Errorf("serve: batches of %d images, a wait of %v and a queue of %d are not possible: all must be positive", config.Batch, config.Wait, config.Queue)
	}
	prepare, err := data.NewPreparer(h)
	if err != nil {
		return nil, err
	}
	p := &Predictor{
		model: model, prepare: prepare, config: config, classes: len(h.Classes),
		slots: make(chan *slot, config.Queue), queue: make(chan *slot, config.Queue),
		decoding: make(chan struct{}, runtime.GOMAXPROCS(0)),
		closed:   make(chan struct{}), ended: make(chan struct{}),
	}
	for range config.Queue {
		p.slots <- &slot{done: make(chan struct{}, 1)}
	}
	b := newBatch(p)
	for _, n := range []int{1, config.Batch} {
		if err := b.try(n); err != nil {
			return nil, err
		}
	}
	go p.run(b)
	return p, nil
}

// Classes names the classes.
func (p *Predictor) Classes() []string { return slices.Clone(p.prepare.Header().Classes) }

// Close ends the predictor after the current batch.
func (p *Predictor) Close() {
	p.closing.Do(func() { close(p.closed) })
	<-p.ended
}

// Predict decodes a file of any format that [picture.Decode] knows and returns the
// probability of every class, in the order of [Predictor.Classes]. The error is a
// [*BadImageError] where the file is to blame, [ErrBusy] or [ErrClosed], or the cause
// why ctx has ended.
func (p *Predictor) Predict(ctx context.Context, file []byte) ([]float32, error) {
	return p.predict(ctx, func() (imaging.Image, error) { return picture.Decode(file) })
}

// PredictImage is [Predictor.Predict] for an image that has been decoded.
func (p *Predictor) PredictImage(ctx context.Context, m imaging.Image) ([]float32, error) {
	return p.predict(ctx, func() (imaging.Image, error) { return m, nil })
}

func (p *Predictor) predict(ctx context.Context, decode func() (imaging.Image, error)) ([]float32, error) {
	var s *slot
	select {
	case <-p.closed:
		return nil, ErrClosed
	default:
	}
	select {
	case s = <-p.slots:
	default:
		return nil, ErrBusy
	}
	if err := p.fill(ctx, s, decode); err != nil {
		p.slots <- s
		return nil, err
	}
	s.ctx = ctx
	s.state.Store(waitedFor)
	p.queue <- s // it has room for all slots
	var why error
	select {
	case <-s.done:
	case <-ctx.Done():
		why = context.Cause(ctx)
	case <-p.closed:
		why = ErrClosed
	}
	if why != nil {
		if s.state.CompareAndSwap(waitedFor, abandoned) {
			return nil, why
		}
		<-s.done // it was computed at this very moment
	}
	scores := slices.Clone(s.scores)
	p.slots <- s
	return scores, nil
}

// fill brings an image to the form that the network takes.
func (p *Predictor) fill(ctx context.Context, s *slot, decode func() (imaging.Image, error)) error {
	select {
	case p.decoding <- struct{}{}:
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-p.closed:
		return ErrClosed
	}
	defer func() { <-p.decoding }()
	m, err := decode()
	if err == nil && (m.Width < 1 || m.Height < 1) {
		err = errors.New("it has no pixels")
	}
	if err != nil {
		return &BadImageError{err}
	}
	if s.pixels == nil {
		h := p.prepare.Header()
		s.pixels, s.scores = make([]float32, h.Height*h.Width*data.Channels), make([]float32, p.classes)
	}
	p.prepare.Prepare(s.pixels, m)
	return nil
}

// run computes batches until the predictor is closed.
func (p *Predictor) run(b *batch) {
	defer close(p.ended)
	for {
		select {
		case <-p.closed:
			return
		case s := <-p.queue:
			b.add(s)
		}
		p.gather(b)
		for len(b.slots) > 0 {
			b.answer()
		}
	}
}

// gather adds what waits, and what comes while the first image waits for company.
func (p *Predictor) gather(b *batch) {
	var timeout <-chan time.Time
	if p.config.Wait > 0 {
		timer := time.NewTimer(p.config.Wait)
		defer timer.Stop()
		timeout = timer.C
	}
	for len(b.slots) < p.config.Batch {
		select {
		case s := <-p.queue:
			b.add(s)
			continue
		default:
		}
		if timeout == nil {
			return
		}
		select {
		case s := <-p.queue:
			b.add(s)
		case <-timeout:
			return
		case <-p.closed:
			return
		}
	}
}
