package optim

import (
	"math"
	"testing"

	"autodropout/autograd"
)

func TestEMAWarmsUp(t *testing.T) {
	var ps autograd.Params
	p, b := ps.Add("weight", 1), ps.AddBuffer("running_mean", 1)
	p.Data()[0], b.Data[0] = 8, -8
	ema := NewEMA(&ps, 0.25)
	want := 8.0
	for step, decay := range []float64{1. / 10, 2. / 11, 3. / 12, 0.25, 0.25} {
		value := float64(step * step)
		ps.Flat()[0], b.Data[0] = float32(value), float32(-value)
		ema.Update()
		want = decay*want + (1-decay)*value
		if got := float64(ema.average[0]); !(math.Abs(got-want) < 1e-5) {
			t.Errorf("after update %d the average is %v, want %v", step, got, want)
		}
		if ema.state[0] != -ema.average[0] {
			t.Errorf("after update %d the buffer's average is %v, want %v", step, ema.state[0], -ema.average[0])
		}
	}
	last := p.Data()[0]
	average := ema.average[0]
	ema.Swap()
	if p.Data()[0] != average || b.Data[0] != -average {
		t.Errorf("swapped in: weight %v and buffer %v, want %v and %v", p.Data()[0], b.Data[0], average, -average)
	}
	ema.Swap()
	if p.Data()[0] != last || b.Data[0] != -last || ema.average[0] != average {
		t.Errorf("swapped out: weight %v, buffer %v, average %v", p.Data()[0], b.Data[0], ema.average[0])
	}
}
