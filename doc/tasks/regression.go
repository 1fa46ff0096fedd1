package main

import (
	"context"
	"fmt"
	"io"
	"iter"
	"math"
	"math/rand/v2"
	"path/filepath"

	"autodropout/autograd"
	"autodropout/layers"
	"autodropout/ops"
	"autodropout/optim"
	"autodropout/train"
)

// points are pairs of a number and what a function makes of it, with some noise.
type points struct{ x, y []float32 }

func newPoints(seed uint64, n int) (p points) {
	rng := rand.New(rand.NewPCG(seed, 0))
	for range n {
		x := 2*rng.Float64() - 1
		p.x = append(p.x, float32(x))
		p.y = append(p.y, float32(math.Sin(3*x)+0.1*rng.NormFloat64()))
	}
	return p
}

// regression is a task: a network that learns the function from points.
type regression struct {
	layers.Model
	points points
}

const (
	regressionBatch  = 50
	regressionEpochs = 40
)

func newRegression(p points) *regression {
	s := layers.NewScope(1)
	return &regression{layers.NewModel(s, layers.Sequential{
		layers.NewLinear(s.Sub("hidden"), layers.LinearConfig{In: 1, Out: 32}), layers.Func(ops.Tanh),
		layers.NewLinear(s.Sub("output"), layers.LinearConfig{In: 32, Out: 1}),
	}), p}
}

func (t *regression) batches() int  { return len(t.points.x) / regressionBatch }
func (t *regression) Steps() int    { return regressionEpochs * t.batches() }
func (t *regression) Identity() any { return fmt.Sprintf("a sine in %d points", len(t.points.x)) }

// Batches yields batches of the points in another order in every epoch.
func (t *regression) Batches(ctx context.Context, from int) iter.Seq2[train.Batch, error] {
	return train.Epochs(ctx, from, t.batches(), func(epoch, index int) (train.Batch, error) {
		order := rand.New(rand.NewPCG(1, uint64(epoch))).Perm(len(t.points.x))[index*regressionBatch:][:regressionBatch]
		return train.Batch{Examples: len(order), Loss: func(c *layers.Ctx, p *train.Part) (*autograd.Tensor, error) {
			var some points
			for _, i := range order[p.Lo:p.Hi] {
				some.x, some.y = append(some.x, t.points.x[i]), append(some.y, t.points.y[i])
			}
			return t.loss(c, some), nil
		}}, nil
	})
}

// loss is the mean of the squared errors.
func (t *regression) loss(c *layers.Ctx, p points) *autograd.Tensor {
	predicted := t.Forward(c, c.Tape.Input(p.x, len(p.x), 1))
	return ops.MSE(predicted, c.Tape.Input(p.y, len(p.y), 1))
}

// regress trains with checkpoints, and stops when other points are predicted no better
// for five epochs.
func regress(ctx context.Context, folder string, w io.Writer) error {
	task, held := newRegression(newPoints(1, 400)), newPoints(2, 100)
	loop, err := train.NewLoop(task, train.Common{
		Schedule:   optim.Cosine(0.02, task.Steps()),
		Checkpoint: filepath.Join(folder, "regression.safetensors"),
		Validate: func(context.Context) (train.Validation, error) {
			loss := task.loss(&layers.Ctx{Tape: autograd.NewInference()}, held)
			return train.Validation{Score: float64(loss.Item())}, nil
		},
		Patience: 5, BestWeights: filepath.Join(folder, "regression-best.safetensors"),
	})
	if err != nil {
		return err
	}
	if _, err := loop.Resume(); err != nil {
		return err
	}
	if err := loop.Run(ctx); err != nil {
		return err
	}
	fmt.Fprintf(w, "%d of %d steps; squared error %.3f on other points, of which the noise is 0.010\n", loop.Done(), loop.Total(), loop.Best().Score)
	return nil
}
