package train

import (
	"context"
	"errors"
	"math"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"autodropout/autograd"
	"autodropout/dropout"
	"autodropout/internal/seed"
	"autodropout/layers"
	"autodropout/models"
	"autodropout/ops"
	"autodropout/optim"
)

// reversals returns pairs of sentences of which the second is the first backwards,
// each word replaced by another.
func reversals(count int) []SentencePair {
	rng := seed.New(4, "reversals")
	pairs := make([]SentencePair, count)
	for i := range pairs {
		source := make([]int32, rng.IntN(6))
		for j := range source {
			source[j] = int32(2 + rng.IntN(vocabulary-2))
		}
		pairs[i].Source = source
		for _, word := range slices.Backward(source) {
			pairs[i].Target = append(pairs[i].Target, 2+(3*word)%(vocabulary-2))
		}
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
	config := TranslationConfig{Epochs: 3, Tokens: 40, Shards: 2, Accumulate: 2, Smoothing: 0.1, Rate: 0.01, WarmUp: 3, MeanEpochs: 2,
		Common: Common{ClipNorm: 1, Policy: stateDropout{}, Seed: 7}}
	if change != nil {
		change(&config)
	}
	trainer, err := NewTranslation(newTranslationModel(t), reversals(40), config)
	if err != nil {
		t.Fatal(err)
	}
	return trainer
}

// TestPlainTranslationLoop compares a trainer with the same training written out.
func TestPlainTranslationLoop(t *testing.T) {
	trainer := translationExercise(t, func(c *TranslationConfig) { c.Shards, c.Accumulate = 1, 1 })
	mustTrain(t, trainer.Loop)

	model, pairs := newTranslationModel(t), reversals(40)
	adam := optim.NewAdam(model.Params(), optim.AdamConfig{Beta2: 0.98})
	schedule := optim.WarmUp(3, optim.InverseSqrt(0.01, 3))
	mean := make([]float64, model.Params().Len())
	step := 0
	for epoch := range 3 {
		seen := map[int]bool{}
		for _, i := range seed.New(7, "batches", uint64(epoch)).Perm(len(trainer.batches)) {
			var sources, targets [][]int32
			for _, j := range trainer.batches[i] {
				sources, targets = append(sources, pairs[j].Source), append(targets, pairs[j].Target)
				seen[j] = true
			}
			tape := autograd.NewTape(model.Params())
			ctx := &layers.Ctx{Tape: tape, Train: true, Policy: stateDropout{}, Stream: dropout.Stream{Seed: 7, Step: uint64(step)}}
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
				t.Errorf("step %d has loss %v on one tape and %v on %d", i, loss, other.losses[i], len(other.shards))
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
		"shards":    func(c *TranslationConfig) { c.Shards, c.Accumulate = 1, 4 },
		"average":   func(c *TranslationConfig) { c.MeanEpochs = 1 },
		"smoothing": func(c *TranslationConfig) { c.Smoothing = 0 },
		"schedule":  func(c *TranslationConfig) { c.WarmUp = 0 },
	} {
		if err := translationExercise(t, change).Load(path); err == nil {
			t.Errorf("a checkpoint loads with another %s", name)
		}
	}
	other := reversals(40)
	other[17].Target = nil
	trainer, err := NewTranslation(newTranslationModel(t), other, whole.config)
	if err != nil {
		t.Fatal(err)
	}
	if err := trainer.Load(path); err == nil {
		t.Error("a checkpoint loads with other sentences")
	}
}

func TestTranslationLearns(t *testing.T) {
	pairs := slices.DeleteFunc(reversals(900), func(p SentencePair) bool { return len(p.Source) > 3 })
	train, valid := pairs[:500], pairs[500:]
	trainer, err := NewTranslation(newTranslationModel(t), train, TranslationConfig{Epochs: 20, Tokens: 150, Rate: 0.008, WarmUp: 40})
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
	var sources [][]int32
	for _, p := range valid {
		sources = append(sources, p.Source)
	}
	for _, beam := range []int{1, 4} {
		found, err := trainer.Translate(t.Context(), sources, models.Search{Beam: beam, Penalty: 1})
		if err != nil {
			t.Fatal(err)
		}
		right, all := 0, 0
		for i, p := range valid {
			if len(p.Target) == 0 {
				continue // every translation has a word
			}
			all++
			if slices.Equal(found[i][0].Words, p.Target) {
				right++
			}
		}
		if float64(right) < 0.4*float64(all) {
			t.Errorf("with a beam of %d %d of %d translations are right", beam, right, all)
		}
	}
}

func TestSentenceBatches(t *testing.T) {
	pairs := reversals(300)
	const places = 50
	batches, err := sentenceBatches(pairs, places)
	if err != nil {
		t.Fatal(err)
	}
	seen, used := map[int]bool{}, 0
	for _, batch := range batches {
		longest, words := 0, 0
		for _, i := range batch {
			if seen[i] {
				t.Errorf("pair %d is in two batches", i)
			}
			seen[i] = true
			longest = max(longest, len(pairs[i].Source)+1, len(pairs[i].Target)+1)
			words += len(pairs[i].Source) + 1
		}
		if longest*len(batch) > places {
			t.Errorf("a batch has %d sentences of up to %d words", len(batch), longest)
		}
		used += words
	}
	if len(seen) != len(pairs) || float64(used) < 0.8*float64(places*len(batches)) {
		t.Errorf("%d of %d pairs are in %d batches, with %d words", len(seen), len(pairs), len(batches), used)
	}
}

func TestTranslationsThatDoNotFit(t *testing.T) {
	pairs := reversals(10)
	for want, change := range map[string]func(c *TranslationConfig) []SentencePair{
		"no sentence pairs": func(*TranslationConfig) []SentencePair { return nil },
		"pair 10 has 8": func(c *TranslationConfig) []SentencePair {
			c.Tokens = 7
			return append(pairs, SentencePair{make([]int32, 7), nil})
		},
		"epochs":        func(c *TranslationConfig) []SentencePair { c.Epochs = -1; return pairs },
		"3 of 2 epochs": func(c *TranslationConfig) []SentencePair { c.Epochs, c.MeanEpochs = 2, 3; return pairs },
		"one average":   func(c *TranslationConfig) []SentencePair { c.EMA, c.MeanEpochs = 0.9, 1; return pairs },
		"smoothing":     func(c *TranslationConfig) []SentencePair { c.Smoothing = 1; return pairs },
	} {
		var config TranslationConfig
		if _, err := NewTranslation(newTranslationModel(t), change(&config), config); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error is %v, want one with %q", err, want)
		}
	}
	model := newTranslationModel(t)
	if _, err := EvaluateTranslation(t.Context(), model, nil, 100); err == nil {
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
