package train

import (
	"errors"
	"io/fs"
	"math"
	"slices"
	"testing"

	"autodropout/autograd"
	"autodropout/data"
	"autodropout/data/imaging"
	"autodropout/dropout"
	"autodropout/layers"
	"autodropout/ops"
	"autodropout/optim"
)

// A plain network has no batch normalisation, so that the parts of a batch do not
// depend on each other.
type plain struct{ *network }

func (n plain) Forward(c *layers.Ctx, x *autograd.Tensor) *autograd.Tensor {
	x = c.Drop("norm", ops.ReLU(n.conv.Forward(c, x)))
	return n.fc.Forward(c, ops.GlobalAvgPool(x))
}

func TestAccumulationChangesOnlyBatchStatistics(t *testing.T) {
	fit, _ := images(t)
	policy, err := dropout.NewDropout(0.3, []dropout.Site{{Name: "norm", Kind: dropout.Hidden, Stages: 1, Blocks: 1}})
	if err != nil {
		t.Fatal(err)
	}
	// Parts of 12 images are of several sizes; the last batch of an epoch has 4.
	losses := func(parts int) []float32 {
		trainer, err := New(plain{newNetwork(8)}, fit, Config{Epochs: 3, Batch: 12, Smoothing: 0.1, Common: Common{Accumulate: parts, Policy: policy, Seed: 7}})
		if err != nil {
			t.Fatal(err)
		}
		mustRun(t, trainer)
		return trainer.Losses()
	}
	want := losses(1)
	for _, parts := range []int{2, 5, 12} {
		got := losses(parts)
		for i := range want {
			if math.Abs(float64(got[i]-want[i])) > 1e-5 {
				t.Errorf("in %d parts the losses are %v, want %v", parts, got, want)
				break
			}
		}
	}
}

func TestRunningStatisticsTakeInAllParts(t *testing.T) {
	fit, _ := images(t)
	statistics := func(config Config) [][]float32 {
		model := newNetwork(8)
		config.Schedule, config.Seed = optim.Constant(0), 7
		trainer, err := New(model, fit, config)
		if err != nil {
			t.Fatal(err)
		}
		mustRun(t, trainer)
		var all [][]float32
		for _, b := range model.Params().Buffers() {
			all = append(all, b.Data)
		}
		return all
	}
	// Without learning, a batch in two parts is two batches of half the size.
	got, want := statistics(Config{Batch: 20, Common: Common{Accumulate: 2}}), statistics(Config{Batch: 10})
	if !slices.EqualFunc(got, want, slices.Equal) {
		t.Errorf("the statistics are %v, want %v", got, want)
	}
}

// failing is a source whose last image cannot be read.
type failing struct{ *data.Set }

func (f failing) Load(i int) (imaging.Image, error) {
	if i == f.Len()-1 {
		return imaging.Image{}, fs.ErrPermission
	}
	return f.Set.Load(i)
}

// unusable is a source of which some images cannot be used.
type unusable struct {
	*data.Set
	bad func(i int) bool
}

func (u unusable) Load(i int) (imaging.Image, error) {
	if u.bad(i) {
		return imaging.Image{}, &data.BadImageError{Path: "file", Err: fs.ErrInvalid}
	}
	return u.Set.Load(i)
}

func TestASourceThatFails(t *testing.T) {
	fit, test := images(t)
	trainer, err := New(newNetwork(8), failing{fit}, Config{Batch: 10})
	if err != nil {
		t.Fatal(err)
	}
	if err := trainer.Run(t.Context()); !errors.Is(err, fs.ErrPermission) || trainer.Done() >= 4 {
		t.Errorf("after %d of 4 steps the error is %v", trainer.Done(), err)
	}
	if _, err := Evaluate(t.Context(), newNetwork(8), failing{test}); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("evaluating gives error %v", err)
	}
	whole, err := Evaluate(t.Context(), newNetwork(8), test)
	if err != nil {
		t.Fatal(err)
	}
	half, err := Evaluate(t.Context(), newNetwork(8), unusable{test, func(i int) bool { return i%2 == 1 }})
	if err != nil || half.Images != test.Len()/2 || half.Correct > whole.Correct {
		t.Errorf("without every second image the score is %+v, error %v", half, err)
	}
	none := unusable{test, func(int) bool { return true }}
	if score, err := Evaluate(t.Context(), newNetwork(8), none); err == nil {
		t.Errorf("without any image the score is %+v", score)
	}
}
