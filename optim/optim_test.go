package optim

import (
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"

	"autodropout/autograd"
	"autodropout/internal/golden"
)

type namedOptimizer struct {
	name string
	make func(ps *autograd.Params) Optimizer
}

// configs are the optimizers under test, named as in testdata/golden.py.
var configs = []namedOptimizer{
	{"sgd", func(ps *autograd.Params) Optimizer { return NewSGD(ps, SGDConfig{WeightDecay: 0.1}) }},
	{"momentum", func(ps *autograd.Params) Optimizer { return NewSGD(ps, SGDConfig{Momentum: 0.9, WeightDecay: 0.1}) }},
	{"nesterov", func(ps *autograd.Params) Optimizer {
		return NewSGD(ps, SGDConfig{Momentum: 0.9, Nesterov: true, WeightDecay: 0.1})
	}},
	{"adam", func(ps *autograd.Params) Optimizer { return NewAdam(ps, AdamConfig{WeightDecay: 0.1}) }},
	{"rmsprop", func(ps *autograd.Params) Optimizer {
		return NewRMSProp(ps, RMSPropConfig{Decay: 0.95, Momentum: 0.9, Eps: 1e-3, WeightDecay: 0.1})
	}},
	{"adamw", func(ps *autograd.Params) Optimizer {
		return NewAdam(ps, AdamConfig{Beta1: 0.8, Beta2: 0.98, Eps: 1e-6, WeightDecay: 0.1, Decoupled: true})
	}},
	{"decoupled", func(ps *autograd.Params) Optimizer {
		return NewSGD(ps, SGDConfig{Momentum: 0.85, Nesterov: true, WeightDecay: 0.1,
			Factor: func(p *autograd.Param) float32 { return onBias(p, 64, 1) },
			Until:  func(p *autograd.Param) int { return int(onBias(p, 7, 0)) },
		})
	}},
}

// muons are optimizers that allocate a little at each step.
var muons = []namedOptimizer{
	{"muon", func(ps *autograd.Params) Optimizer { return NewMuon(ps, muonConfig) }},
	{"muonplain", func(ps *autograd.Params) Optimizer {
		plain := muonConfig
		plain.Plain = true
		return NewMuon(ps, plain)
	}},
}

var muonConfig = MuonConfig{WeightDecay: 0.1, Others: SGDConfig{
	Momentum: 0.9, Nesterov: true, Factor: func(*autograd.Param) float32 { return 3 },
}}

// onBias returns a value for the bias, which does not decay in files, or for the rest.
func onBias(p *autograd.Param, bias, rest float32) float32 {
	if p.Name == "bias" || p.Name == "c" {
		return bias
	}
	return rest
}

func TestOptimizersAgainstPyTorch(t *testing.T) {
	file := golden.Load(t, "testdata/optim.safetensors")
	grads := file.Tensor("grads")
	for _, c := range slices.Concat(configs, muons) {
		t.Run(c.name, func(t *testing.T) {
			ps := goldenParams(file)
			// The golden bias decays with the rate it has.
			ps.Lookup("bias").NoDecay = c.name != "decoupled"
			o := c.make(ps)
			var trajectory []float32
			for step := range grads.Dim(0) {
				o.Step(0.05/float32(1+step), row(grads, step))
				trajectory = append(trajectory, ps.Flat()...)
			}
			file.Compare(c.name, trajectory, 2e-6)
		})
	}
}

func goldenParams(file *golden.File) *autograd.Params {
	var ps autograd.Params
	for _, name := range []string{"weight", "bias"} {
		value := file.Tensor(name)
		p := ps.Add(name, value.Shape()...)
		p.NoDecay = name == "bias"
		copy(p.Data(), value.Data())
	}
	return &ps
}

func row(x *autograd.Tensor, i int) []float32 {
	n := x.Dim(1)
	return x.Data()[i*n : (i+1)*n]
}

func TestClipNormAgainstPyTorch(t *testing.T) {
	file := golden.Load(t, "testdata/optim.safetensors")
	grads := slices.Clone(row(file.Tensor("grads"), 0))
	norm := ClipNorm(grads, 1.5)
	file.Compare("norm", []float32{float32(norm)}, 1e-6)
	file.Compare("clipped", grads, 1e-6)
}

