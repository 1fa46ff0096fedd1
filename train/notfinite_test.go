package train

import (
	"errors"
	"math"
	"strings"
	"testing"

	"autodropout/autograd"
	"autodropout/layers"
	"autodropout/optim"
)

// spoiled is a network with an operation behind it that makes a number which is
// not finite from a step on, in the output or in the gradient.
type spoiled struct {
	*network
	step              uint64
	forward, backward bool
}

func (m *spoiled) Forward(c *layers.Ctx, x *autograd.Tensor) *autograd.Tensor {
	x = m.network.Forward(c, x)
	now := c.Stream.Step >= m.step
	nan := float32(math.NaN())
	return autograd.Do(autograd.Op{
		Name: "spoil", Inputs: []*autograd.Tensor{x}, Shape: x.Shape(),
		Forward: func(y *autograd.Output) {
			copy(y.Data(), x.Data())
			if now && m.forward {
				y.Data()[3] = nan
			}
		},
		Backward: func(g *autograd.Grad) {
			dx := g.New(0)
			copy(dx.Data(), g.Dy().Data())
			if now && m.backward {
				dx.Data()[5] = nan
			}
		},
	})
}

func TestCheckFinite(t *testing.T) {
	fit, _ := images(t)
	for _, test := range []struct {
		model spoiled
		rate  float32
		check bool
		want  string
	}{
		{spoiled{step: 2, forward: true}, 0.1, true, "step 2: forward, spoil of [20x10] gives NaN for element 3 of its output"},
		{spoiled{step: 1, backward: true}, 0.1, true, "step 1: backward, spoil of [20x10] gives NaN for element 5 of the gradient of [20x10]"},
		{spoiled{step: 9}, float32(math.Inf(1)), true, "step 0: the update of conv.weight has"},
		{spoiled{step: 2, forward: true}, 0.1, false, "step 2 (loss NaN, gradient norm 0)"},
		{spoiled{step: 1, backward: true}, 0.1, false, "step 1 (loss "},
	} {
		test.model.network = newNetwork(8)
		trainer, err := New(&test.model, fit, Config{Epochs: 2, Batch: 20, Common: Common{CheckFinite: test.check, Schedule: optim.Constant(test.rate)}})
		if err != nil {
			t.Fatal(err)
		}
		err = trainer.Run(t.Context())
		var diverged *DivergedError
		if !errors.As(err, &diverged) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("got error %v, want one with %q", err, test.want)
		}
		var first *NotFiniteError
		if errors.As(err, &first) != test.check || test.check && finite(float64(first.Value)) {
			t.Errorf("the first number is %+v", first)
		}
	}
}

// What was given with the data, or is a parameter by its name.
func TestNotFiniteInput(t *testing.T) {
	model := newNetwork(8)
	model.Params().Lookup("conv.weight").Data()[7] = float32(math.Inf(-1))
	fit, _ := images(t)
	trainer, err := New(model, fit, Config{Common: Common{CheckFinite: true}})
	if err != nil {
		t.Fatal(err)
	}
	want := "forward, ops.Conv2D of [40x32x32x3] and conv.weight [3x3x3x8] is given -Inf for element 7 of conv.weight [3x3x3x8]"
	if err := trainer.Run(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got error %v, want one with %q", err, want)
	}
}

// Looking changes nothing.
func TestCheckFiniteGivesTheSame(t *testing.T) {
	whole := exercise(t, nil)
	mustRun(t, whole)
	watched := exercise(t, func(c *Config) { c.CheckFinite = true })
	mustRun(t, watched)
	if finalBytes(t, watched) != finalBytes(t, whole) {
		t.Error("with CheckFinite the training ends otherwise")
	}
}
