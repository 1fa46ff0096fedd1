package onnx

import (
	"fmt"
	"slices"
	"unsafe"

	"autodropout/autograd"
	"autodropout/internal/seed"
	"autodropout/layers"
)

// trace is what a network did with a batch.
type trace struct {
	export  *Export
	inputs  []Array
	steps   []step
	results []*autograd.Tensor // copies of the outputs
	outputs []*autograd.Tensor
}

// step is one operation of a trace. Its tensors stand for their values, which may be gone.
type step struct {
	op     string
	inputs []*autograd.Tensor
	spec   any
	output *autograd.Tensor
}

// trace runs the network on n examples of random inputs.
func (e *Export) trace(n int) (*trace, error) {
	t := &trace{export: e}
	tape := autograd.NewInference()
	tape.KeepAll = true
	tape.Watch = func(r autograd.Result) {
		t.steps = append(t.steps, step{r.Op, slices.Clone(r.Inputs), r.Spec, r.Tensor})
	}
	for _, in := range e.Inputs {
		t.inputs = append(t.inputs, in.random(tape, n))
	}
	t.outputs = e.Forward(&layers.Ctx{Tape: tape, Mode: layers.Prediction}, t.inputs)
	if len(t.outputs) != len(e.Outputs) {
		return nil, fmt.Errorf("the network has %d outputs, and names for %d", len(t.outputs), len(e.Outputs))
	}
	for _, y := range t.outputs {
		t.results = append(t.results, autograd.FromSlice(slices.Clone(y.Data()), y.Shape()...))
	}
	return t, nil
}

// random returns an input for n examples.
func (in *Input) random(tape *autograd.Tape, n int) Array {
	rng := seed.New(uint64(n), "onnx "+in.Name)
	shape := append([]int{n}, in.Shape...)
	size := 1
	for _, d := range shape {
		size *= d
	}
	if in.Below > in.From {
		ids := make([]int, size)
		for i := range ids {
			ids[i] = in.From + rng.IntN(in.Below-in.From)
		}
		return Array{IDs: ids, Shape: shape}
	}
	data := make([]float32, size)
	for i := range data {
		data[i] = float32(rng.NormFloat64())
	}
	return Array{Tensor: tape.Input(data, shape...)}
}

// place returns where the elements of a slice begin, to tell whose they are.
func place[T any](s []T) unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(s)) }
