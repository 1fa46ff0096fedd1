package train

import (
	"context"
	"fmt"
	"iter"
	"slices"

	"autodropout/autograd"
	"autodropout/data"
	"autodropout/layers"
	"autodropout/models"
	"autodropout/ops"
)

// languageTask is the task of a [LanguageTrainer]: its examples are rows of text.
type languageTask LanguageTrainer

func (t *languageTask) Params() *autograd.Params { return t.model.Params() }

func (t *languageTask) Steps() int { return t.steps }

func (t *languageTask) Identity() any {
	return struct {
		LanguageConfig
		Text uint32
	}{t.config, t.text}
}

func (t *languageTask) Batches(ctx context.Context, from int) iter.Seq2[Batch, error] {
	return func(yield func(Batch, error) bool) {
		for epoch := range t.config.Epochs {
			if count := t.count(epoch); from >= count {
				from -= count
				continue
			}
			spans := t.even
			if t.config.Jitter {
				spans = t.segments.JitteredSpans(t.config.Lengths.Target, t.config.Seed, epoch)
			}
			for i := from; i < len(spans); i++ {
				if ctx.Err() != nil {
					return
				}
				b := t.batch(spans[i])
				if b.Epoch, b.Last = epoch, i == len(spans)-1; !yield(b, nil) {
					return
				}
			}
			from = 0
		}
	}
}

// count returns the number of segments of an epoch.
func (t *languageTask) count(epoch int) int {
	if t.config.Jitter {
		return t.counts[epoch]
	}
	return len(t.even)
}

// batch returns a segment of all rows.
func (t *languageTask) batch(span data.Span) Batch {
	b := Batch{Examples: t.config.Batch, Size: t.config.Batch * span.Length}
	if t.config.Jitter {
		b.Scale = float32(span.Length) / float32(t.config.Lengths.Target)
	}
	if span.Start == 0 {
		clear(t.memory) // an epoch begins
	}
	inputs, targets := t.segments.Segment(span, t.config.Lengths.Extended)
	b.Loss = func(c *layers.Ctx, p *Part) (*autograd.Tensor, error) {
		return t.loss(c, p, span, inputs, targets), nil
	}
	b.Done = func(*Step) { t.memory, t.next = t.next, t.memory }
	return b
}

// loss runs the model on some rows. Inputs and targets are those of all rows.
func (t *languageTask) loss(c *layers.Ctx, p *Part, span data.Span, inputs, targets []int) *autograd.Tensor {
	words := len(inputs) / t.config.Batch
	lengths := t.config.Lengths
	lengths.Target = span.Length
	out := t.model.Forward(c, models.Segment{
		N:       p.Hi - p.Lo,
		Inputs:  inputs[p.Lo*words : p.Hi*words],
		Targets: targets[p.Lo*span.Length : p.Hi*span.Length],
		Memory:  t.memory[p.Index],
		Spare:   t.next[p.Index],
	}, lengths)
	t.next[p.Index] = out.Memory
	p.Report(float64(p.Share) * float64(out.Loss.Item()))
	return t.objective(out)
}

// objective adds the penalties to the loss.
func (t *languageTask) objective(out models.Output) *autograd.Tensor {
	loss := out.Loss
	penalise := func(x *autograd.Tensor, weight float32) {
		loss = ops.Add(loss, ops.Scale(ops.Mean(ops.Mul(x, x)), weight))
	}
	if weight := t.config.Activation; weight > 0 {
		penalise(out.Dropped, weight)
	}
	if words := out.Hidden.Dim(1); t.config.Temporal > 0 && words > 1 {
		change := ops.Sub(ops.Slice(out.Hidden, 1, 1, words), ops.Slice(out.Hidden, 1, 0, words-1))
		penalise(change, t.config.Temporal)
	}
	return loss
}

// memoryName is what a checkpoint calls the memory of a part, (layers, rows,
// positions, width). The place in the text follows from the number of steps.
func memoryName(part int) string { return fmt.Sprintf("memory %d", part) }

// rows returns the number of rows of a part.
func (t *languageTask) rows(part int) int {
	return (part+1)*t.config.Batch/len(t.memory) - part*t.config.Batch/len(t.memory)
}

// State returns the memory of every part.
func (t *languageTask) State() []layers.Array {
	var arrays []layers.Array
	for part, memory := range t.memory {
		if memory == nil || memory.Len == 0 {
			continue
		}
		states := slices.Concat(memory.States...)
		count, rows := len(memory.States), t.rows(part)
		arrays = append(arrays, layers.Array{Name: memoryName(part), Data: states,
			Shape: []int{count, rows, memory.Len, len(states) / (count * rows * memory.Len)}})
	}
	return arrays
}

// Restore takes back what State returned.
func (t *languageTask) Restore(state []layers.Array) error {
	for part := range t.memory {
		t.memory[part] = nil
		i := slices.IndexFunc(state, func(a layers.Array) bool { return a.Name == memoryName(part) })
		if i < 0 {
			continue // an epoch had ended, or there is no memory
		}
		memory, err := t.readMemory(state[i], t.rows(part))
		if err != nil {
			return fmt.Errorf("the checkpoint's %s has shape %v, but this training needs %w", state[i].Name, state[i].Shape, err)
		}
		t.memory[part] = memory
	}
	return nil
}

// readMemory returns the memory of some rows that a checkpoint holds. The error
// says what it should be.
func (t *languageTask) readMemory(a layers.Array, rows int) (*models.Memory, error) {
	if len(a.Shape) != 4 || len(a.Data) == 0 || a.Shape[1] != rows || a.Shape[2] > t.config.Lengths.Memory {
		return nil, fmt.Errorf("a memory (layers, %d rows, up to %d positions, width)", rows, t.config.Lengths.Memory)
	}
	memory := &models.Memory{Len: a.Shape[2]}
	for states := range slices.Chunk(a.Data, len(a.Data)/a.Shape[0]) {
		memory.States = append(memory.States, states)
	}
	return memory, t.model.CheckMemory(memory, rows)
}
