package models

import (
	"fmt"
	"math"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"

	"autodropout/autograd"
	"autodropout/dropout"
	"autodropout/internal/golden"
	"autodropout/layers"
	"autodropout/ops"
)

func TestWRNSizes(t *testing.T) {
	for _, c := range []struct{ depth, width, want int }{
		{16, 2, 691_674}, {28, 2, 1_467_610}, {28, 10, 36_479_194},
	} {
		if c.depth*c.width > 100 && testing.Short() {
			continue // a second to draw the weights
		}
		m, err := NewWRN(WRNConfig{Depth: c.depth, Width: c.width, Classes: 10})
		if err != nil {
			t.Fatal(err)
		}
		if got := m.Params().Len(); got != c.want {
			t.Errorf("%v has %d parameters, want %d", m, got, c.want)
		}
	}
}

func TestNewWRNRefuses(t *testing.T) {
	for _, c := range []struct {
		config WRNConfig
		want   string
	}{
		{WRNConfig{Depth: 27, Width: 2, Classes: 10}, "not 27"},
		{WRNConfig{Depth: 4, Width: 2, Classes: 10}, "not 4"},
		{WRNConfig{Depth: -2, Width: 2, Classes: 10}, "not -2"},
		{WRNConfig{Depth: 28, Classes: 10}, "width"},
		{WRNConfig{Depth: 28, Width: 2}, "class"},
	} {
		if _, err := NewWRN(c.config); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("NewWRN(%+v): error %v, want one with %q", c.config, err, c.want)
		}
	}
}

func TestWRNInitialWeights(t *testing.T) {
	m := newWRN(t, 16, 2)
	for _, c := range []struct {
		name string
		want float64 // root mean square
	}{
		{"conv1.weight", math.Sqrt(2. / (9 * 16))},
		{"block2.layer.0.conv2.weight", math.Sqrt(2. / (9 * 64))},
		{"block2.layer.0.convShortcut.weight", math.Sqrt(2. / 64)},
		{"fc.weight", math.Sqrt(1. / 128 / 3)},
		{"fc.bias", 0},
		{"block1.layer.1.bn2.weight", 1},
	} {
		p := m.Params().Lookup(c.name)
		if p == nil {
			t.Errorf("no parameter %s", c.name)
			continue
		}
		sum := 0.0
		for _, v := range p.Data() {
			sum += float64(v) * float64(v)
		}
		got := math.Sqrt(sum / float64(p.Len()))
		if margin := 4 * c.want / math.Sqrt(2*float64(p.Len())); !(math.Abs(got-c.want) <= margin) {
			t.Errorf("%s has root mean square %.4f, want %.4f", c.name, got, c.want)
		}
	}
}

// modes are those of passes that train and that do not.
var modes = map[bool]layers.Mode{true: layers.Training, false: layers.Prediction}

