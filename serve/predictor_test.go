package serve_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"autodropout/autograd"
	"autodropout/data"
	"autodropout/data/imaging"
	"autodropout/data/picture"
	"autodropout/layers"
	"autodropout/ops"
	"autodropout/serve"
)

// network is a small ConvNet; while it is held, it does not compute.
type network struct {
	params *autograd.Params
	conv   *layers.Conv2D
	norm   *layers.BatchNorm
	fc     *layers.Linear
	mu     sync.Mutex
	sizes  []int // of the batches
}

func newNetwork(classes int) *network {
	s := layers.NewScope(3)
	return &network{
		params: s.Params(),
		conv:   layers.NewConv2D(s.Sub("conv"), layers.Conv2DConfig{In: 3, Out: 8, Size: 3, Stride: 2, Pad: 1, NoBias: true}),
		norm:   layers.NewBatchNorm(s.Sub("bn"), layers.BatchNormConfig{Channels: 8}),
		fc:     layers.NewLinear(s.Sub("fc"), layers.LinearConfig{In: 8, Out: classes}),
	}
}

func (m *network) Params() *autograd.Params { return m.params }

func (m *network) Forward(c *layers.Ctx, x *autograd.Tensor) *autograd.Tensor {
	m.mu.Lock()
	m.sizes = append(m.sizes, x.Dim(0))
	m.mu.Unlock()
	x = m.norm.After(c, m.conv, x, ops.ConvEnd{Activation: ops.WithReLU})
	return m.fc.Forward(c, ops.GlobalAvgPool(x))
}

const classes = 5

func header(t *testing.T) data.Header {
	t.Helper()
	h, err := data.PhotoHeader(16, 18, imaging.Bilinear)
	if err != nil {
		t.Fatal(err)
	}
	h.Classes = strings.Split("abcde", "")
	return h
}

