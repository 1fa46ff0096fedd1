package train_test

import (
	"context"
	"fmt"

	"autodropout/autograd"
	"autodropout/data"
	"autodropout/layers"
	"autodropout/ops"
	"autodropout/train"
)

// linear classifies the mean colours of an image.
type linear struct {
	scope *layers.Scope
	fc    *layers.Linear
}

func (m linear) Params() *autograd.Params { return m.scope.Params() }

func (m linear) Forward(c *layers.Ctx, x *autograd.Tensor) *autograd.Tensor {
	return m.fc.Forward(c, ops.GlobalAvgPool(x))
}

func Example() {
	fit, test, err := data.Synthetic(data.SyntheticConfig{Train: 200, Test: 100})
	if err != nil {
		fmt.Println(err)
		return
	}
	scope := layers.NewScope(1)
	model := linear{scope, layers.NewLinear(scope.Sub("fc"), layers.LinearConfig{In: data.Channels, Out: len(fit.Classes)})}

	trainer, err := train.New(model, fit, train.Config{Epochs: 3, Batch: 50, Augment: data.StandardAugment()})
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := trainer.Run(context.Background()); err != nil {
		fmt.Println(err)
		return
	}
	score, err := trainer.Evaluate(context.Background(), test)
	fmt.Println(trainer.Done(), "steps,", score.Images, "test images,", err)
	// Output: 12 steps, 100 test images, <nil>
}