func TestClipNormLeavesAlone(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for _, c := range []struct {
		name  string
		grads []float32
		most  float32
		norm  float64
	}{
		{"small", []float32{3, 4}, 6, 5},
		{"measured only", []float32{3, 4}, 0, 5},
		{"infinite", []float32{3, inf}, 1, math.Inf(1)},
		{"not a number", []float32{3, nan}, 1, math.NaN()},
		{"zero", []float32{0, 0}, 1, 0},
		{"empty", nil, 1, 0},
	} {
		got := slices.Clone(c.grads)
		norm := ClipNorm(got, c.most)
		if norm != c.norm && !(math.IsNaN(norm) && math.IsNaN(c.norm)) {
			t.Errorf("%s: norm %v, want %v", c.name, norm, c.norm)
		}
		for i := range got {
			if math.Float32bits(got[i]) != math.Float32bits(c.grads[i]) {
				t.Errorf("%s: gradient changed from %v to %v", c.name, c.grads, got)
			}
		}
	}
}

// randomParams returns parameters that make several chunks with uneven ends,
// and a gradient.
func randomParams() (*autograd.Params, []float32) {
	rng := rand.New(rand.NewPCG(1, 2))
	var ps autograd.Params
	for i, n := range []int{2*grain + 5, 7, 11, grain, 3, 40001} {
		p := ps.Add(string(rune('a'+i)), n)
		if i == 3 {
			p = ps.Add("matrix", 210, 150)
		}
		p.NoDecay = i == 1 || i == 2 || i == 5
	}
	ps.AddBuffer("running", 9)
	flat, grads := ps.Flat(), make([]float32, ps.Len())
	for i := range flat {
		flat[i], grads[i] = float32(rng.NormFloat64()), float32(rng.NormFloat64())
	}
	return &ps, grads
}

func TestChunksCoverParameters(t *testing.T) {
	ps, _ := randomParams()
	at := 0
	for _, c := range chunks(ps, treatment{}) {
		if c.lo != at || c.hi <= c.lo || c.hi-c.lo > grain {
			t.Fatalf("chunk %+v follows position %d", c, at)
		}
		for _, p := range ps.All() {
			if p.Offset() < c.hi && c.lo < p.Offset()+p.Len() && p.NoDecay == c.decay {
				t.Errorf("chunk %+v treats parameter %s, which begins at %d, wrongly", c, p.Name, p.Offset())
			}
		}
		at = c.hi
	}
	if at != ps.Len() {
		t.Errorf("chunks end at %d of %d", at, ps.Len())
	}
}

func TestSameBitsOnAnyNumberOfCores(t *testing.T) {
	configs := slices.Concat(configs, muons)
	run := func(procs int, c int) []float32 {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(procs))
		ps, grads := randomParams()
		o, ema := configs[c].make(ps), NewEMA(ps, 0.99)
		for range 3 {
			step := slices.Clone(grads)
			norm := ClipNorm(step, 1)
			o.Step(0.1/float32(norm), step)
			ema.Update()
		}
		return append(slices.Clone(ps.Flat()), ema.average...)
	}
	for c := range configs {
		want := run(1, c)
		for _, procs := range []int{2, 7, 64} {
			if !slices.Equal(run(procs, c), want) {
				t.Errorf("%s differs between 1 and %d cores", configs[c].name, procs)
			}
		}
	}
}

func TestStepDoesNotAllocate(t *testing.T) {
	ps, grads := randomParams()
	ema := NewEMA(ps, 0.999)
	for _, c := range configs {
		o := c.make(ps)
		o.Step(0.1, grads)
		ema.Update()
		if n := testing.AllocsPerRun(20, func() { o.Step(0.1, grads); ema.Update() }); n != 0 {
			t.Errorf("%s allocates %v times a step", c.name, n)
		}
	}
}

func TestStateGoesOnExactly(t *testing.T) {
	for _, c := range slices.Concat(configs, muons) {
		ps, grads := randomParams()
		o, ema := c.make(ps), NewEMA(ps, 0.9)
		advance := func(o Optimizer, ema *Average, steps int) {
			for range steps {
				o.Step(0.1, grads)
				ema.Update()
			}
		}
		advance(o, ema, 3)

		again, _ := randomParams()
		copy(again.Flat(), ps.Flat())
		o2, ema2 := c.make(again), NewEMA(again, 0.9)
		if err := o2.LoadState(o.State()); err != nil {
			t.Fatal(err)
		}
		if err := ema2.LoadState(ema.State()); err != nil {
			t.Fatal(err)
		}
		advance(o, ema, 3)
		advance(o2, ema2, 3)
		if !slices.Equal(ps.Flat(), again.Flat()) || !slices.Equal(ema.average, ema2.average) || o2.State().Steps != 6 {
			t.Errorf("%s: restored run differs from the one that went on", c.name)
		}
	}
}

