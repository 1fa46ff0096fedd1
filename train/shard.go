package train

import (
	"fmt"
	"slices"

	"autodropout/autograd"
	"autodropout/data"
	"autodropout/internal/safetensors"
	"autodropout/models"
	"autodropout/ops"
)

// shard computes some rows of every batch of a [LanguageTrainer], divided into
// parts.
type shard struct {
	trainer *LanguageTrainer
	first   int // its parts are first, first+1, ...
	partTape

	memory, next []*models.Memory // of each part, before and after the step

	// Of the current step.
	loss  float64 // the shard's share of the mean cross-entropy
	grads []float32
}

func newShard(t *LanguageTrainer, i int) *shard {
	parts := t.config.Accumulate
	return &shard{trainer: t, first: i * parts, partTape: newPartTape(t.model.Params(), parts, &t.config.Common),
		memory: make([]*models.Memory, parts), next: make([]*models.Memory, parts)}
}

// rows returns the rows [lo, hi) of one of the shard's parts.
func (s *shard) rows(part int) (lo, hi int) {
	c := &s.trainer.config
	parts := c.Shards * c.Accumulate
	part += s.first
	return part * c.Batch / parts, (part + 1) * c.Batch / parts
}

// compute computes the loss and the gradient of the shard's rows. Inputs and
// targets are those of all rows.
func (s *shard) compute(step int, span data.Span, inputs, targets []int) {
	s.loss, s.grads = 0, nil
	if span.Start == 0 {
		clear(s.memory) // an epoch begins
	}
	for part := range s.memory {
		if part > 0 {
			s.tape.Reset()
		}
		s.grads = s.add(s.grads, s.part(part, step, span, inputs, targets))
	}
}

// part computes one part and returns its gradient.
func (s *shard) part(part, step int, span data.Span, inputs, targets []int) []float32 {
	t := s.trainer
	config := &t.config
	lo, hi := s.rows(part)
	words := len(inputs) / config.Batch
	c := t.context(s.tape, step, lo)
	lengths := config.Lengths
	lengths.Target = span.Length
	out := t.model.Forward(&c, models.Segment{
		N:       hi - lo,
		Inputs:  inputs[lo*words : hi*words],
		Targets: targets[lo*span.Length : hi*span.Length],
		Memory:  s.memory[part],
		Spare:   s.next[part],
	}, lengths)
	s.next[part] = out.Memory
	share := float32(hi-lo) / float32(config.Batch)
	s.loss += float64(share) * float64(out.Loss.Item())
	return s.tape.Backward(ops.Scale(s.objective(out), share))
}

// objective adds the penalties to the loss.
func (s *shard) objective(out models.Output) *autograd.Tensor {
	loss := out.Loss
	penalise := func(x *autograd.Tensor, weight float32) {
		loss = ops.Add(loss, ops.Scale(ops.Mean(ops.Mul(x, x)), weight))
	}
	if weight := s.trainer.config.Activation; weight > 0 {
		penalise(out.Dropped, weight)
	}
	if words := out.Hidden.Dim(1); s.trainer.config.Temporal > 0 && words > 1 {
		change := ops.Sub(ops.Slice(out.Hidden, 1, 1, words), ops.Slice(out.Hidden, 1, 0, words-1))
		penalise(change, s.trainer.config.Temporal)
	}
	return loss
}

// memoryName is what a checkpoint calls the memory of a part, (layers, rows,
// positions, width). The place in the text follows from the number of steps.
func memoryName(part int) string { return fmt.Sprintf("memory %d", part) }

func (t *LanguageTrainer) state() []safetensors.Tensor {
	var tensors []safetensors.Tensor
	for _, shard := range t.shards {
		for part, memory := range shard.memory {
			if memory == nil || memory.Len == 0 {
				continue
			}
			lo, hi := shard.rows(part)
			states := slices.Concat(memory.States...)
			count := len(memory.States)
			tensors = append(tensors, safetensors.Tensor{Name: memoryName(shard.first + part), Data: states,
				Shape: []int{count, hi - lo, memory.Len, len(states) / (count * (hi - lo) * memory.Len)}})
		}
	}
	return tensors
}

// readMemory returns the memory of some rows that a checkpoint holds. The error
// says what it should be.
func (t *LanguageTrainer) readMemory(tensor *safetensors.Tensor, rows int) (*models.Memory, error) {
	if len(tensor.Shape) != 4 || len(tensor.Data) == 0 || tensor.Shape[1] != rows || tensor.Shape[2] > t.config.Lengths.Memory {
		return nil, fmt.Errorf("a memory (layers, %d rows, up to %d positions, width)", rows, t.config.Lengths.Memory)
	}
	memory := &models.Memory{Len: tensor.Shape[2]}
	for states := range slices.Chunk(tensor.Data, len(tensor.Data)/tensor.Shape[0]) {
		memory.States = append(memory.States, states)
	}
	return memory, t.model.CheckMemory(memory, rows)
}

func (t *LanguageTrainer) restore(_ int, file *safetensors.File) error {
	for _, shard := range t.shards {
		for part := range shard.memory {
			shard.memory[part] = nil
			tensor := file.Lookup(taskPrefix + memoryName(shard.first+part))
			if tensor == nil {
				continue // an epoch had ended, or there is no memory
			}
			lo, hi := shard.rows(part)
			memory, err := t.readMemory(tensor, hi-lo)
			if err != nil {
				return fmt.Errorf("the checkpoint's %s has shape %v, but this training needs %w", tensor.Name, tensor.Shape, err)
			}
			shard.memory[part] = memory
		}
	}
	return nil
}
