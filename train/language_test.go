package train

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"autodropout/autograd"
	"autodropout/data"
	"autodropout/dropout"
	"autodropout/layers"
	"autodropout/models"
	"autodropout/ops"
	"autodropout/optim"
)

const vocabulary = 11

// text returns words of which the next one nearly follows from the last two.
func text(length int) []int32 {
	words := make([]int32, length)
	for i := 2; i < length; i++ {
		words[i] = (words[i-1] + 2*words[i-2] + int32(i*i%3)) % vocabulary
	}
	return words
}

func newLanguageModel(t testing.TB) *models.TransformerXL {
	t.Helper()
	model, err := models.NewTransformerXL(models.TransformerXLConfig{Vocab: vocabulary, Layers: 2, Width: 8, Heads: 2, HeadWidth: 4, Inner: 12, Seed: 3})
	if err != nil {
		t.Fatal(err)
	}
	return model
}

// rowDropout drops rows of word vectors and of hidden states.
type rowDropout struct{}

func (rowDropout) Describe() string { return "rowDropout" }

func (rowDropout) Mask(site string, shape []int, s dropout.Stream) dropout.Mask {
	if site != "input" && site != "hidden" {
		return nil
	}
	width := shape[len(shape)-1]
	return func(keep []uint32) float32 {
		clear(keep)
		for i := range shape[0] * shape[1] * width {
			row := uint64(i/width)/uint64(shape[1]) + s.Example
			if (row*7+uint64(i%width)*3+s.Step*5+s.Seed)%4 != 0 {
				keep[i/32] |= 1 << (i % 32)
			}
		}
		return 4. / 3
	}
}

// languageExercise is a training with everything in it: 5 rows in 2 shards of 2
// parts, 3 epochs in segments of random lengths, memory and extended context, a
// mean of the last epoch's weights.
func languageExercise(t testing.TB, change func(*LanguageConfig)) *LanguageTrainer {
	t.Helper()
	config := LanguageConfig{Epochs: 3, Batch: 5, Lengths: models.Lengths{Target: 9, Memory: 6, Extended: 3}, Jitter: true,
		Activation: 0.2, Temporal: 0.1, Rate: 0.01, LastRate: 0.001, WarmUp: 3, MeanEpochs: 1,
		Common: Common{ClipNorm: 0.25, Shards: 2, Accumulate: 2, Policy: rowDropout{}, Seed: 7}}
	if change != nil {
		change(&config)
	}
	trainer, err := NewLanguage(newLanguageModel(t), text(200), config)
	if err != nil {
		t.Fatal(err)
	}
	return trainer
}

func mustTrain(t testing.TB, loop *Loop) {
	t.Helper()
	if err := loop.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
}

func loopBytes(t testing.TB, loop *Loop) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "end")
	if err := loop.Save(path); err != nil {
		t.Fatal(err)
	}
	return readFile(t, path)
}

