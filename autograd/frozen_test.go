package autograd_test

import (
	"sync"
	"sync/atomic"
	"testing"

	"autodropout/autograd"
)

// doubled is an operation that makes a form of its input, and returns its sum with each element of x.
func doubled(x, w *autograd.Tensor, name string, made *atomic.Int32) *autograd.Tensor {
	return autograd.Do(autograd.Op{
		Name: "doubled", Inputs: []*autograd.Tensor{x, w}, Shape: x.Shape(),
		Forward: func(y *autograd.Output) {
			form := y.Form(w.Data(), autograd.Form{Name: name}, 2, func(form []float32) {
				made.Add(1)
				form[0], form[1] = w.Data()[0], float32(len(name))
			})
			for i, v := range x.Data() {
				y.Data()[i] = v + form[0] + form[1]
			}
		},
		Backward: func(*autograd.Grad) {},
	})
}

// TestFrozen wants a form of a parameter to be made once, whoever asks for it, and any other each time.
func TestFrozen(t *testing.T) {
	ps := &autograd.Params{}
	a, b := ps.Add("a", 1), ps.Add("b", 1)
	ps.Add("empty", 0)
	f := autograd.NewFrozen(ps)
	a.Data()[0], b.Data()[0] = 10, 20
	var made, passing atomic.Int32
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			tape := f.NewInference()
			for range 50 {
				tape.Reset()
				x := tape.Input([]float32{1}, 1)
				for _, c := range []struct {
					p    *autograd.Param
					name string
					want float32
				}{{a, "x", 12}, {b, "x", 22}, {a, "xx", 13}} {
					if got := doubled(x, tape.Use(c.p), c.name, &made).Item(); got != c.want {
						t.Errorf("%v with form %q of %s, want %v", got, c.name, c.p.Name, c.want)
					}
				}
				doubled(x, x, "x", &passing)
			}
		})
	}
	group.Wait()
	if made.Load() != 3 || passing.Load() != 8*50 || f.Bytes() != 3*2*4 {
		t.Errorf("%d forms of parameters in %d bytes, want 3 in 24; %d of others, want 400", made.Load(), f.Bytes(), passing.Load())
	}
	before := made.Load()
	for range 2 {
		doubled(autograd.New(1), autograd.NewInference().Use(a), "x", &made)
	}
	if made.Load() != before+2 {
		t.Error("an inference tape that is not of a Frozen keeps forms of parameters, which may change")
	}
}
