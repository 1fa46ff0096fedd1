package train

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"autodropout/autograd"
	"autodropout/data/text/bitext"
	"autodropout/dropout"
	"autodropout/internal/seed"
	"autodropout/layers"
	"autodropout/models"
	"autodropout/ops"
	"autodropout/optim"
)

// reversals returns sentences of up to five words and the same backwards, each word
// replaced by another.
func reversals(count int) (sources, targets [][]int32) {
	rng := seed.New(4, "reversals")
	for range count {
		source := make([]int32, 1+rng.IntN(5))
		for j := range source {
			source[j] = int32(2 + rng.IntN(vocabulary-2))
		}
		var target []int32
		for _, word := range slices.Backward(source) {
			target = append(target, 2+(3*word)%(vocabulary-2))
		}
		sources, targets = append(sources, source), append(targets, target)
	}
	return sources, targets
}

func sentencePairs(t testing.TB, sources, targets [][]int32) *bitext.Dataset {
	t.Helper()
	pairs, err := bitext.NewDataset(sources, targets)
	if err != nil {
		t.Fatal(err)
	}
	return pairs
}

func newTranslationModel(t testing.TB) *models.Transformer {
	t.Helper()
	model, err := models.NewTransformer(models.TransformerConfig{SourceVocab: vocabulary, TargetVocab: vocabulary, Layers: 1, Width: 16, Heads: 2, Inner: 24,
		SharedOutput: true, End: 1, Seed: 3})
	if err != nil {
		t.Fatal(err)
	}
	return model
}

// stateDropout drops channels of the decoder's last states by their place in the
// step.
type stateDropout struct{}

func (stateDropout) Describe() string { return "stateDropout" }

func (stateDropout) Mask(site string, shape []int, s dropout.Stream) dropout.Mask {
	if site != "decoder.hidden" {
		return nil
	}
	return func(keep []uint32) float32 {
		clear(keep)
		for i := range shape[0] * shape[1] * shape[2] {
			row := uint64(i/(shape[1]*shape[2])) + s.Example
			if (row*7+uint64(i%shape[2])*3+s.Step*5+s.Seed)%4 != 0 {
				keep[i/32] |= 1 << (i % 32)
			}
		}
		return 4. / 3
	}
}

// translationExercise is a training with everything in it: 3 epochs in 2 shards of
// 2 parts, and a mean of the weights after the last 2 epochs.
func translationExercise(t testing.TB, change func(*TranslationConfig)) *TranslationTrainer {
	t.Helper()
	config := TranslationConfig{Epochs: 3, Tokens: 40, Smoothing: 0.1, Rate: 0.01, WarmUp: 3, MeanEpochs: 2,
		Common: Common{ClipNorm: 1, Shards: 2, Accumulate: 2, Policy: stateDropout{}, Seed: 7}}
	if change != nil {
		change(&config)
	}
	sources, targets := reversals(40)
	trainer, err := NewTranslation(newTranslationModel(t), sentencePairs(t, sources, targets), config)
	if err != nil {
		t.Fatal(err)
	}
	return trainer
}

// TestPlainTranslationLoop compares a trainer with the same training written out.
func TestPlainTranslationLoop(t *testing.T) {
	trainer := translationExercise(t, func(c *TranslationConfig) { c.Shards, c.Accumulate = 1, 1 })
	mustTrain(t, trainer.Loop)

	model := newTranslationModel(t)
	allSources, allTargets := reversals(40)
	adam := optim.NewAdam(model.Params(), optim.AdamConfig{Beta2: 0.98})
	schedule := optim.WarmUp(3, optim.InverseSqrt(0.01, 3))
	mean := make([]float64, model.Params().Len())
	step := 0
	for epoch := range 3 {
		seen := map[int32]bool{}
		batches := trainer.batches.Shuffled(seed.New(7, "batches", uint64(epoch)))
		for i := range batches.Len() {
			var sources, targets [][]int32
			for _, j := range batches.Batch(i) {
				sources, targets = append(sources, allSources[j]), append(targets, allTargets[j])
				seen[j] = true
			}
			tape := autograd.NewTape(model.Params())
			ctx := &layers.Ctx{Tape: tape, Policy: stateDropout{}, Stream: dropout.Stream{Seed: 7, Step: uint64(step)}}
			loss := model.Loss(ctx, sources, targets, 0.1)
			if loss.Item() != trainer.losses[step] {
				t.Fatalf("step %d: the trainer has loss %v, want %v", step, trainer.losses[step], loss.Item())
			}
			grads := tape.Backward(ops.Scale(loss, 1))
			optim.ClipNorm(grads, 1)
			adam.Step(schedule(step), grads)
			step++
		}
		if len(seen) != 40 {
			t.Errorf("epoch %d has %d of 40 pairs", epoch, len(seen))
		}
		if epoch > 0 {
			for i, w := range model.Params().Flat() {
				mean[i] += float64(w) / 2
			}
		}
	}
	if step != trainer.Total() || !slices.Equal(model.Params().Flat(), trainer.model.Params().Flat()) {
		t.Errorf("the trainer took %d steps, want %d, or its weights differ", trainer.Total(), step)
	}
	trainer.averaged(func() error {
		for i, w := range trainer.model.Params().Flat() {
			if math.Abs(mean[i]-float64(w)) > 1e-6 {
				t.Fatalf("averaged weight %d is %v, want %v", i, w, mean[i])
			}
		}
		return nil
	})
}

