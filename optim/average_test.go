package optim

import (
	"math"
	"slices"
	"testing"

	"autodropout/autograd"
	"autodropout/internal/golden"
)

func TestEMAWarmsUp(t *testing.T) {
	var ps autograd.Params
	p, b, last := ps.Add("weight", 1), ps.AddBuffer("running_mean", 1), ps.AddBuffer("running_var", 2)
	p.Data()[0], b.Data[0], last.Data[1] = 8, -8, 16
	ema := NewEMA(&ps, 0.25)
	want := 8.0
	for step, decay := range []float64{1. / 10, 2. / 11, 3. / 12, 0.25, 0.25} {
		value := float64(step * step)
		ps.Flat()[0], b.Data[0] = float32(value), float32(-value)
		last.Data[1] = 2 * float32(value)
		ema.Update()
		want = decay*want + (1-decay)*value
		if got := float64(ema.average[0]); !(math.Abs(got-want) < 1e-5) {
			t.Errorf("after update %d the average is %v, want %v", step, got, want)
		}
		if average := ema.average[0]; ema.state[0] != -average || ema.state[2] != 2*average {
			t.Errorf("after update %d the buffers' averages are %v, want %v times -1 and 2", step, ema.state, average)
		}
	}
	present := []float32{p.Data()[0], b.Data[0], last.Data[1]}
	average := ema.average[0]
	ema.Swap()
	if got, want := []float32{p.Data()[0], b.Data[0], last.Data[1]}, []float32{average, -average, 2 * average}; !slices.Equal(got, want) {
		t.Errorf("swapped in: %v, want %v", got, want)
	}
	ema.Swap()
	if got := []float32{p.Data()[0], b.Data[0], last.Data[1]}; !slices.Equal(got, present) || ema.average[0] != average {
		t.Errorf("swapped out: %v, want %v; average %v, want %v", got, present, ema.average[0], average)
	}
}

func TestMeanWeighsAllAlike(t *testing.T) {
	var ps autograd.Params
	ps.Add("weight", 1)
	ps.Flat()[0] = 100
	mean := NewMean(&ps)
	for i, value := range []float32{1, 2, 6} {
		ps.Flat()[0] = value
		mean.Update()
		if want := []float64{1, 1.5, 3}[i]; math.Abs(float64(mean.average[0])-want) > 1e-6 {
			t.Errorf("after update %d the mean is %v, want %v", i, mean.average[0], want)
		}
	}
}

func TestLookaheadAgainstPyTorch(t *testing.T) {
	file := golden.Load(t, "testdata/optim.safetensors")
	grads := file.Tensor("grads")
	ps := goldenParams(file)
	b := ps.AddBuffer("running_mean", 1)
	b.Data[0] = ps.Flat()[0]
	o := NewSGD(ps, SGDConfig{})
	lookahead := NewLookahead(ps, func(t float64) float64 { return math.Pow(t/6, 3) })
	var trajectory []float32
	for step := range grads.Dim(0) {
		ps.Lookup("bias").NoDecay = false
		o.Step(0.05, row(grads, step))
		b.Data[0] -= 0.05 * row(grads, step)[0]
		if step%2 == 1 {
			lookahead.Update()
		}
		trajectory = append(trajectory, ps.Flat()...)
		if difference := b.Data[0] - ps.Flat()[0]; difference*difference > 1e-12 {
			t.Errorf("after step %d the buffer is %v, want %v", step, b.Data[0], ps.Flat()[0])
		}
	}
	file.Compare("lookahead", trajectory, 2e-6)
}
