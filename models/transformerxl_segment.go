package models

import (
	"fmt"

	"autodropout/autograd"
	"autodropout/layers"
	"autodropout/ops"
)

// Lengths are numbers of positions.
type Lengths struct {
	Target   int // that are predicted in a segment
	Memory   int // most hidden states before a segment that are kept
	Extended int // most words before the targets that are read again with them
}

// Segment is a part of N texts that are read side by side.
//
// The inputs are up to Extended words of context, fewer only where the text
// begins, and then Target words; the prediction of each of the latter is its
// successor. The memory holds what comes before the first input.
type Segment struct {
	N       int
	Inputs  []int   // ids (N, up to Extended+Target), row-major
	Targets []int   // ids (N, Target), row-major; nil: there is no loss
	Memory  *Memory // nil where the texts begin
	Spare   *Memory // one that is not needed any more: the next takes its buffers; or nil
}

// Memory is a model's memory of N texts: the hidden states that entered each of its layers
// at the positions before a segment. It belongs to no tape. Forward changes no memory
// except a spare one. nil is an empty memory.
type Memory struct {
	Len    int         // positions
	States [][]float32 // by layer, (N, Len, Width)
}

// length is the number of positions.
func (m *Memory) length() int {
	if m == nil {
		return 0
	}
	return m.Len
}

// buffer returns n elements to be overwritten, those of a layer where they are
// enough.
func (m *Memory) buffer(layer, n int) []float32 {
	if m != nil && layer < len(m.States) && cap(m.States[layer]) >= n {
		return m.States[layer][:n]
	}
	return make([]float32, n)
}

// check returns the number of inputs of each text. It panics when the segment
// does not fit.
func (s *Segment) check(m *TransformerXL, l Lengths) (length int) {
	wrong := func(want string) {
		shape := []int{s.N, len(s.Inputs), len(s.Targets), s.Memory.length()}
		panic(&autograd.ShapeError{Op: "models.TransformerXL.Forward (texts, inputs, targets, memory)", Shapes: [][]int{shape}, Want: want})
	}
	if l.Target < 1 || l.Memory < 0 || l.Extended < 0 {
		wrong(fmt.Sprintf("lengths with at least one target, not %+v", l))
	}
	if s.N < 1 || len(s.Inputs)%s.N != 0 || len(s.Inputs)/s.N < l.Target || len(s.Inputs)/s.N > l.Target+l.Extended {
		wrong(fmt.Sprintf("%d to %d inputs for each text", l.Target, l.Target+l.Extended))
	}
	if s.Targets != nil && len(s.Targets) != s.N*l.Target {
		wrong(fmt.Sprintf("%d targets for each text, or none", l.Target))
	}
	if s.Memory != nil {
		if s.Memory == s.Spare {
			wrong("a spare memory that is not the segment's own")
		}
		if err := m.CheckMemory(s.Memory, s.N); err != nil {
			wrong(err.Error())
		}
	}
	return len(s.Inputs) / s.N
}

// CheckMemory returns an error if a memory, for example one from a file, does not fit this
// model and n texts.
func (m *TransformerXL) CheckMemory(memory *Memory, n int) error {
	if len(memory.States) != len(m.layers) {
		return fmt.Errorf("a memory for %d layers, not %d", len(m.layers), len(memory.States))
	}
	for _, states := range memory.States {
		if len(states) != n*memory.Len*m.config.Width {
			return fmt.Errorf("a memory of (%d, %d, %d) states in each layer", n, memory.Len, m.config.Width)
		}
	}
	return nil
}

// window is which positions of a context, a memory and a segment behind it, are
// the next memory: [lo, hi).
//
// The next segment begins with the last Extended words of this one, so the
// memory ends before those: a position is never in both.
type window struct{ lo, hi int }

func (l Lengths) window(context int) window {
	hi := max(0, context-l.Extended)
	return window{max(0, hi-l.Memory), hi}
}

// remember returns the context (N, S, Width) of the hidden states that enter a
// layer, the layer's memory and the states themselves, and adds the window of
// it to the next memory.
func (s *Segment) remember(c *layers.Ctx, layer int, hidden *autograd.Tensor, w window, next *Memory) *autograd.Tensor {
	width := hidden.Dim(2)
	context := hidden
	if s.Memory != nil {
		context = ops.Concat(1, c.Tape.Input(s.Memory.States[layer], s.N, s.Memory.Len, width), hidden)
	}
	if next != nil {
		states := s.Spare.buffer(layer, s.N*next.Len*width)
		row := context.Dim(1) * width
		for i := range s.N {
			copy(states[i*next.Len*width:], context.Data()[i*row+w.lo*width:i*row+w.hi*width])
		}
		next.States = append(next.States, states)
	}
	return context
}