func TestTranslationShards(t *testing.T) {
	train := func(shards, parts int) *TranslationTrainer {
		trainer := translationExercise(t, func(c *TranslationConfig) { c.Shards, c.Accumulate = shards, parts })
		mustTrain(t, trainer.Loop)
		return trainer
	}
	one, sharded, accumulated, crumbs := train(1, 1), train(2, 1), train(1, 2), train(5, 4)
	if !slices.Equal(sharded.Losses(), accumulated.Losses()) || !slices.Equal(sharded.params.Flat(), accumulated.params.Flat()) {
		t.Error("two parts at the same time train otherwise than one after another")
	}
	for i, loss := range one.Losses() {
		for _, other := range []*TranslationTrainer{sharded, crumbs} {
			if math.Abs(float64(loss-other.losses[i])) > 1e-3 {
				t.Errorf("step %d has loss %v on one tape and %v on %d", i, loss, other.losses[i], len(other.workers))
			}
		}
	}
}

func TestTranslationSameOnAnyNumberOfCores(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	want := ""
	for _, cores := range []int{1, 2, 7} {
		runtime.GOMAXPROCS(cores)
		trainer := translationExercise(t, nil)
		mustTrain(t, trainer.Loop)
		got := loopBytes(t, trainer.Loop)
		if want == "" {
			want = got
		}
		if got != want {
			t.Errorf("on %d cores the checkpoint differs from that on 1", cores)
		}
	}
	other := translationExercise(t, func(c *TranslationConfig) { c.Seed++ })
	mustTrain(t, other.Loop)
	if loopBytes(t, other.Loop) == want {
		t.Error("another seed gives the same checkpoint")
	}
}

