package onnx

import (
	"fmt"

	"autodropout/autograd"
	"autodropout/layers"
	"autodropout/models"
	"autodropout/ops"
)

// Language returns the export of a language model that reads segments of so many words,
// behind a memory of so many hidden states of every layer. The file has the inputs words
// (N, segment) and memory.0, memory.1, ... (N, memory, Width). It has the outputs logits
// (N, segment, words), for the successor of each word, and next.0, next.1, ...: the memory
// of the next segment, which is at most as long as memory and segment together. A text
// begins with a file without memory.
func Language(m *models.TransformerXL, segment, memory int) *Export {
	config := m.Config()
	e := &Export{
		Name: m.String(), Params: m.Params(), Outputs: []string{"logits"},
		Inputs: []Input{{Name: "words", Shape: []int{segment}, Below: config.Vocab}},
	}
	for i := range config.Layers {
		if memory > 0 {
			e.Inputs = append(e.Inputs, Input{Name: fmt.Sprintf("memory.%d", i), Shape: []int{memory, config.Width}})
		}
		e.Outputs = append(e.Outputs, fmt.Sprintf("next.%d", i))
	}
	e.Forward = func(c *layers.Ctx, in []Array) []*autograd.Tensor {
		s := models.Segment{N: in[0].Shape[0], Inputs: in[0].IDs}
		if memory > 0 {
			s.Memory = &models.Memory{Len: memory}
			for _, states := range in[1:] {
				s.Memory.States = append(s.Memory.States, states.Data())
			}
		}
		out := m.Forward(c, s, models.Lengths{Target: segment})
		results := []*autograd.Tensor{ops.Reshape(m.Logits(c, out.Hidden), -1, segment, config.Vocab)}
		for _, context := range out.Contexts {
			whole := memory + segment
			results = append(results, ops.Slice(context, 1, whole-max(memory, segment), whole))
		}
		return results
	}
	return e
}

// Translation returns the exports of both halves of a model for translation, of sources of
// up to so many words, the end counted, and of targets. What the first returns for source
// (N, sources), words behind which all is padding, and lengths (N) of the sentences, memory
// (N, sources, Width), is with the same lengths what the second one takes. It takes target
// (N, targets) as well, the word that begins sentences and those so far; and returns logits
// (N, targets, words) of what follows each, whatever stands behind it.
func Translation(m *models.Transformer, sources, targets int) (encoder, decoder *Export) {
	config := m.Config()
	lengths := Input{Name: "lengths", From: 1, Below: sources + 1}
	encoder = &Export{
		Name: m.String() + " encoder", Params: m.Params(), Outputs: []string{"memory"},
		Inputs: []Input{{Name: "source", Shape: []int{sources}, Below: config.SourceVocab}, lengths},
		Forward: func(c *layers.Ctx, in []Array) []*autograd.Tensor {
			return []*autograd.Tensor{m.Encode(c, in[0].IDs, in[1].IDs)}
		},
	}
	decoder = &Export{
		Name: m.String() + " decoder", Params: m.Params(), Outputs: []string{"logits"},
		Inputs: []Input{{Name: "memory", Shape: []int{sources, config.Width}}, lengths, {Name: "target", Shape: []int{targets}, Below: config.TargetVocab}},
		Forward: func(c *layers.Ctx, in []Array) []*autograd.Tensor {
			return []*autograd.Tensor{m.Decode(c, in[0].Tensor, in[1].IDs, in[2].IDs)}
		},
	}
	return encoder, decoder
}
