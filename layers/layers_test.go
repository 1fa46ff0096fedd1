package layers

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"autodropout/autograd"
	"autodropout/dropout"
	"autodropout/ops"
)

func TestInitialWeightsDependOnSeedAndNameOnly(t *testing.T) {
	weight := func(seed uint64, names ...string) []float32 {
		s := NewScope(seed)
		for _, name := range names {
			NewLinear(s.Sub(name), LinearConfig{In: 4, Out: 3})
		}
		return s.Params().Lookup("last.weight").Data()
	}
	alone := weight(1, "last")
	if !slices.Equal(alone, weight(1, "first", "last")) {
		t.Error("another layer changed the initial weights")
	}
	if slices.Equal(alone, weight(2, "last")) {
		t.Error("another seed gave the same initial weights")
	}
	s := NewScope(1)
	NewLinear(s.Sub("other"), LinearConfig{In: 4, Out: 3})
	if slices.Equal(alone, s.Params().Lookup("other.weight").Data()) {
		t.Error("another name has the same initial weights")
	}
}

func TestInits(t *testing.T) {
	for _, c := range []struct {
		name       string
		init       Init
		mean, std  float64
		least, top float64
	}{
		{"zeros", Zeros, 0, 0, 0, 0},
		{"ones", Ones, 1, 0, 1, 1},
		{"normal", Normal(0.5), 0, 0.5, math.Inf(-1), math.Inf(1)},
		{"uniform", Uniform(0.3), 0, 0.3 / math.Sqrt(3), -0.3, 0.3},
		{"he", HeNormal(50), 0, 0.2, math.Inf(-1), math.Inf(1)},
		{"xavier", XavierUniform(20, 30), 0, 0.2, -0.2 * math.Sqrt(3), 0.2 * math.Sqrt(3)},
	} {
		const n = 20000
		w := NewScope(3).Param("w", c.init, n).Data()
		sum, squares := 0.0, 0.0
		for _, v := range w {
			if !(float64(v) >= c.least-1e-7 && float64(v) <= c.top+1e-7) {
				t.Fatalf("%s: %v is not in [%v, %v]", c.name, v, c.least, c.top)
			}
			sum += float64(v)
			squares += float64(v) * float64(v)
		}
		mean := sum / n
		std := math.Sqrt(max(0, squares/n-mean*mean))
		if math.Abs(mean-c.mean) > 4*c.std/math.Sqrt(n) || math.Abs(std-c.std) > 4*c.std/math.Sqrt(n) {
			t.Errorf("%s: mean %.4f and standard deviation %.4f, want %.4f and %.4f", c.name, mean, std, c.mean, c.std)
		}
	}
}

func TestScopeNames(t *testing.T) {
	s := NewScope(1)
	inner := s.Sub("block1").Sub("layer.0")
	p := inner.Param("weight", Ones, 2, 3)
	b := inner.Buffer("running_var", 7, 2)
	if p.Name != "block1.layer.0.weight" || b.Name != "block1.layer.0.running_var" || inner.Path("hidden") != "block1.layer.0.hidden" {
		t.Errorf("names %q, %q and %q", p.Name, b.Name, inner.Path("hidden"))
	}
	if !slices.Equal(b.Data, []float32{7, 7}) || inner.Params() != s.Params() || s.Params().Len() != 6 {
		t.Errorf("buffer %v, %d parameters", b.Data, s.Params().Len())
	}
}

func TestBatchNormReLUIsTheComposition(t *testing.T) {
	for _, train := range []bool{true, false} {
		run := func(fused bool) (y, grads, running []float32) {
			s := NewScope(4)
			bn := NewBatchNorm(s, BatchNormConfig{Channels: 5, Momentum: 0.3})
			x := s.Param("x", Normal(2), 3, 4, 4, 5)
			s.Params().Lookup("bias").Data()[1] = 0.5
			tape := autograd.NewTape(s.Params())
			c := &Ctx{Tape: tape, Mode: modes[train]}
			var out *autograd.Tensor
			if fused {
				out = bn.ForwardReLU(c, tape.Use(x), nil)
			} else {
				out = ops.ReLU(bn.Forward(c, tape.Use(x)))
			}
			y = slices.Clone(out.Data())
			grads = tape.Backward(ops.Sum(ops.Mul(out, out)))
			tape.Commit()
			for _, b := range s.Params().Buffers() {
				running = append(running, b.Data...)
			}
			return y, grads, running
		}
		y1, g1, r1 := run(true)
		y2, g2, r2 := run(false)
		for _, pair := range [][2][]float32{{y1, y2}, {g1, g2}, {r1, r2}} {
			for i := range pair[0] {
				if d := float64(pair[0][i] - pair[1][i]); !(math.Abs(d) <= 1e-4*(1+math.Abs(float64(pair[1][i])))) {
					t.Fatalf("train %v: fused %v, composed %v at %d", train, pair[0][i], pair[1][i], i)
				}
			}
		}
		if changed := r1[0] != 0; changed != train {
			t.Errorf("train %v: running mean %v", train, r1[0])
		}
	}
}