func newPredictor(t *testing.T, m layers.Model, config serve.Config) *serve.Predictor {
	t.Helper()
	p, err := serve.New(m, header(t), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

// photo is a file with a picture of its own for every number.
func photo(i int) []byte {
	m := image.NewRGBA(image.Rect(0, 0, 20+i%7, 25-i%5))
	for y := range m.Rect.Dy() {
		for x := range m.Rect.Dx() {
			m.SetRGBA(x, y, color.RGBA{uint8(x * (i + 3)), uint8(y * (2*i + 1)), uint8(x*y + i), 255})
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// alone predicts for one file without a predictor.
func alone(t *testing.T, m layers.Model, file []byte) []float32 {
	t.Helper()
	h := header(t)
	return ops.Softmax(layers.Predict(m, autograd.FromSlice(prepared(t, h, file), 1, h.Height, h.Width, data.Channels))).Data()
}

// prepared returns the pixels of a file as a network sees them.
func prepared(t *testing.T, h data.Header, file []byte) []float32 {
	t.Helper()
	prepare, err := data.NewPreparer(h)
	if err != nil {
		t.Fatal(err)
	}
	picture, err := picture.Decode(file)
	if err != nil {
		t.Fatal(err)
	}
	x := make([]float32, h.Height*h.Width*data.Channels)
	prepare.Prepare(x, picture)
	return x
}

// TestManyGoroutines wants from a predictor in company the bits that each image has alone.
func TestManyGoroutines(t *testing.T) {
	const callers, each = 20, 10
	m := newNetwork(classes)
	want := make([][]float32, callers)
	for i := range want {
		want[i] = alone(t, m, photo(i))
	}
	p := newPredictor(t, m, serve.Config{Batch: 6, Queue: callers, Wait: time.Millisecond})
	var group sync.WaitGroup
	for i := range callers {
		group.Go(func() {
			file := photo(i)
			for range each {
				got, err := p.Predict(t.Context(), file)
				if err != nil || !slices.Equal(got, want[i]) {
					t.Errorf("image %d: %v and error %v, want %v", i, got, err, want[i])
				}
			}
		})
	}
	group.Wait()
	p.Close()
	total, company := 0, false
	for _, n := range m.sizes[callers:] { // after those alone
		total += n
		company = company || n > 1
	}
	total -= 1 + 6 // of New
	if total != callers*each || !company {
		t.Errorf("%d images in batches of %v, want %d images and some of them together", total, m.sizes, callers*each)
	}
}

func TestBusyAndCancelled(t *testing.T) {
	m := newNetwork(classes)
	p := newPredictor(t, m, serve.Config{Batch: 1, Queue: 2})
	m.mu.Lock() // nothing is computed from now on
	ctx, cancel := context.WithCancelCause(t.Context())
	errs := make(chan error, 2)
	for i := range 2 {
		go func() {
			err := serve.ErrBusy
			for errors.Is(err, serve.ErrBusy) { // what probes below has a place for a moment
				_, err = p.Predict(ctx, photo(i))
			}
			errs <- err
		}()
	}
	for busy := 0; busy < 100; runtime.Gosched() {
		if _, err := p.Predict(ctx, nil); errors.Is(err, serve.ErrBusy) { // does not wait if there is a place
			busy++
		} else {
			busy = 0
		}
	}
	cause := errors.New("the visitor has left")
	cancel(cause)
	for range 2 {
		if err := <-errs; !errors.Is(err, cause) {
			t.Errorf("error %v, want the cause %v", err, cause)
		}
	}
	m.mu.Unlock()
	for i := range 5 { // the places have come back
		for {
			_, err := p.Predict(t.Context(), photo(i))
			if err == nil {
				break
			}
			if !errors.Is(err, serve.ErrBusy) {
				t.Fatal(err)
			}
			runtime.Gosched()
		}
	}
}

func TestWhatCannotBePredicted(t *testing.T) {
	p := newPredictor(t, newNetwork(classes), serve.Config{Queue: 1})
	for _, file := range [][]byte{nil, []byte("no image"), photo(0)[:60], []byte("P6 0 0 255\n")} {
		var bad *serve.BadImageError
		if _, err := p.Predict(t.Context(), file); !errors.As(err, &bad) {
			t.Errorf("%.20q: error %v, want a BadImageError", file, err)
		}
	}
	var bad *serve.BadImageError
	if _, err := p.PredictImage(t.Context(), imaging.Image{}); !errors.As(err, &bad) {
		t.Errorf("an image without pixels: error %v", err)
	}
	if got, err := p.Predict(t.Context(), photo(1)); err != nil || len(got) != classes {
		t.Errorf("a good image after bad ones: %v, %v", got, err)
	}
	p.Close()
	p.Close()
	if _, err := p.Predict(t.Context(), photo(1)); !errors.Is(err, serve.ErrClosed) {
		t.Errorf("after Close: error %v", err)
	}
}

func TestNewRefuses(t *testing.T) {
	good := header(t)
	small, flat := good, good
	small.Shorter, flat.Std = 15, [3]float32{1, 0, 1}
	for _, c := range []struct {
		m      layers.Model
		h      data.Header
		config serve.Config
		want   string
	}{
		{newNetwork(4), good, serve.Config{}, "5 classes"},
		{newNetwork(classes), small, serve.Config{}, "shorter side is resized to 15"},
		{newNetwork(classes), flat, serve.Config{}, "the standard deviation 0"},
		{newNetwork(classes), good, serve.Config{Batch: -1}, "batches of -1 images"},
		{&changed{newNetwork(classes), func(x *autograd.Tensor) *autograd.Tensor { return ops.Reshape(x, 1, classes) }}, good, serve.Config{}, "does not take 16 images of 16x16 pixels"},
		{&changed{newNetwork(classes), func(x *autograd.Tensor) *autograd.Tensor { return ops.Log(ops.Scale(x, 0)) }}, good, serve.Config{}, "are not finite"},
		{&changed{newNetwork(classes), func(x *autograd.Tensor) *autograd.Tensor { return ops.Mean(x, 0) }}, good, serve.Config{}, "examples along the first axis"},
	} {
		if _, err := serve.New(c.m, c.h, c.config); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want one with %q", err, c.want)
		}
	}
}

// TestSteadyState wants no memory to be taken that grows, whatever sizes batches have.
func TestSteadyState(t *testing.T) {
	p := newPredictor(t, newNetwork(classes), serve.Config{Batch: 7, Queue: 64})
	m := imaging.New(16, 18)
	round := func() {
		var group sync.WaitGroup
		for range 16 {
			group.Go(func() {
				if _, err := p.PredictImage(t.Context(), m); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
	}
	heap := func() uint64 {
		var s runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&s)
		return s.HeapAlloc
	}
	for range 50 {
		round()
	}
	before := heap()
	for range 200 {
		round()
	}
	if after := heap(); after > before+256<<10 { // a core may have work late, and takes memory for it once
		t.Errorf("the heap has grown from %d to %d bytes in 3,200 predictions", before, after)
	}
}

func ExamplePredictor() {
	h, _ := data.PhotoHeader(16, 18, imaging.Bilinear)
	h.Classes = []string{"cat", "dog"}
	p, err := serve.New(newNetwork(2), h, serve.Config{})
	if err != nil {
		panic(err)
	}
	defer p.Close()
	scores, err := p.Predict(context.Background(), photo(0)) // from any number of goroutines
	fmt.Println(len(scores), err)
	// Output: 2 <nil>
}
