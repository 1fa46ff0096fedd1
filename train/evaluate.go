package train

import (
	"context"
	"fmt"

	"autodropout/data"
	"autodropout/layers"
	"autodropout/ops"
)

// Score is how well a model classifies a set.
type Score struct {
	Images  int
	Correct int
	Loss    float64 // mean cross-entropy
}

// Accuracy returns the fraction of images whose class was found.
func (s Score) Accuracy() float64 { return float64(s.Correct) / float64(s.Images) }

// ErrorRate returns the percentage of images whose class was not found.
func (s Score) ErrorRate() float64 { return 100 * float64(s.Images-s.Correct) / float64(s.Images) }

// evaluationBatch bounds the memory of an evaluation; it does not change the
// result.
const evaluationBatch = 100

// Evaluate scores a model on the images of a source, without those that cannot
// be used. When ctx is cancelled it returns the cause.
func Evaluate(ctx context.Context, model layers.Model, images data.Source) (Score, error) {
	loader, err := data.NewOrdered(images, evaluationBatch)
	if err != nil {
		return Score{}, fmt.Errorf("train: there is nothing to evaluate on: %w", err)
	}
	tape := takeTape()
	defer giveTape(tape)
	c := layers.Ctx{Tape: tape}
	var score Score
	for batch := range loader.Epoch(ctx, 0, 0) {
		logits := model.Forward(&c, tape.Input(batch.X, batch.Shape...))
		score.Loss += float64(ops.CrossEntropy(logits, batch.Y, ops.CrossEntropySpec{}).Item()) * float64(len(batch.Y))
		rows, classes := logits.Data(), logits.Dim(-1)
		for i, label := range batch.Y {
			if best(rows[i*classes:(i+1)*classes]) == label {
				score.Correct++
			}
		}
		score.Images += len(batch.Y)
		tape.Reset()
	}
	if ctx.Err() != nil {
		return Score{}, context.Cause(ctx)
	}
	if err := loader.Err(); err != nil {
		return Score{}, fmt.Errorf("train: cannot evaluate: %w", err)
	}
	if score.Images == 0 {
		return Score{}, fmt.Errorf("train: none of the %d images of %s can be used", images.Len(), images.Header().Name)
	}
	score.Loss /= float64(score.Images)
	return score, nil
}

// best returns the index of the largest element, -1 when there is none because
// one is not a number.
func best(x []float32) int {
	most := 0
	for i, v := range x {
		if v != v {
			return -1
		}
		if v > x[most] {
			most = i
		}
	}
	return most
}