func TestAttentionIsCausal(t *testing.T) {
	for _, causal := range []bool{true, false} {
		s := NewScope(5)
		block := NewTransformerBlock(s, TransformerBlockConfig{Dim: 8, Heads: 2, Causal: causal})
		x := autograd.New(1, 4, 8)
		for i := range x.Data() {
			x.Data()[i] = float32(math.Sin(float64(i)))
		}
		run := func() []float32 {
			tape := autograd.NewInference()
			return slices.Clone(block.Forward(&Ctx{Tape: tape}, tape.Input(x.Data(), 1, 4, 8)).Data())
		}
		before := run()
		x.Data()[3*8+1]++ // the last position
		after := run()
		if same := slices.Equal(before[:3*8], after[:3*8]); same != causal {
			t.Errorf("causal %v: earlier positions equal %v", causal, same)
		}
		if slices.Equal(before[3*8:], after[3*8:]) {
			t.Errorf("causal %v: the last position ignores its input", causal)
		}
	}
}

func TestAttentionRefuses(t *testing.T) {
	defer func() {
		if err, ok := recover().(*autograd.ShapeError); !ok || !strings.Contains(err.Error(), "divides") {
			t.Errorf("panic %v, want a ShapeError", err)
		}
	}()
	NewAttention(NewScope(1), AttentionConfig{Dim: 10, Heads: 4})
}

// modes are those of passes that train and that do not.
var modes = map[bool]Mode{true: Training, false: Prediction}

// halve is a policy with one site.
type halve struct{ seen *dropout.Stream }

func (halve) Describe() string { return "halve" }

func (h halve) Mask(site string, shape []int, s dropout.Stream) dropout.Mask {
	*h.seen = s
	if site != "here" || !slices.Equal(shape, []int{1}) {
		return nil
	}
	return func(keep []uint32) float32 {
		keep[0] = 1
		return 0.5
	}
}

func TestDrop(t *testing.T) {
	var seen dropout.Stream
	stream := dropout.Stream{Seed: 3, Step: 4, Example: 5}
	x := autograd.FromSlice([]float32{2}, 1)
	for _, c := range []struct {
		ctx  Ctx
		site string
		want float32
	}{
		{Ctx{Mode: Training, Policy: halve{&seen}, Stream: stream}, "here", 1},
		{Ctx{Mode: Training, Policy: halve{&seen}, Stream: stream}, "elsewhere", 2},
		{Ctx{Mode: Prediction, Policy: halve{&seen}, Stream: stream}, "here", 2},
		{Ctx{Mode: Training, Stream: stream}, "here", 2},
		{Ctx{Tape: autograd.NewTape(new(autograd.Params)), Policy: halve{&seen}, Stream: stream}, "here", 1},
		{Ctx{Tape: autograd.NewInference(), Policy: halve{&seen}, Stream: stream}, "here", 2},
		{Ctx{Tape: autograd.NewTape(new(autograd.Params)), Mode: Prediction, Policy: halve{&seen}}, "here", 2},
	} {
		if got := c.ctx.Drop(c.site, x).Item(); got != c.want {
			t.Errorf("%+v at %s: %v, want %v", c.ctx, c.site, got, c.want)
		}
	}
	if seen != stream {
		t.Errorf("policy saw %+v, want %+v", seen, stream)
	}
}

// twice is a model.
type twice struct{ fc *Linear }

func (m twice) Params() *autograd.Params { return nil }
func (m twice) Forward(c *Ctx, x *autograd.Tensor) *autograd.Tensor {
	if c.Trains() || c.Tape.Recording() {
		panic("Predict trains")
	}
	return ops.Scale(m.fc.Forward(c, x), 2)
}

func TestPredict(t *testing.T) {
	fc := NewLinear(NewScope(1), LinearConfig{In: 2, Out: 1, Weight: Ones, BiasInit: Zeros})
	y := Predict(twice{fc}, autograd.FromSlice([]float32{1, 2, 3, 4}, 2, 2))
	if y.Tape() != nil || fmt.Sprint(y.Shape(), y.Data()) != "[2 1] [6 14]" {
		t.Errorf("predicted %v on tape %v", y, y.Tape())
	}
}
