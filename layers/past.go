package layers

import (
	"slices"

	"autodropout/autograd"
	"autodropout/ops"
)

// Past is what a decoder's [TransformerBlock] remembers while it makes sentences
// word by word: the keys and values of the words so far, and those of the
// encoder's memory. It belongs to no tape.
//
// Each of N sentences has the same number of versions. Row i*versions+j is version j of
// sentence i.
type Past struct {
	words   attended // of every row
	memory  attended // of every sentence
	lengths []int    // of the memory of every sentence; nil: none is padded
	dim     int
}

// attended holds the keys and values of sequences.
type attended struct {
	keys, values []float32 // (sequences, length, Dim)
	length       int
}

// Recall returns the past of N sentences before their first word. The block will attend to
// memory (N, S, Dim), whose states after the first lengths[i] are padding; nil means none.
func (b *TransformerBlock) Recall(c *Ctx, memory *autograd.Tensor, lengths []int) *Past {
	b.needs(true, "Recall", memory)
	p := &Past{lengths: slices.Clone(lengths), dim: b.config.Dim}
	p.memory.length = memory.Dim(1)
	p.memory.keys = append(p.memory.keys, b.cross.Keys(c, memory).Data()...)
	p.memory.values = append(p.memory.values, b.cross.Values(c, memory).Data()...)
	return p
}

// Continue maps x (N, versions, Dim), the next position of every row, to the same
// shape, and adds that position to the past. It is Decode of the whole sentences,
// of which it returns the last position.
func (b *TransformerBlock) Continue(c *Ctx, x *autograd.Tensor, p *Past) *autograd.Tensor {
	n, versions := x.Dim(0), x.Dim(1)
	rows := n * versions
	return b.run(c, x,
		func(x *autograd.Tensor) *autograd.Tensor {
			p.words.append(b.self.Keys(c, x).Data(), b.self.Values(c, x).Data(), p.dim)
			keys, values := p.words.tensors(c, rows, p.dim)
			y := b.self.AttendTo(c, ops.Reshape(x, rows, 1, p.dim), keys, values, nil)
			return ops.Reshape(y, n, versions, p.dim)
		},
		func(x *autograd.Tensor) *autograd.Tensor {
			keys, values := p.memory.tensors(c, n, p.dim)
			return b.cross.AttendTo(c, x, keys, values, p.lengths)
		})
}

// Select replaces row i of the past by row rows[i], and sentence i by sentence
// sentences[i].
func (p *Past) Select(rows, sentences []int) {
	p.words.gather(rows, p.dim)
	p.memory.gather(sentences, p.dim)
	if p.lengths == nil {
		return
	}
	lengths := make([]int, len(sentences))
	for i, s := range sentences {
		lengths[i] = p.lengths[s]
	}
	p.lengths = lengths
}

func (a *attended) tensors(c *Ctx, sequences, dim int) (keys, values *autograd.Tensor) {
	return c.Tape.Input(a.keys, sequences, a.length, dim), c.Tape.Input(a.values, sequences, a.length, dim)
}

// append adds one position, (sequences, dim), to every sequence.
func (a *attended) append(keys, values []float32, dim int) {
	a.keys = widen(a.keys, keys, a.length*dim, dim)
	a.values = widen(a.values, values, a.length*dim, dim)
	a.length++
}

// widen returns the rows of x, n long, with the rows of more, m long, behind each.
func widen(x, more []float32, n, m int) []float32 {
	wide := make([]float32, 0, len(x)+len(more))
	for i := range len(more) / m {
		wide = append(wide, x[i*n:(i+1)*n]...)
		wide = append(wide, more[i*m:(i+1)*m]...)
	}
	return wide
}

// gather lets sequence i be what sequence from[i] was.
func (a *attended) gather(from []int, dim int) {
	if inOrder(from) && len(from)*a.length*dim == len(a.keys) {
		return
	}
	a.keys = rowsOf(a.keys, from, a.length*dim)
	a.values = rowsOf(a.values, from, a.length*dim)
}

// inOrder reports whether from is 0, 1, 2, ...
func inOrder(from []int) bool {
	for i, j := range from {
		if i != j {
			return false
		}
	}
	return true
}

// rowsOf returns copies of some rows of x, n long each.
func rowsOf(x []float32, rows []int, n int) []float32 {
	y := make([]float32, 0, len(rows)*n)
	for _, row := range rows {
		y = append(y, x[row*n:(row+1)*n]...)
	}
	return y
}