func TestLoadStateRefuses(t *testing.T) {
	ps, _ := randomParams()
	sgd, adam := NewSGD(ps, SGDConfig{Momentum: 0.9}), NewAdam(ps, AdamConfig{})
	damaged := adam.State()
	damaged.Steps = -1
	short := State{Slots: []Slot{{"momentum", make([]float32, 3)}}}
	for _, c := range []struct {
		load func(State) error
		s    State
		want string
	}{
		{sgd.LoadState, adam.State(), "2 arrays"},
		{adam.LoadState, damaged, "-1 steps"},
		{sgd.LoadState, short, "3 elements"},
		{NewEMA(ps, 0.9).LoadState, adam.State(), `"first moment"`},
	} {
		if err := c.load(c.s); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want one with %q", err, c.want)
		}
	}
}

func TestStepRefusesForeignGradient(t *testing.T) {
	defer func() {
		if _, ok := recover().(*autograd.ShapeError); !ok {
			t.Error("Step took a gradient of the wrong length")
		}
	}()
	ps, grads := randomParams()
	NewSGD(ps, SGDConfig{}).Step(0.1, grads[1:])
}

func TestFactorScalesTheRate(t *testing.T) {
	ps, grads := randomParams()
	same, _ := randomParams()
	scaled := NewAdam(ps, AdamConfig{Decoupled: true, WeightDecay: 0.1, Factor: func(p *autograd.Param) float32 {
		if p.Name == "c" {
			return 2
		}
		return 1
	}})
	scaled.Step(0.1, grads)
	for _, c := range []struct {
		name string
		rate float32
	}{{"b", 0.1}, {"c", 0.2}, {"d", 0.1}} {
		plain, _ := randomParams()
		NewAdam(plain, AdamConfig{Decoupled: true, WeightDecay: 0.1}).Step(c.rate, grads)
		if !slices.Equal(ps.Lookup(c.name).Data(), plain.Lookup(c.name).Data()) {
			t.Errorf("parameter %s did not learn at rate %v", c.name, c.rate)
		}
	}
	if slices.Equal(ps.Flat(), same.Flat()) {
		t.Error("nothing changed")
	}
}

// With and without weight decay, a factor of 0 freezes a parameter.
func TestFactorOfZeroFreezes(t *testing.T) {
	frozen := func(p *autograd.Param) float32 { return map[bool]float32{true: 0, false: 1}[p.Name == "a"] }
	for _, decay := range []float32{0, 0.1} {
		ps, grads := randomParams()
		config := SGDConfig{Momentum: 0.9, WeightDecay: decay, Factor: frozen}
		for _, o := range []Optimizer{
			NewSGD(ps, config), NewMuon(ps, MuonConfig{Others: config}), NewAdam(ps, AdamConfig{WeightDecay: decay, Factor: frozen}),
		} {
			before := slices.Clone(ps.Flat())
			o.Step(0.1, grads)
			o.Step(0.1, grads)
			for _, p := range ps.All() {
				was := before[p.Offset():][:p.Len()]
				if same := slices.Equal(p.Data(), was); same != (p.Name == "a") || p.Data()[0] != p.Data()[0] {
					t.Errorf("%T with weight decay %v: %s begins with %v, before with %v", o, decay, p.Name, p.Data()[0], was[0])
				}
			}
		}
	}
}

