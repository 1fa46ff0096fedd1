package autograd

import (
	"fmt"

	"autodropout/internal/parallel"
)

// Param is a named, trainable array. It is not a tensor: [Tape.Use] gives the
// tensor, so that recording it cannot be forgotten.
type Param struct {
	Name    string
	NoDecay bool // weight decay leaves it alone (biases, normalisation, as the model decides)

	// FileAxes is the order that files give the axes, where it is not the order
	// in memory: axis i in a file is axis FileAxes[i] of Shape. Usually nil.
	FileAxes []int

	set    *Params
	index  int
	offset int // of its first element in Params.Flat and in a gradient
	shape  []int
	data   []float32
}

// Shape returns the length of every axis. The caller must not change it.
func (p *Param) Shape() []int { return p.shape }

// Len returns the number of elements.
func (p *Param) Len() int { return len(p.data) }

// Data returns the elements, not a copy. The slice is valid until the next
// parameter is added to the set.
func (p *Param) Data() []float32 { return p.data }

// Offset returns where the parameter begins in [Params.Flat] and in the
// gradient that [Tape.Backward] returns.
func (p *Param) Offset() int { return p.offset }

// Buffer is a named array that is saved with the parameters but not trained,
// such as the running statistics of a batch normalisation.
type Buffer struct {
	Name     string
	Shape    []int
	FileAxes []int // as a [Param] has it
	Data     []float32
}

// Params is an ordered set of parameters and buffers: a model's state. The
// zero value is an empty set.
type Params struct {
	params  []*Param
	buffers []*Buffer
	names   map[string]bool
	flat    []float32
	total   int
}

// Add appends a parameter of zeros. It panics when the name is taken.
func (ps *Params) Add(name string, shape ...int) *Param {
	ps.claim(name)
	shape = append([]int(nil), shape...)
	p := &Param{Name: name, set: ps, index: len(ps.params), offset: ps.total, shape: shape, data: make([]float32, size(shape))}
	ps.params = append(ps.params, p)
	ps.total += len(p.data)
	return p
}

// AddBuffer appends a buffer of zeros. It panics when the name is taken.
func (ps *Params) AddBuffer(name string, shape ...int) *Buffer {
	ps.claim(name)
	shape = append([]int(nil), shape...)
	b := &Buffer{Name: name, Shape: shape, Data: make([]float32, size(shape))}
	ps.buffers = append(ps.buffers, b)
	return b
}

func (ps *Params) claim(name string) {
	if ps.names[name] {
		panic(fmt.Sprintf("autograd: two parameters or buffers are called %q", name))
	}
	if ps.names == nil {
		ps.names = map[string]bool{}
	}
	ps.names[name] = true
}

// All returns the parameters in the order they were added. The caller must not
// change the slice.
func (ps *Params) All() []*Param { return ps.params }

// Buffers returns the buffers in the order they were added. The caller must
// not change the slice.
func (ps *Params) Buffers() []*Buffer { return ps.buffers }

// Len returns the number of trainable elements.
func (ps *Params) Len() int { return ps.total }

// Flat returns the elements of all parameters in one slice, not a copy: every
// Param's data is a part of it. Optimizers work on it in single passes.
func (ps *Params) Flat() []float32 {
	if len(ps.flat) != ps.total {
		flat := parallel.Aligned(ps.total)
		for _, p := range ps.params {
			part := flat[p.offset : p.offset+len(p.data) : p.offset+len(p.data)]
			copy(part, p.data)
			p.data = part
		}
		ps.flat = flat
	}
	return ps.flat
}

// Lookup returns the parameter of that name, nil when there is none.
func (ps *Params) Lookup(name string) *Param {
	for _, p := range ps.params {
		if p.Name == name {
			return p
		}
	}
	return nil
}
