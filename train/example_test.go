package train_test

import (
	"context"
	"fmt"
	"iter"
	"math"
	"os"
	"path/filepath"
	"slices"

	"autodropout/autograd"
	"autodropout/data"
	"autodropout/data/text/bitext"
	"autodropout/layers"
	"autodropout/models"
	"autodropout/ops"
	"autodropout/optim"
	"autodropout/train"
	"autodropout/weights"
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

func ExampleNewLanguage() {
	corpus, err := data.SyntheticLanguage(data.LanguageConfig{Train: 2000, Valid: 1000, Test: 1000})
	if err != nil {
		fmt.Println(err)
		return
	}
	model, err := models.NewTransformerXL(models.TransformerXLConfig{Vocab: len(corpus.Words), Layers: 1, Width: 8, Heads: 2, HeadWidth: 4, Inner: 16})
	if err != nil {
		fmt.Println(err)
		return
	}
	lengths := models.Lengths{Target: 20, Memory: 20}
	trainer, err := train.NewLanguage(model, corpus.Train, train.LanguageConfig{Epochs: 2, Batch: 10, Lengths: lengths})
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := trainer.Run(context.Background()); err != nil {
		fmt.Println(err)
		return
	}
	score, err := trainer.Evaluate(context.Background(), corpus.Test, train.LanguageEvaluation{Lengths: lengths})
	fmt.Println(trainer.Done(), "steps,", score.Words, "words predicted,", err)
	// Output: 20 steps, 999 words predicted, <nil>
}

func ExampleNewTranslation() {
	model, err := models.NewTransformer(models.TransformerConfig{SourceVocab: 12, TargetVocab: 12, Layers: 1, Width: 16, Heads: 2, Inner: 32, SharedOutput: true, End: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	// Every word has a translation, and sentences have one word.
	var sources, targets [][]int32
	for i := range int32(100) {
		sources, targets = append(sources, []int32{2 + i%10}), append(targets, []int32{2 + 3*i%10})
	}
	pairs, err := bitext.NewDataset(sources, targets)
	if err != nil {
		fmt.Println(err)
		return
	}
	trainer, err := train.NewTranslation(model, pairs, train.TranslationConfig{Epochs: 30, Tokens: 60, Smoothing: 0.1, Rate: 0.01, WarmUp: 20, MeanEpochs: 3})
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := trainer.Run(context.Background()); err != nil {
		fmt.Println(err)
		return
	}
	found, err := trainer.Translate(context.Background(), [][]int32{{3}, {8}}, models.Search{Beam: 3, Penalty: 1, Factor: 1, Extra: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(found[0][0].Words, found[1][0].Words)
	// Output:
	// [5] [10]
}

// A training that is stopped and goes on in another trainer, as after a crash, is the
// same training.
func ExampleLoop_Load() {
	folder, err := os.MkdirTemp("", "checkpoint")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(folder)
	checkpoint := filepath.Join(folder, "checkpoint.safetensors")
	fit, _, err := data.Synthetic(data.SyntheticConfig{Train: 200, Test: 10})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, stop := context.WithCancel(context.Background())
	start := func(onStep func(train.Step)) *train.Trainer {
		scope := layers.NewScope(1)
		model := linear{scope, layers.NewLinear(scope.Sub("fc"), layers.LinearConfig{In: data.Channels, Out: len(fit.Classes)})}
		trainer, err := train.New(model, fit, train.Config{Batch: 50, Common: train.Common{Checkpoint: checkpoint, OnStep: onStep}})
		if err != nil {
			panic(err)
		}
		return trainer
	}
	first := start(func(s train.Step) {
		if s.Step == 1 {
			stop() // as Ctrl-C would
		}
	})
	fmt.Println(first.Run(ctx), "after", first.Done(), "steps")

	second := start(nil)
	if err := second.Load(checkpoint); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(second.Run(context.Background()), "after", second.Done(), "steps")
	fmt.Println("the losses go on:", slices.Equal(second.Losses()[:2], first.Losses()))
	// Output:
	// context canceled after 2 steps
	// <nil> after 4 steps
	// the losses go on: true
}

// curve learns a function of one variable: a task of one's own.
type curve struct {
	scope       *layers.Scope
	first, last *layers.Linear
}

func newCurve() *curve {
	scope := layers.NewScope(1)
	return &curve{scope, layers.NewLinear(scope.Sub("first"), layers.LinearConfig{In: 1, Out: 16}), layers.NewLinear(scope.Sub("last"), layers.LinearConfig{In: 16, Out: 1})}
}

func (t *curve) Params() *autograd.Params { return t.scope.Params() }
func (t *curve) Steps() int               { return 40 * 10 }
func (t *curve) Identity() any            { return "the sine of 320 numbers" }

func (t *curve) Batches(ctx context.Context, from int) iter.Seq2[train.Batch, error] {
	return train.Epochs(ctx, from, 10, func(epoch, i int) (train.Batch, error) {
		return train.Batch{Examples: 32, Loss: func(c *layers.Ctx, p *train.Part) (*autograd.Tensor, error) {
			var x, y []float32
			for k := p.Lo; k < p.Hi; k++ {
				at := float32(k*10+i)/160 - 1
				x, y = append(x, at), append(y, float32(math.Sin(3*float64(at))))
			}
			away := ops.Sub(t.predict(c, x), c.Tape.Input(y, len(y), 1))
			return ops.Mean(ops.Mul(away, away)), nil
		}}, nil
	})
}

func (t *curve) predict(c *layers.Ctx, x []float32) *autograd.Tensor {
	return t.last.Forward(c, ops.Tanh(t.first.Forward(c, c.Tape.Input(x, len(x), 1))))
}

// A task of one's own is trained with all that the other trainings have:
// checkpoints, an average, clipping, validation, the best weights, and an early end.
func ExampleNewLoop() {
	task := newCurve()
	folder, err := os.MkdirTemp("", "curve")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(folder)
	loop, err := train.NewLoop(task, train.Common{
		Optimizer: optim.NewAdam(task.Params(), optim.AdamConfig{}), Schedule: optim.WarmUp(20, optim.Cosine(0.05, task.Steps())),
		ClipNorm: 1, EMA: 0.9, Accumulate: 2,
		Checkpoint: filepath.Join(folder, "checkpoint"), Log: filepath.Join(folder, "log"),
		Validate: func(context.Context) (train.Validation, error) {
			c := layers.Ctx{Tape: autograd.NewInference()}
			return train.Validation{Score: math.Abs(float64(task.predict(&c, []float32{0.5}).Item()) - math.Sin(1.5))}, nil
		},
		Patience: 20, BestWeights: filepath.Join(folder, "best.safetensors"),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	if _, err := loop.Resume(); err != nil { // there is nothing yet
		fmt.Println(err)
		return
	}
	if err := loop.Run(context.Background()); err != nil {
		fmt.Println(err)
		return
	}
	_, err = weights.Load(filepath.Join(folder, "best.safetensors"), newCurve().Params(), weights.Options{})
	fmt.Println("learned:", loop.Best().Score < 0.1, loop.Losses()[loop.Done()-1] < 0.01, err)
	// Output: learned: true true <nil>
}
