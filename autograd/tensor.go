package autograd

import (
	"fmt"
	"math"
	"math/bits"
	"slices"
	"strings"
)

// MaxRank is the largest number of axes a tensor may have.
const MaxRank = 6

// Tensor is a dense float32 array in row-major order. Images are stored
// channels last: (N, H, W, C). The zero value is not usable: tensors come from
// [New], [FromSlice], a [Tape], or an operation.
type Tensor struct {
	store      *storage
	generation uint32
	rank       int8
	released   bool // its handle on the storage was given back
	shape      [MaxRank]int
	tape       *Tape // nil: a constant
	node       *node // nil: no gradient flows here
}

// New returns a constant tensor of zeros that belongs to no tape. A shape
// without axes is a scalar.
func New(shape ...int) *Tensor {
	return FromSlice(make([]float32, size(shape)), shape...)
}

// FromSlice returns a constant tensor that shares data and belongs to no tape.
// It panics when len(data) is not the product of shape.
func FromSlice(data []float32, shape ...int) *Tensor {
	if len(data) != size(shape) {
		panic(&ShapeError{Op: "autograd.FromSlice", Shapes: [][]int{slices.Clone(shape)},
			Want: fmt.Sprintf("as many elements as data has, %d", len(data))})
	}
	return newTensor(nil, &storage{data: data}, shape)
}

func newTensor(tape *Tape, store *storage, shape []int) *Tensor {
	if len(shape) > MaxRank {
		panic(&ShapeError{Op: "autograd", Shapes: [][]int{slices.Clone(shape)}, Want: fmt.Sprintf("at most %d axes", MaxRank)})
	}
	t := tape.newHandle()
	*t = Tensor{store: store, generation: store.generation, tape: tape, rank: int8(len(shape))}
	copy(t.shape[:], shape)
	return t
}

// Shape returns the length of every axis. The caller must not change it.
func (t *Tensor) Shape() []int { return t.shape[:t.rank:t.rank] }

// Rank returns the number of axes.
func (t *Tensor) Rank() int { return int(t.rank) }

// Dim returns the length of axis i; a negative i counts from the last axis.
func (t *Tensor) Dim(i int) int {
	if i < 0 {
		i += int(t.rank)
	}
	return t.Shape()[i]
}

// Len returns the number of elements.
func (t *Tensor) Len() int { return size(t.Shape()) }

// Data returns the elements in row-major order, not a copy. It panics when the
// tape has taken the buffer back (see [Tape.Block] and [Tape.Reset]).
func (t *Tensor) Data() []float32 {
	if t.generation != t.store.generation {
		panic(fmt.Sprintf("autograd: tensor %v was read after its tape released it; return it from its Block, copy it before Reset, or list it in Op.Saves", t.Shape()))
	}
	return t.store.data
}

// Item returns the only element of a tensor of length one.
func (t *Tensor) Item() float32 {
	data := t.Data()
	if len(data) != 1 {
		panic(NewShapeError("autograd.Item", "one element", t))
	}
	return data[0]
}

// Tape returns the tape the tensor was computed on, nil for a constant.
func (t *Tensor) Tape() *Tape { return t.tape }

// NeedsGrad reports whether gradients flow through the tensor.
func (t *Tensor) NeedsGrad() bool { return t.node != nil }

// Param returns the parameter that [Tape.Use] gave t for on a recording tape, nil
// for any other tensor.
func (t *Tensor) Param() *Param {
	if t.node == nil {
		return nil
	}
	return t.node.param
}

// Detach returns a tensor that shares t's data and through which no gradient
// flows.
func (t *Tensor) Detach() *Tensor {
	t.Data() // a released tensor must not come back to life
	d := newTensor(t.tape, t.store, t.Shape())
	if t.tape != nil {
		t.store.retain()
		t.tape.handles = append(t.tape.handles, d)
	}
	return d
}

// String returns the shape and the first elements, for debugging.
func (t *Tensor) String() string {
	const most = 8
	data := t.Data()
	tail := ""
	if len(data) > most {
		data, tail = data[:most], " ..."
	}
	return fmt.Sprintf("tensor%s %s%s", formatShape(t.Shape()), strings.Trim(fmt.Sprint(data), "[]"), tail)
}

// maxElements is how many elements a tensor may have. It leaves room for buffers, which
// may be larger than their tensors, within the addresses of 32 bits.
const maxElements = math.MaxInt / 8

// size returns the number of elements of a shape.
func size(shape []int) int {
	n := 1
	for _, d := range shape {
		if d < 0 {
			panic(&ShapeError{Op: "autograd", Shapes: [][]int{slices.Clone(shape)}, Want: "no negative axis"})
		}
		if d > 0 && n > maxElements/d {
			panic(&ShapeError{Op: "autograd", Shapes: [][]int{slices.Clone(shape)}, Want: fmt.Sprintf("at most %d elements, for which a program of %d bits has memory", maxElements, bits.UintSize)})
		}
		n *= d
	}
	return n
}

// ShapeError is the panic value of an operation whose operands do not fit:
// a mistake in the calling program.
type ShapeError struct {
	Op     string  // the function that was called
	Shapes [][]int // what it was given
	Want   string  // what it takes
}

// NewShapeError returns a ShapeError about the shapes of ts.
func NewShapeError(op, want string, ts ...*Tensor) *ShapeError {
	e := &ShapeError{Op: op, Want: want}
	for _, t := range ts {
		if t != nil {
			e.Shapes = append(e.Shapes, slices.Clone(t.Shape()))
		}
	}
	return e
}

// Error says which operation was given which shapes, and what it wants.
func (e *ShapeError) Error() string {
	shapes := make([]string, len(e.Shapes))
	for i, s := range e.Shapes {
		shapes[i] = formatShape(s)
	}
	return fmt.Sprintf("%s: got %s, want %s", e.Op, strings.Join(shapes, " and "), e.Want)
}

func formatShape(shape []int) string {
	parts := make([]string, len(shape))
	for i, d := range shape {
		parts[i] = fmt.Sprint(d)
	}
	return "(" + strings.Join(parts, ", ") + ")"
}