// A weight that lies transposed in memory, as those of convolutions do, takes the same
// steps as one that lies as in files.
func TestMuonAgainstPyTorchEitherWay(t *testing.T) {
	file := golden.Load(t, "testdata/optim.safetensors")
	tall, grads := file.Tensor("tall"), file.Tensor("tallgrads")
	rows, cols := tall.Dim(0), tall.Dim(1)
	for _, c := range []struct {
		name  string
		shape []int
		axes  []int
		place func(row, col int) int // in memory
	}{
		{"as in files", []int{rows, cols}, nil, func(row, col int) int { return row*cols + col }},
		{"outputs first", []int{rows, 2, cols / 2}, []int{0, 2, 1}, func(row, col int) int { return row*cols + col%2*cols/2 + col/2 }},
		{"transposed", []int{2, cols / 2, rows}, []int{2, 1, 0}, func(row, col int) int { return (col%2*cols/2+col/2)*rows + row }},
	} {
		var ps autograd.Params
		p := ps.Add("weight", c.shape...)
		p.FileAxes = c.axes
		permute := func(dst, src []float32) {
			for i := range rows {
				for j := range cols {
					dst[c.place(i, j)] = src[i*cols+j]
				}
			}
		}
		permute(ps.Flat(), tall.Data())
		o := NewMuon(&ps, MuonConfig{WeightDecay: 0.1})
		var trajectory []float32
		grad := make([]float32, ps.Len())
		for step := range grads.Dim(0) {
			permute(grad, grads.Data()[step*rows*cols:][:rows*cols])
			o.Step(0.05, grad)
			for i := range rows {
				for j := range cols {
					trajectory = append(trajectory, ps.Flat()[c.place(i, j)])
				}
			}
		}
		t.Log(c.name)
		file.Compare("muontall", trajectory, 2e-6)
	}
}

// The singular values of an update lie near 1, whatever those of the gradient are.
func TestMuonOrthogonalises(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	var ps autograd.Params
	p := ps.Add("weight", 300, 130)
	o := NewMuon(&ps, MuonConfig{Momentum: 0.5})
	grad := make([]float32, p.Len())
	for i := range grad {
		grad[i] = float32(rng.NormFloat64() / float64(1+i%130))
	}
	o.Step(1, grad)
	// For an orthogonal u the sum of squares is the number of columns, times the scale's square.
	if mean := euclid(p.Data()) * euclid(p.Data()) / 130 / (300. / 130); mean < 0.6 || mean > 1.3 {
		t.Errorf("the mean of the squared singular values is %v, want near 1", mean)
	}
	// Largest singular value by iteration.
	v := make([]float64, 130)
	for i := range v {
		v[i] = rng.NormFloat64()
	}
	norm := 0.0
	for range 50 {
		u, next := make([]float64, 300), make([]float64, 130)
		for i := range u {
			for j := range v {
				u[i] += float64(p.Data()[i*130+j]) * v[j]
			}
		}
		norm = 0
		for j := range next {
			for i := range u {
				next[j] += float64(p.Data()[i*130+j]) * u[i]
			}
			norm += next[j] * next[j]
		}
		norm = math.Sqrt(norm)
		for j := range v {
			v[j] = next[j] / norm
		}
	}
	if largest := math.Sqrt(norm / (300. / 130)); largest < 0.7 || largest > 1.3 {
		t.Errorf("the largest singular value is %v, want near 1", largest)
	}
}

// A parameter stays as it is after its steps, also in a run that was restored.
func TestUntilEndsUpdates(t *testing.T) {
	for _, make := range []func(ps *autograd.Params, config SGDConfig) Optimizer{
		func(ps *autograd.Params, config SGDConfig) Optimizer { return NewSGD(ps, config) },
		func(ps *autograd.Params, config SGDConfig) Optimizer { return NewMuon(ps, MuonConfig{Others: config}) },
	} {
		ps, grads := randomParams()
		config := SGDConfig{Momentum: 0.9, Until: func(p *autograd.Param) int {
			return map[string]int{"c": 2, "matrix": 3}[p.Name]
		}}
		o := make(ps, config)
		changes := map[string]int{}
		for step := range 5 {
			if step == 2 {
				next := make(ps, config)
				if err := next.LoadState(o.State()); err != nil {
					t.Fatal(err)
				}
				o = next
			}
			before := slices.Clone(ps.Flat())
			o.Step(0.1, grads)
			for _, p := range ps.All() {
				if !slices.Equal(p.Data(), before[p.Offset():][:p.Len()]) {
					changes[p.Name]++
				}
			}
		}
		for name, want := range map[string]int{"b": 5, "c": 2, "matrix": 3, "f": 5} {
			if changes[name] != want {
				t.Errorf("%T: %s changed in %d steps of 5, want %d", o, name, changes[name], want)
			}
		}
	}
}
