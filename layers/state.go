package layers

import (
	"fmt"
	"slices"
	"strings"

	"autodropout/autograd"
)

// Array is a named array in the layout of files, which is PyTorch's.
type Array struct {
	Name  string
	Shape []int
	Data  []float32 // row-major
}

// State returns copies of all parameters, then all buffers, of a model.
func State(ps *autograd.Params) []Array {
	var state []Array
	for _, e := range entries(ps) {
		data := slices.Clone(e.data)
		if e.axes != nil {
			permute(data, e.data, e.shape, e.axes)
		}
		state = append(state, Array{e.name, e.fileShape(), data})
	}
	return state
}

// LoadState copies arrays into the parameters and buffers of a model. Each of
// these must be there once, with its shape, and nothing else; otherwise the
// error says what is wrong and nothing has been copied. Arrays that PyTorch
// calls num_batches_tracked may be there and are left out: they serve an option
// that [BatchNorm] does not have.
func LoadState(ps *autograd.Params, arrays []Array) error {
	found := map[string]Array{}
	var wrong []string
	complain := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	for _, a := range arrays {
		if _, twice := found[a.Name]; twice {
			complain("%s is there twice", a.Name)
		}
		found[a.Name] = a
	}
	model := entries(ps)
	known := map[string]bool{}
	for _, e := range model {
		known[e.name] = true
		a, ok := found[e.name]
		switch {
		case !ok:
			complain("%s is missing", e.name)
		case !slices.Equal(a.Shape, e.fileShape()):
			complain("%s has shape %v, the model's has %v", e.name, a.Shape, e.fileShape())
		case len(a.Data) != len(e.data):
			complain("%s has %d elements, its shape %v stands for %d", e.name, len(a.Data), a.Shape, len(e.data))
		}
	}
	for _, a := range arrays {
		if !known[a.Name] && !strings.HasSuffix(a.Name, "num_batches_tracked") {
			complain("the model has no %s", a.Name)
		}
	}
	if len(wrong) > 0 {
		return misfit(wrong)
	}
	for _, e := range model {
		data := found[e.name].Data
		if e.axes == nil {
			copy(e.data, data)
		} else {
			permute(e.data, data, e.fileShape(), inverse(e.axes))
		}
	}
	return nil
}

// misfit returns one error for a list of complaints, of which it quotes a few.
func misfit(wrong []string) error {
	const most = 5
	more := ""
	if len(wrong) > most {
		more = fmt.Sprintf("; and %d more", len(wrong)-most)
		wrong = wrong[:most]
	}
	return fmt.Errorf("the weights are not this model's: %s%s", strings.Join(wrong, "; "), more)
}

// entry is a parameter or a buffer.
type entry struct {
	name  string
	shape []int // in memory
	axes  []int // see autograd.Param.FileAxes
	data  []float32
}

func entries(ps *autograd.Params) []entry {
	var all []entry
	for _, p := range ps.All() {
		all = append(all, entry{p.Name, p.Shape(), p.FileAxes, p.Data()})
	}
	for _, b := range ps.Buffers() {
		all = append(all, entry{b.Name, b.Shape, b.FileAxes, b.Data})
	}
	return all
}

func (e *entry) fileShape() []int {
	shape := slices.Clone(e.shape)
	for i, axis := range e.axes {
		shape[i] = e.shape[axis]
	}
	return shape
}

// permute writes src, which has the given shape, to dst with its axes in
// another order: axis i of dst is axis axes[i] of src.
func permute(dst, src []float32, shape, axes []int) {
	strides := make([]int, len(shape))
	step := 1
	for i := len(shape) - 1; i >= 0; i-- {
		strides[i] = step
		step *= shape[i]
	}
	var walk func(axis, from int)
	next := 0
	walk = func(axis, from int) {
		if axis == len(axes) {
			dst[next] = src[from]
			next++
			return
		}
		for i := range shape[axes[axis]] {
			walk(axis+1, from+i*strides[axes[axis]])
		}
	}
	walk(0, 0)
}

// inverse returns the order of axes that undoes axes.
func inverse(axes []int) []int {
	inv := make([]int, len(axes))
	for i, axis := range axes {
		inv[axis] = i
	}
	return inv
}