// TestPlainLanguageLoop compares a trainer with the same training written out.
func TestPlainLanguageLoop(t *testing.T) {
	trainer := languageExercise(t, func(c *LanguageConfig) { c.Shards, c.Accumulate = 1, 1 })
	mustTrain(t, trainer.Loop)

	c := trainer.config
	model := newLanguageModel(t)
	adam := optim.NewAdam(model.Params(), optim.AdamConfig{})
	segments, err := data.NewSegments(text(200), c.Batch)
	if err != nil {
		t.Fatal(err)
	}
	first, second := segments.JitteredSpans(9, 7, 0), segments.JitteredSpans(9, 7, 1)
	schedule := optim.WarmUp(3, optim.CosineTo(0.01, 0.001, len(first)+len(second)))
	mean := make([]float64, model.Params().Len())
	step, averaged := 0, 0
	for epoch := range 3 {
		var memory *models.Memory
		for _, span := range segments.JitteredSpans(9, 7, epoch) {
			tape := autograd.NewTape(model.Params())
			inputs, targets := segments.Segment(span, 3)
			ctx := &layers.Ctx{Tape: tape, Policy: c.Policy, Stream: dropout.Stream{Seed: 7, Step: uint64(step)}}
			out := model.Forward(ctx, models.Segment{N: 5, Inputs: inputs, Targets: targets, Memory: memory},
				models.Lengths{Target: span.Length, Memory: 6, Extended: 3})
			if out.Loss.Item() != trainer.losses[step] {
				t.Fatalf("step %d: the trainer has loss %v, want %v", step, trainer.losses[step], out.Loss.Item())
			}
			memory = out.Memory
			loss := ops.Add(out.Loss, ops.Scale(ops.Mean(ops.Mul(out.Dropped, out.Dropped)), 0.2))
			if span.Length > 1 {
				change := ops.Sub(ops.Slice(out.Hidden, 1, 1, span.Length), ops.Slice(out.Hidden, 1, 0, span.Length-1))
				loss = ops.Add(loss, ops.Scale(ops.Mean(ops.Mul(change, change)), 0.1))
			}
			grads := tape.Backward(loss)
			optim.ClipNorm(grads, 0.25)
			adam.Step(schedule(step)*(float32(span.Length)/9), grads)
			if step++; epoch == 2 {
				averaged++
				for i, w := range model.Params().Flat() {
					mean[i] += float64(w)
				}
			}
		}
	}
	if step != trainer.Total() {
		t.Errorf("the trainer took %d steps, want %d", trainer.Total(), step)
	}
	if !slices.Equal(model.Params().Flat(), trainer.model.Params().Flat()) {
		t.Error("the weights differ")
	}
	trainer.averaged(func() error {
		for i, w := range trainer.model.Params().Flat() {
			if math.Abs(mean[i]/float64(averaged)-float64(w)) > 1e-6 {
				t.Fatalf("averaged weight %d is %v, want %v", i, w, mean[i]/float64(averaged))
			}
		}
		return nil
	})
}

func TestLanguageShards(t *testing.T) {
	train := func(shards, parts int) *LanguageTrainer {
		trainer := languageExercise(t, func(c *LanguageConfig) { c.Shards, c.Accumulate = shards, parts })
		mustTrain(t, trainer.Loop)
		return trainer
	}
	one, sharded, accumulated := train(1, 1), train(2, 1), train(1, 2)
	if !slices.Equal(sharded.Losses(), accumulated.Losses()) || !slices.Equal(sharded.params.Flat(), accumulated.params.Flat()) {
		t.Error("two parts at the same time train otherwise than one after another")
	}
	for i, loss := range one.Losses() {
		if math.Abs(float64(loss-sharded.losses[i])) > 1e-4 {
			t.Errorf("step %d has loss %v on one tape and %v on two", i, loss, sharded.losses[i])
		}
	}
}

func TestLanguageSameOnAnyNumberOfCores(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	want := ""
	for _, cores := range []int{1, 2, 7} {
		runtime.GOMAXPROCS(cores)
		trainer := languageExercise(t, nil)
		mustTrain(t, trainer.Loop)
		got := loopBytes(t, trainer.Loop)
		if want == "" {
			want = got
		}
		if got != want {
			t.Errorf("on %d cores the checkpoint differs from that on 1", cores)
		}
	}
	other := languageExercise(t, func(c *LanguageConfig) { c.Seed++ })
	mustTrain(t, other.Loop)
	if loopBytes(t, other.Loop) == want {
		t.Error("another seed gives the same checkpoint")
	}
}