func newWRN(t testing.TB, depth, width int) *WRN {
	t.Helper()
	m, err := NewWRN(WRNConfig{Depth: depth, Width: width, Classes: 10, Seed: 7})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestWRNTrainsAsPyTorch compares ten training losses, and what they left.
func TestWRNTrainsAsPyTorch(t *testing.T) {
	file := golden.Load(t, "testdata/wrn-10-1.safetensors")
	m := newWRN(t, 10, 1)
	ps := m.Params()
	var initial []layers.Array
	for _, name := range file.Names() {
		if short, ok := strings.CutPrefix(name, "initial."); ok {
			x := file.Tensor(name)
			initial = append(initial, layers.Array{Name: short, Shape: x.Shape(), Data: x.Data()})
		}
	}
	if err := layers.LoadState(ps, initial); err != nil {
		t.Fatal(err)
	}
	losses := train(m, 10, nil)
	file.Compare("losses", losses, 1e-5)
	for _, a := range layers.State(ps) {
		if file.Has(a.Name) {
			file.Compare(a.Name, a.Data, 1e-4)
		}
	}
}

// train takes steps on the two batches of testdata/golden.py in turn and
// returns the losses.
func train(m *WRN, steps int, policy dropout.Policy) []float32 {
	ps := m.Params()
	momentum := make([]float32, ps.Len())
	tape := autograd.NewTape(ps)
	var losses []float32
	for step := range steps {
		tape.Reset()
		batch := step % 2
		images := values(batch, 8, 32, 32, 3)
		labels := make([]int, 8)
		for i := range labels {
			labels[i] = (batch*7 + i*3) % 10
		}
		c := &layers.Ctx{Tape: tape, Policy: policy, Stream: dropout.Stream{Seed: 1, Step: uint64(step)}}
		logits := m.Forward(c, ops.Scale(tape.Input(images.Data(), images.Shape()...), 1.5))
		loss := ops.CrossEntropy(logits, labels, ops.CrossEntropySpec{})
		losses = append(losses, loss.Item())
		for i, g := range tape.Backward(loss) { // Nesterov, as PyTorch has it
			w := &ps.Flat()[i]
			g += 5e-4 * *w
			momentum[i] = 0.9*momentum[i] + g
			*w -= 0.1 * (g + 0.9*momentum[i])
		}
		tape.Commit()
	}
	return losses
}

// TestWRNPredictsAsPyTorch gives a larger network weights by the formula of
// testdata/golden.py.
func TestWRNPredictsAsPyTorch(t *testing.T) {
	file := golden.Load(t, "testdata/wrn-28-2.safetensors")
	m := newWRN(t, 28, 2)
	weigh(t, m)
	images := exampleImages(4, 32)
	file.Compare("logits", layers.Predict(m, images).Data(), 1e-5)
}

func TestWRNSites(t *testing.T) {
	m := newWRN(t, 16, 2)
	sites := m.Sites()
	if got := fmt.Sprint(m.Blocks()); got != "[2 2 2]" || len(sites) != 6*5 {
		t.Errorf("blocks %v and %d sites, want [2 2 2] and 30", got, len(sites))
	}
	want := dropout.Site{Name: "block2.layer.1.bn2", Kind: dropout.Norm, Stage: 1, Stages: 3, Block: 1, Blocks: 2}
	if !slices.Contains(sites, want) {
		t.Errorf("no site %+v", want)
	}
	seen, images := visits{}, values(0, 2, 8, 8, 3)
	forward := func(train bool) {
		tape := autograd.NewInference()
		m.Forward(&layers.Ctx{Tape: tape, Mode: modes[train], Policy: seen}, tape.Input(images.Data(), images.Shape()...))
	}
	if forward(false); len(seen) != 0 {
		t.Errorf("at evaluation the policy was called at %v", seen)
	}
	forward(true)
	for _, s := range sites {
		if seen[s.Name] == nil {
			t.Errorf("the policy was not called at %s", s.Name)
		}
	}
	if len(seen) != len(sites) {
		t.Errorf("the policy was called at %d sites of %d: %v", len(seen), len(sites), seen)
	}
	if got := fmt.Sprint(seen["block2.layer.0.bn1"], seen["block2.layer.0.bn2"], seen["block2.layer.0.shortcut"]); got != "[2 8 8 32] [2 4 4 64] [2 4 4 64]" {
		t.Errorf("shapes at sites of block2.layer.0: %s", got)
	}
}

// TestMaskMayFollowReLU is the claim that wrnBlock.Forward relies on.
func TestMaskMayFollowReLU(t *testing.T) {
	var ps autograd.Params
	p := ps.Add("x", 2, 8, 8, 4)
	copy(p.Data(), values(5, 2, 8, 8, 4).Data())
	sites := []dropout.Site{{Name: "bn", Kind: dropout.Norm, Stages: 1, Blocks: 1}}
	policy, err := dropout.NewDropBlock(3, 0.6, sites)
	if err != nil {
		t.Fatal(err)
	}
	stream := dropout.Stream{Seed: 1, Progress: 1}
	run := func(f func(x *autograd.Tensor) *autograd.Tensor) (y, dx []float32) {
		tape := autograd.NewTape(&ps)
		out := f(tape.Use(p))
		y = slices.Clone(out.Data())
		weights := values(6, out.Shape()...)
		dx = slices.Clone(tape.Backward(ops.Sum(ops.Mul(out, weights))))
		return y, dx
	}
	drop := func(x *autograd.Tensor) *autograd.Tensor {
		return ops.Dropout(x, policy.Mask("bn", x.Shape(), stream))
	}
	y1, dx1 := run(func(x *autograd.Tensor) *autograd.Tensor { return ops.ReLU(drop(x)) })
	y2, dx2 := run(func(x *autograd.Tensor) *autograd.Tensor { return drop(ops.ReLU(x)) })
	if !slices.Equal(y1, y2) || !slices.Equal(dx1, dx2) {
		t.Error("ReLU of the masked tensor differs from the masked ReLU")
	}
	if plain, _ := run(ops.ReLU); slices.Equal(y1, plain) {
		t.Error("the mask dropped nothing")
	}
}

func TestWRNSameBitsOnAnyNumberOfCores(t *testing.T) {
	run := func(procs int) []float32 {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(procs))
		m := newWRN(t, 10, 1)
		policy, err := dropout.NewDropout(0.3, m.Sites())
		if err != nil {
			t.Fatal(err)
		}
		return append(train(m, 2, policy), m.Params().Flat()...)
	}
	want := run(1)
	for _, procs := range []int{3, 64} {
		if !slices.Equal(run(procs), want) {
			t.Errorf("training differs between 1 and %d cores", procs)
		}
	}
}