func TestTranslationResumeIsExact(t *testing.T) {
	whole := translationExercise(t, nil)
	mustTrain(t, whole.Loop)
	want := loopBytes(t, whole.Loop)
	path := filepath.Join(t.TempDir(), "checkpoint")
	for stop := 1; stop < whole.Total(); stop += 5 {
		ctx, cancel := context.WithCancel(t.Context())
		first := translationExercise(t, func(c *TranslationConfig) {
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
		second := translationExercise(t, nil)
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
	for name, change := range map[string]func(c *TranslationConfig){
		"tokens":    func(c *TranslationConfig) { c.Tokens = 60 },
		"longest":   func(c *TranslationConfig) { c.Longest = 4 },
		"shards":    func(c *TranslationConfig) { c.Shards, c.Accumulate = 1, 4 },
		"average":   func(c *TranslationConfig) { c.MeanEpochs = 1 },
		"smoothing": func(c *TranslationConfig) { c.Smoothing = 0 },
		"schedule":  func(c *TranslationConfig) { c.WarmUp = 0 },
	} {
		if err := translationExercise(t, change).Load(path); err == nil {
			t.Errorf("a checkpoint loads with another %s", name)
		}
	}
	sources, targets := reversals(40)
	targets[17][0]++
	trainer, err := NewTranslation(newTranslationModel(t), sentencePairs(t, sources, targets), whole.config)
	if err != nil {
		t.Fatal(err)
	}
	if err := trainer.Load(path); err == nil {
		t.Error("a checkpoint loads with other sentences")
	}
}

func TestTranslationLearns(t *testing.T) {
	var sources, targets [][]int32
	allSources, allTargets := reversals(1100)
	for i, source := range allSources {
		if len(source) <= 3 {
			sources, targets = append(sources, source), append(targets, allTargets[i])
		}
	}
	const held = 500
	valid := sentencePairs(t, sources[held:], targets[held:])
	trainer, err := NewTranslation(newTranslationModel(t), sentencePairs(t, sources[:held], targets[:held]),
		TranslationConfig{Epochs: 20, Tokens: 150, Rate: 0.008, WarmUp: 40})
	if err != nil {
		t.Fatal(err)
	}
	before, err := trainer.Evaluate(t.Context(), valid)
	if err != nil {
		t.Fatal(err)
	}
	mustTrain(t, trainer.Loop)
	after, err := trainer.Evaluate(t.Context(), valid)
	if err != nil || after.Loss > before.Loss/3 {
		t.Errorf("training took the loss from %v to %v (error %v)", before.Loss, after.Loss, err)
	}
	for _, beam := range []int{1, 4} {
		found, err := trainer.Translate(t.Context(), sources[held:], models.Search{Beam: beam, Penalty: 1})
		if err != nil {
			t.Fatal(err)
		}
		right := 0
		for i, target := range targets[held:] {
			if slices.Equal(found[i][0].Words, target) {
				right++
			}
		}
		if float64(right) < 0.4*float64(len(found)) {
			t.Errorf("with a beam of %d %d of %d translations are right", beam, right, len(found))
		}
	}
}

// What is empty or too long is left out of a training, not of an evaluation.
func TestTranslationSkips(t *testing.T) {
	sources, targets := reversals(20)
	sources[3], targets[5], targets[7] = nil, nil, make([]int32, 30)
	pairs := sentencePairs(t, sources, targets)
	trainer, err := NewTranslation(newTranslationModel(t), pairs, TranslationConfig{Tokens: 60, Longest: 29})
	if err != nil || trainer.Skipped() != 3 {
		t.Fatalf("%d pairs are left out, want 3 (error %v)", trainer.Skipped(), err)
	}
	size := 0
	trainer.config.OnStep = func(s Step) { size += s.Size }
	mustTrain(t, trainer.Loop)
	score, err := trainer.Evaluate(t.Context(), pairs)
	if all := predicted(targets); err != nil || score.Words != all || size != all-predicted([][]int32{targets[3], nil, targets[7]}) {
		t.Errorf("%d words are scored, %d trained on, of %d (error %v)", score.Words, size, all, err)
	}
}

// damaged is a file whose words cannot be read.
type damaged struct{ io.ReaderAt }

func (d damaged) ReadAt(p []byte, at int64) (int, error) {
	if at < 100 {
		return 0, errors.New("the disk is broken")
	}
	return d.ReaderAt.ReadAt(p, at)
}

func TestTranslationDataFails(t *testing.T) {
	var file bytes.Buffer
	w := bitext.NewWriter(&file)
	for range 40 {
		if err := w.Write([]int32{2}, []int32{3}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	pairs, err := bitext.Open(damaged{bytes.NewReader(file.Bytes())}, int64(file.Len()))
	if err != nil {
		t.Fatal(err)
	}
	trainer, err := NewTranslation(newTranslationModel(t), pairs, TranslationConfig{Tokens: 10})
	if err != nil {
		t.Fatal(err)
	}
	if err := trainer.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "of 8 steps") || !strings.Contains(err.Error(), "the disk is broken") {
		t.Errorf("the training ends with %v", err)
	}
	if _, err := trainer.Evaluate(t.Context(), pairs); err == nil || !strings.Contains(err.Error(), "the disk is broken") {
		t.Errorf("the evaluation ends with %v", err)
	}
}

func TestTranslationsThatDoNotFit(t *testing.T) {
	sources, targets := reversals(10)
	pairs, none := sentencePairs(t, sources, targets), sentencePairs(t, nil, nil)
	for want, config := range map[string]TranslationConfig{
		"do not fit batches of 1 places":  {Tokens: 1},
		"do not fit batches of 20 places": {Tokens: 20, Longest: 20},
		"epochs":                          {Epochs: -1},
		"more than can be counted":        {Epochs: math.MaxInt, Tokens: 40, Longest: 10},
		"3 of 2 epochs":                   {Epochs: 2, MeanEpochs: 3},
		"one average":                     {MeanEpochs: 1, Common: Common{EMA: 0.9}},
		"a look-ahead":                    {MeanEpochs: 1, Common: Common{Lookahead: Lookahead{Every: 5}}},
		"smoothing":                       {Smoothing: 1},
	} {
		if _, err := NewTranslation(newTranslationModel(t), pairs, config); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error is %v, want one with %q", err, want)
		}
	}
	if _, err := NewTranslation(newTranslationModel(t), none, TranslationConfig{}); err == nil || !strings.Contains(err.Error(), "none of 0 sentence pairs") {
		t.Errorf("the error is %v", err)
	}
	model := newTranslationModel(t)
	if _, err := EvaluateTranslation(t.Context(), model, none, 100); err == nil {
		t.Error("a model can be evaluated on nothing")
	}
	if _, err := Translate(t.Context(), model, nil, models.Search{Beam: -1}, 100); err == nil {
		t.Error("a beam of -1 can search")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Translate(ctx, model, [][]int32{{3}}, models.Search{}, 100); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled, Translate returns %v", err)
	}
	if _, err := EvaluateTranslation(ctx, model, pairs, 100); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled, EvaluateTranslation returns %v", err)
	}
	if found, err := Translate(t.Context(), model, [][]int32{make([]int32, 30)}, models.Search{Beam: 3, Factor: 0.1}, 10); err != nil || len(found[0]) != 1 || len(found[0][0].Words) > 3 {
		t.Errorf("a sentence longer than a batch is translated to %v (error %v)", found, err)
	}
}