func TestLanguageResumeIsExact(t *testing.T) {
	whole := languageExercise(t, nil)
	mustTrain(t, whole.Loop)
	want := loopBytes(t, whole.Loop)
	path := filepath.Join(t.TempDir(), "checkpoint")
	for stop := 1; stop < whole.Total(); stop++ {
		ctx, cancel := context.WithCancel(t.Context())
		first := languageExercise(t, func(c *LanguageConfig) {
			c.Checkpoint = path
			c.OnStep = func(s Step) {
				if s.Step == stop-1 {
					cancel()
				}
			}
		})
		if err := first.Run(ctx); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		second := languageExercise(t, nil)
		if err := second.Load(path); err != nil {
			t.Fatal(err)
		}
		if second.Done() != stop {
			t.Errorf("stopped after %d steps, it goes on after %d", stop, second.Done())
		}
		mustTrain(t, second.Loop)
		if !slices.Equal(second.Losses(), whole.Losses()) || loopBytes(t, second.Loop) != want {
			t.Errorf("stopped after %d steps, the end differs", stop)
		}
	}
	for name, change := range map[string]func(c *LanguageConfig){
		"memory":   func(c *LanguageConfig) { c.Lengths.Memory++ },
		"shards":   func(c *LanguageConfig) { c.Shards, c.Accumulate = 1, 4 },
		"average":  func(c *LanguageConfig) { c.MeanEpochs = 0 },
		"penalty":  func(c *LanguageConfig) { c.Temporal = 0 },
		"schedule": func(c *LanguageConfig) { c.WarmUp = 0 },
	} {
		if err := languageExercise(t, change).Load(path); err == nil {
			t.Errorf("a checkpoint loads with another %s", name)
		}
	}
}

func TestKillLanguage(t *testing.T) {
	dir := os.Getenv(killEnv)
	victim := dir != ""
	if !victim {
		dir = t.TempDir()
	}
	build := func(pause time.Duration) *LanguageTrainer {
		return languageExercise(t, func(c *LanguageConfig) {
			c.Epochs = 30
			c.Checkpoint, c.CheckpointEvery = filepath.Join(dir, "checkpoint"), time.Nanosecond
			c.OnStep = func(Step) { time.Sleep(pause) }
		})
	}
	if victim {
		mustTrain(t, build(20*time.Millisecond).Loop)
		return
	}
	kill(t, dir)
	resumed := build(0)
	// Killed between two renamings, the newest checkpoint has an older one's name.
	if found, err := resumed.Resume(); !found || err != nil {
		t.Fatalf("a checkpoint is found: %v (error %v)", found, err)
	}
	if done := resumed.Done(); done == 0 || done == resumed.Total() {
		t.Fatalf("the victim died after %d of %d steps, not in between", done, resumed.Total())
	}
	mustTrain(t, resumed.Loop)
	whole := languageExercise(t, func(c *LanguageConfig) { c.Epochs = 30 })
	mustTrain(t, whole.Loop)
	if readFile(t, resumed.config.Checkpoint) != loopBytes(t, whole.Loop) {
		t.Error("the final checkpoint differs from that of a training without a kill")
	}
}

func TestLanguageLearns(t *testing.T) {
	trainer, err := NewLanguage(newLanguageModel(t), text(2000), LanguageConfig{Epochs: 8, Batch: 4, Lengths: models.Lengths{Target: 16, Memory: 8}, Rate: 0.02})
	if err != nil {
		t.Fatal(err)
	}
	mustTrain(t, trainer.Loop)
	score, err := trainer.Evaluate(t.Context(), text(500), LanguageEvaluation{Lengths: models.Lengths{Target: 16, Memory: 8}})
	if err != nil || score.Perplexity() > 0.5*vocabulary {
		t.Errorf("after training the perplexity is %v (error %v)", score.Perplexity(), err)
	}
}