// TestWRNMemoryIsBounded demands that prediction needs no more memory in a
// deeper network, and that a second step needs no buffer more than the first.
func TestWRNMemoryIsBounded(t *testing.T) {
	images := values(0, 2, 32, 32, 3)
	peak := func(depth int) int {
		tape := autograd.NewInference()
		newWRN(t, depth, 1).Forward(&layers.Ctx{Tape: tape}, tape.Input(images.Data(), images.Shape()...))
		return tape.Stats().Peak
	}
	if shallow, deep := peak(10), peak(28); deep > shallow {
		t.Errorf("prediction takes %d bytes in WRN-10-1 and %d in WRN-28-1", shallow, deep)
	}

	m := newWRN(t, 10, 1)
	tape := autograd.NewTape(m.Params())
	step := func() int {
		tape.Reset()
		y := m.Forward(&layers.Ctx{Tape: tape}, tape.Input(images.Data(), images.Shape()...))
		tape.Backward(ops.CrossEntropy(y, []int{1, 2}, ops.CrossEntropySpec{}))
		tape.Commit()
		return tape.Stats().Allocations
	}
	if first, second := step(), step(); second != first {
		t.Errorf("a step allocated %d buffers after the first had %d", second-first, first)
	}
}

// TestWRNRecomputesOutputs wants the same gradients in less memory.
func TestWRNRecomputesOutputs(t *testing.T) {
	m := newWRN(t, 16, 1)
	policy, err := dropout.NewSpatialDropout(0.3, m.Sites())
	if err != nil {
		t.Fatal(err)
	}
	images := values(0, 4, 32, 32, 3)
	run := func(recompute bool) (grads []float32, peak int) {
		tape := autograd.NewTape(m.Params())
		tape.Recompute = recompute
		for range 2 {
			tape.Reset()
			c := &layers.Ctx{Tape: tape, Policy: policy}
			y := m.Forward(c, tape.Input(images.Data(), images.Shape()...))
			grads = slices.Clone(tape.Backward(ops.CrossEntropy(y, []int{1, 2, 3, 4}, ops.CrossEntropySpec{})))
		}
		return grads, tape.Stats().Peak
	}
	want, much := run(false)
	got, little := run(true)
	if !slices.Equal(got, want) {
		t.Error("gradients differ")
	}
	if float64(little) > 0.8*float64(much) {
		t.Errorf("%d bytes at most instead of %d", little, much)
	}
}

// TestWRNMemoryStaysFlat trains a thousand steps and wants neither the Go heap
// nor the resident memory to grow after the first hundred.
func TestWRNMemoryStaysFlat(t *testing.T) {
	m := newWRN(t, 10, 1)
	tape := autograd.NewTape(m.Params())
	images := values(0, 1, 8, 8, 3)
	run := func(steps int) (objects uint64) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for i := range steps {
			tape.Reset()
			y := m.Forward(&layers.Ctx{Tape: tape}, tape.Input(images.Data(), images.Shape()...))
			tape.Backward(ops.CrossEntropy(y, []int{1}, ops.CrossEntropySpec{}))
			tape.Commit()
			if i%100 == 99 {
				runtime.GC() // or garbage is resident until there is enough of it
			}
		}
		runtime.ReadMemStats(&after)
		return (after.Mallocs - before.Mallocs) / uint64(steps)
	}
	held := func() (heap, resident uint64) {
		runtime.GC()
		var stats runtime.MemStats
		runtime.ReadMemStats(&stats)
		statm, _ := os.ReadFile("/proc/self/statm") // other systems have none
		var size, pages uint64
		fmt.Sscan(string(statm), &size, &pages)
		return stats.HeapAlloc, pages * uint64(os.Getpagesize())
	}
	run(100)
	heap, resident := held()
	objects := run(900)
	const program = 4 << 20 // bytes of it that may come into memory late; 5 kB a step would be more
	if later, laterResident := held(); later > heap+heap/20 || laterResident > resident+resident/10+program {
		t.Errorf("the heap went from %d to %d bytes, resident memory from %d to %d", heap, later, resident, laterResident)
	}
	const most = 5 // small objects: what passes share, and products and sweeps cut up
	if recorded := tape.Stats().Recorded; objects > uint64(most*recorded) {
		t.Errorf("%d objects in a step of %d operations, more than %d each", objects, recorded, most)
	}
}