// TestLanguageEvaluation compares evaluations with one forward pass over a row.
func TestLanguageEvaluation(t *testing.T) {
	model := newLanguageModel(t)
	words := text(53)
	evaluate := func(c LanguageEvaluation) LanguageScore {
		t.Helper()
		score, err := EvaluateLanguage(t.Context(), model, words, c)
		if err != nil {
			t.Fatal(err)
		}
		return score
	}
	// loss returns the summed loss of the words in (lo, hi], which are predicted
	// from those in [lo, hi).
	loss := func(lo, hi int, temperature float32) (sum float64) {
		var inputs, targets []int
		for i := lo; i < hi; i++ {
			inputs, targets = append(inputs, int(words[i])), append(targets, int(words[i+1]))
		}
		c := &layers.Ctx{Tape: autograd.NewInference()}
		out := model.Forward(c, models.Segment{N: 1, Inputs: inputs}, models.Lengths{Target: hi - lo})
		for _, p := range model.LogProbs(c, out.Dropped, targets, temperature).Data() {
			sum -= float64(p)
		}
		return sum
	}
	for _, c := range []struct {
		name   string
		config LanguageEvaluation
		want   float64
	}{
		{"in one piece", LanguageEvaluation{}, loss(0, 52, 1) / 52},
		{"temperature", LanguageEvaluation{Temperature: 1.3}, loss(0, 52, 1.3) / 52},
		{"sliding", LanguageEvaluation{Lengths: models.Lengths{Target: 4, Extended: 60}}, loss(0, 52, 1) / 52},
		{"memory", LanguageEvaluation{Lengths: models.Lengths{Target: 5, Memory: 60}}, loss(0, 52, 1) / 52},
		// Three rows of 17 words, and the last word from all others.
		{"rows", LanguageEvaluation{Batch: 3, Lengths: models.Lengths{Target: 4, Memory: 40, Extended: 20}},
			(loss(0, 17, 1) + loss(17, 34, 1) + loss(34, 51, 1) + loss(0, 52, 1) - loss(0, 51, 1)) / 52},
	} {
		if got := evaluate(c.config); got.Words != 52 || math.Abs(got.Loss-c.want) > 1e-5 {
			t.Errorf("%s: %d words with loss %v, want 52 with %v", c.name, got.Words, got.Loss, c.want)
		}
	}
	if score := (LanguageScore{Loss: 2}); score.Perplexity() != math.Exp(2) {
		t.Errorf("loss 2 is perplexity %v", score.Perplexity())
	}
	if _, err := EvaluateLanguage(t.Context(), model, words[:3], LanguageEvaluation{Batch: 3}); err == nil {
		t.Error("no error for a text shorter than the rows")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := EvaluateLanguage(ctx, model, words, LanguageEvaluation{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: got error %v", err)
	}
}

// TestManyEpochs: what is asked for and never reached costs nothing.
func TestManyEpochs(t *testing.T) {
	began := time.Now()
	trainer, err := NewLanguage(newLanguageModel(t), text(200), LanguageConfig{Epochs: 1 << 28, Batch: 4, Lengths: models.Lengths{Target: 10}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	trainer.config.OnStep = func(s Step) {
		if s.Step == 12 { // of the third epoch
			cancel()
		}
	}
	trainer.config.Checkpoint = filepath.Join(t.TempDir(), "checkpoint")
	if err := trainer.Run(ctx); !errors.Is(err, context.Canceled) || trainer.epoch != 2 || trainer.Total() != 5<<28 {
		t.Errorf("after epoch %d of %d steps: %v", trainer.epoch, trainer.Total(), err)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("it took %v to begin and to stop", took)
	}
	if _, err := NewLanguage(newLanguageModel(t), text(200), LanguageConfig{Epochs: 1 << 28, Batch: 4, Jitter: true}); err == nil || !strings.Contains(err.Error(), "take fewer epochs") {
		t.Errorf("with random lengths: %v", err)
	}
}

func TestNewLanguageRefuses(t *testing.T) {
	for _, c := range []LanguageConfig{
		{Epochs: -1}, {Batch: -1}, {Lengths: models.Lengths{Target: -1}}, {Lengths: models.Lengths{Memory: -1}}, {Batch: 4, Common: Common{Shards: 5}},
		{Batch: 4, Common: Common{Shards: 2, Accumulate: 3}}, {Epochs: math.MaxInt, Lengths: models.Lengths{Target: 2}}, {MeanEpochs: 2}, {MeanEpochs: 1, Common: Common{EMA: 0.9}}, {Common: Common{EMA: 1}}, {Batch: 150},
		{Epochs: 2, MeanEpochs: 1, Common: Common{Lookahead: Lookahead{Every: 5}}}, {Epochs: 2, MeanEpochs: 2},
	} {
		if _, err := NewLanguage(newLanguageModel(t), text(200), c); err == nil {
			t.Errorf("%+v: no error", c)
		}
	}
}
