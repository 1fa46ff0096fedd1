package ops_test

import (
	"errors"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"

	"autodropout/autograd"
	"autodropout/gradcheck"
	"autodropout/ops"
)

// The tests in this file hold for every operation; they run over the rows of
// the gradient checks.

// anyShape are the operations that take tensors of every shape.
var anyShape = []string{"Scale", "AddScalar", "Neg", "Clamp", "Exp", "Log", "ReLU", "Sigmoid", "Tanh", "GELU", "SiLU", "Abs", "Sqrt", "Pow", "Dropout"}

// TestShapeErrors wants a ShapeError that names the operation from operands
// that do not fit, for every operation.
func TestShapeErrors(t *testing.T) {
	scalar, v3, v4 := autograd.New(), autograd.New(3), autograd.New(4)
	m34, m35, image, kernel := autograd.New(3, 4), autograd.New(3, 5), autograd.New(2, 5, 5, 4), autograd.New(3, 3, 4, 6)
	stats := ops.BatchNormStats{Mean: make([]float32, 3), Var: make([]float32, 3)}
	heads, wide, short, bias := autograd.New(1, 3, 4), autograd.New(1, 3, 5), autograd.New(1, 2, 4), autograd.New(2, 2)
	two := ops.AttentionSpec{Heads: 2}
	residual := func(spec ops.BatchNormSpec, activation ops.Activation, shape ...int) func() {
		channels := func() *autograd.Tensor { return autograd.New(6) }
		return func() {
			ops.ConvBatchNorm(autograd.New(2, 4, 6, 4), kernel, channels(), channels(), ops.BatchNormStats{Mean: make([]float32, 6), Var: make([]float32, 6)},
				ops.ConvSpec{Pad: 1}, spec, ops.ConvEnd{Residual: autograd.New(shape...), Activation: activation})
		}
	}
	wrong := map[string][]func(){
		"Add":     {func() { ops.Add(m34, m35) }},
		"Sub":     {func() { ops.Sub(m34, v3) }},
		"Mul":     {func() { ops.Mul(m34, m35) }},
		"Maximum": {func() { ops.Maximum(m34, m35) }},
		"Minimum": {func() { ops.Minimum(m34, m35) }},
		"AddBias": {func() { ops.AddBias(m34, v3) }, func() { ops.AddBias(scalar, v3) }, func() { ops.AddBias(m34, m34) }},
		"MatMul": {
			func() { ops.MatMul(m34, m35, ops.MatMulSpec{}) }, func() { ops.MatMul(m34, m35, ops.MatMulSpec{TransA: true, TransB: true}) },
			func() { ops.MatMul(autograd.New(2, 3, 4), autograd.New(3, 4, 2), ops.MatMulSpec{}) }, func() { ops.MatMul(m34, v4, ops.MatMulSpec{}) }, func() { ops.MatMul(m34, m34, ops.MatMulSpec{TransA: true, TransB: true}) },
		},
		"Linear": {
			func() { ops.Linear(m34, m35, nil) }, func() { ops.Linear(m34, m34, v4) },
			func() { ops.Linear(scalar, m34, nil) }, func() { ops.Linear(v4, v4, nil) },
		},
		"Conv2D": {
			func() { ops.Conv2D(m34, kernel, ops.ConvSpec{}) }, func() { ops.Conv2D(image, m34, ops.ConvSpec{}) },
			func() { ops.Conv2D(image, autograd.New(3, 3, 3, 6), ops.ConvSpec{}) },
			func() { ops.Conv2D(image, kernel, ops.ConvSpec{Groups: 2}) },
			func() { ops.Conv2D(image, autograd.New(3, 3, 2, 5), ops.ConvSpec{Groups: 2}) },
			func() { ops.Conv2D(image, kernel, ops.ConvSpec{Dilation: 3}) },
			func() { ops.Conv2D(autograd.New(2, 5, 5, 0), autograd.New(3, 3, 0, 6), ops.ConvSpec{}) },
			func() { ops.Conv2D(image, kernel, ops.ConvSpec{Pad: -1}) }, func() { ops.Conv2D(image, kernel, ops.ConvSpec{Stride: -1}) },
			func() { ops.Conv2D(image, kernel, ops.ConvSpec{Dilation: -1}) }, func() { ops.Conv2D(image, kernel, ops.ConvSpec{Groups: -1}) },
			func() { ops.Conv2D(image, kernel, ops.ConvSpec{Across: &ops.ConvAxis{Pad: -1}}) },
		},
		"ConvTranspose2D": {
			func() {
				ops.ConvTranspose2D(autograd.New(2, 5, 5, 0), autograd.New(3, 3, 6, 0), ops.ConvTransposeSpec{})
			},
			func() { ops.ConvTranspose2D(m34, kernel, ops.ConvTransposeSpec{}) }, func() { ops.ConvTranspose2D(image, kernel, ops.ConvTransposeSpec{}) },
			func() { ops.ConvTranspose2D(image, autograd.New(1, 1, 2, 4), ops.ConvTransposeSpec{ExtraRows: 1}) },
			func() { ops.ConvTranspose2D(image, autograd.New(1, 1, 2, 4), ops.ConvTransposeSpec{ExtraCols: -1}) },
			func() {
				ops.ConvTranspose2D(image, autograd.New(1, 1, 2, 4), ops.ConvTransposeSpec{ConvSpec: ops.ConvSpec{Pad: 3}})
			},
			func() {
				ops.ConvTranspose2D(image, autograd.New(1, 1, 2, 4), ops.ConvTransposeSpec{ConvSpec: ops.ConvSpec{Pad: -1}})
			},
			func() {
				ops.ConvTranspose2D(image, autograd.New(1, 1, 2, 4), ops.ConvTransposeSpec{ConvSpec: ops.ConvSpec{Groups: 3}})
			},
		},
		"Conv1D": {func() { ops.Conv1D(m34, heads, ops.ConvSpec{}) }, func() { ops.Conv1D(heads, heads, ops.ConvSpec{Across: &ops.ConvAxis{}}) }},
		"Upsample": {
			func() { ops.Upsample(m34, ops.UpsampleSpec{Scale: 2}) }, func() { ops.Upsample(image, ops.UpsampleSpec{}) },
			func() { ops.Upsample(image, ops.UpsampleSpec{Scale: 2, Height: 3, Width: 3}) }, func() { ops.Upsample(image, ops.UpsampleSpec{Scale: 0.1}) },
			func() { ops.Upsample(image, ops.UpsampleSpec{Scale: 2, AlignCorners: true}) },
		},
		"AdaptiveAvgPool2D": {func() { ops.AdaptiveAvgPool2D(m34, 1, 1) }, func() { ops.AdaptiveAvgPool2D(image, 0, 1) }},
		"AdaptiveMaxPool2D": {func() { ops.AdaptiveMaxPool2D(m34, 1, 1) }, func() { ops.AdaptiveMaxPool2D(autograd.New(1, 0, 2, 3), 1, 1) }},
		"GroupNorm": {
			func() { ops.GroupNorm(image, v4, v3, 2, 0) }, func() { ops.GroupNorm(image, v4, nil, 2, 0) }, func() { ops.GroupNorm(image, nil, nil, 3, 0) },
			func() { ops.GroupNorm(image, v4, v4, 0, 0) }, func() { ops.GroupNorm(v4, v4, v4, 1, 0) },
		},
		"RMSNorm": {func() { ops.RMSNorm(m34, v3, 0) }, func() { ops.RMSNorm(scalar, v4, 0) }},
		"LSTM": {
			func() { ops.LSTM(m34, m34, nil, nil, nil, ops.RecurrentSpec{}) }, func() { ops.LSTM(heads, autograd.New(4, 2), nil, nil, nil, ops.RecurrentSpec{}) },
			func() { ops.LSTM(heads, autograd.New(4, 1), v3, nil, nil, ops.RecurrentSpec{}) }, func() { ops.LSTM(heads, autograd.New(4, 1), v4, m34, nil, ops.RecurrentSpec{}) },
			func() { ops.LSTM(heads, autograd.New(4, 1), v4, nil, nil, ops.RecurrentSpec{Lengths: []int{1}}) },
			func() { ops.LSTM(heads, autograd.New(4, 1), v4, nil, nil, ops.RecurrentSpec{Lengths: []int{1, 2, 1}}) },
		},
		"GRU": {func() { ops.GRU(heads, autograd.New(4, 1), nil, nil, ops.RecurrentSpec{}) }, func() { ops.GRU(autograd.New(1, 2, 3), autograd.New(3, 1), nil, v3, ops.RecurrentSpec{}) }},
		"BatchNorm": {
			func() { ops.BatchNorm(m34, v4, v4, stats, ops.BatchNormSpec{}) },
			func() { ops.BatchNorm(autograd.New(2, 3), v3, v4, stats, ops.BatchNormSpec{}) },
		},
		"BatchNormAddReLU": {
			func() { ops.BatchNormAddReLU(m34, v4, v3, m34, stats, ops.BatchNormSpec{}) },
			func() { ops.BatchNormAddReLU(autograd.New(2, 3), v3, v3, m34, stats, ops.BatchNormSpec{}) },
		},
		"Conv2DMaxPool": {
			func() {
				ops.Conv2DMaxPool(image, autograd.New(3, 3, 5, 4), ops.ConvSpec{Pad: 1}, ops.PoolSpec{Size: 2})
			},
		},
		"ConvBatchNorm": {
			func() {
				ops.ConvBatchNorm(autograd.New(1, 2, 2, 5), autograd.New(1, 1, 5, 3), v4, v4, stats, ops.ConvSpec{}, ops.BatchNormSpec{}, ops.ConvEnd{})
			},
			residual(ops.BatchNormSpec{}, ops.WithSiLU, 2, 6, 4, 6), residual(ops.BatchNormSpec{}, ops.NoActivation, 1, 1, 1, 6),
			residual(ops.BatchNormSpec{Train: true}, ops.WithSiLU, 1, 1, 1, 6), residual(ops.BatchNormSpec{Train: true}, ops.NoActivation, 2, 6, 4, 6),
		},
		"BatchNormSiLU":    {func() { ops.BatchNormSiLU(autograd.New(2, 3), v4, v3, stats, ops.BatchNormSpec{}, nil) }},
		"BatchNormGELU":    {func() { ops.BatchNormGELU(autograd.New(2, 3), v4, v3, stats, ops.BatchNormSpec{}, nil) }},
		"BatchNormReLU":    {func() { ops.BatchNormReLU(autograd.New(2, 3), v4, v3, stats, ops.BatchNormSpec{}, nil) }},
		"LayerNorm":        {func() { ops.LayerNorm(m34, v4, v3, 0) }, func() { ops.LayerNorm(scalar, v4, v4, 0) }},
		"EmbeddingDropout": {func() { ops.EmbeddingDropout(v3, nil, []int{0}) }, func() { ops.EmbeddingDropout(m34, nil, []int{3}) }},
		"Embedding": {
			func() { ops.Embedding(v3, []int{0}) }, func() { ops.Embedding(m34, []int{0, 1}, 3) },
			func() { ops.Embedding(m34, []int{3}) }, func() { ops.Embedding(m34, []int{-1}) },
		},
		"Softmax":    {func() { ops.Softmax(scalar) }},
		"LogSoftmax": {func() { ops.LogSoftmax(scalar) }},
		"CrossEntropy": {
			func() { ops.CrossEntropy(m34, []int{0, 1}, ops.CrossEntropySpec{}) }, func() { ops.CrossEntropy(v3, []int{0, 1, 2}, ops.CrossEntropySpec{}) },
			func() { ops.CrossEntropy(m34, []int{0, 4, 0}, ops.CrossEntropySpec{}) },
			func() { ops.CrossEntropy(m34, []int{0, -1, 0}, ops.CrossEntropySpec{Ignored: []int{-2}}) },
			func() { ops.CrossEntropy(m34, []int{0, 0, 0}, ops.CrossEntropySpec{Weights: make([]float32, 3)}) },
		},
		"SoftCrossEntropy": {
			func() { ops.SoftCrossEntropy(m34, m35, ops.CrossEntropySpec{}) }, func() { ops.SoftCrossEntropy(v3, v3, ops.CrossEntropySpec{}) },
			func() { ops.SoftCrossEntropy(m34, m34, ops.CrossEntropySpec{Weights: make([]float32, 3)}) },
			func() { ops.SoftCrossEntropy(m34, m34, ops.CrossEntropySpec{Ignored: []int{0}}) }, func() { ops.SoftCrossEntropy(m34, trained(3, 4), ops.CrossEntropySpec{}) },
		},
		"MSE":              {func() { ops.MSE(m34, m35) }, func() { ops.MSE(m34, v4) }},
		"L1":               {func() { ops.L1(m34, v4) }},
		"Huber":            {func() { ops.Huber(m34, v4, 1) }, func() { ops.Huber(m34, m34, 0) }},
		"BCEWithLogits":    {func() { ops.BCEWithLogits(m34, v4, nil) }, func() { ops.BCEWithLogits(m34, m34, make([]float32, 3)) }, func() { ops.BCEWithLogits(m34, trained(3, 4), nil) }},
		"KLDivergence":     {func() { ops.KLDivergence(m34, m35) }, func() { ops.KLDivergence(scalar, scalar) }, func() { ops.KLDivergence(m34, trained(3, 4)) }},
		"CosineSimilarity": {func() { ops.CosineSimilarity(m34, v4) }, func() { ops.CosineSimilarity(scalar, scalar) }},
		"CosineLoss":       {func() { ops.CosineLoss(m34, m34, []int{1, 1}, 0) }, func() { ops.CosineLoss(m34, m34, []int{1, 0, 1}, 0) }, func() { ops.CosineLoss(m34, m35, []int{1, 1, 1}, 0) }},
		"CTC": {
			func() { ops.CTC(m34, nil, ops.CTCSpec{}) }, func() { ops.CTC(heads, nil, ops.CTCSpec{}) }, func() { ops.CTC(heads, [][]int{{4}}, ops.CTCSpec{}) },
			func() { ops.CTC(heads, [][]int{{1, 0}}, ops.CTCSpec{}) }, func() { ops.CTC(heads, [][]int{{1}}, ops.CTCSpec{Blank: 4}) },
			func() { ops.CTC(heads, [][]int{{1}}, ops.CTCSpec{Lengths: []int{4}}) }, func() { ops.CTC(heads, [][]int{{1}}, ops.CTCSpec{Lengths: []int{1, 1}}) },
		},
		"Pick":      {func() { ops.Pick(m34, []int{0, 1}) }, func() { ops.Pick(m34, []int{0, -1, 0}) }},
		"Sum":       {func() { ops.Sum(m34, 2) }, func() { ops.Sum(m34, 0, -2) }, func() { ops.Sum(scalar, 0) }},
		"Mean":      {func() { ops.Mean(m34, -3) }},
		"Max":       {func() { ops.Max(m34, 2) }, func() { ops.Max(autograd.New(0, 3), 0) }},
		"Gather":    {func() { ops.Gather(m34, 2, nil) }, func() { ops.Gather(m34, 0, []int{0, 1, 2}) }, func() { ops.Gather(m34, 0, []int{0, 1, 2, 3}) }},
		"Select":    {func() { ops.Select(m34, 2, nil) }, func() { ops.Select(m34, 0, []int{3}) }, func() { ops.Select(scalar, 0, nil) }},
		"Pad":       {func() { ops.Pad(m34, 0, [2]int{-1, 0}) }, func() { ops.Pad(v3, 0, [2]int{}, [2]int{}) }},
		"Div":       {func() { ops.Div(m34, m35) }},
		"Where":     {func() { ops.Where(v3, m34, m34) }},
		"Reshape":   {func() { ops.Reshape(m34, 5, 2) }, func() { ops.Reshape(m34, -1, 5) }},
		"Transpose": {func() { ops.Transpose(m34, 0) }, func() { ops.Transpose(m34, 0, 0) }, func() { ops.Transpose(m34, 0, 2) }},
		"Concat":    {func() { ops.Concat(0) }, func() { ops.Concat(0, m34, m35) }, func() { ops.Concat(2, m34) }, func() { ops.Concat(0, m34, v4) }},
		"Slice":     {func() { ops.Slice(m34, 2, 0, 1) }, func() { ops.Slice(m34, 0, 2, 4) }, func() { ops.Slice(m34, 0, 2, 1) }, func() { ops.Slice(m34, 0, -1, 1) }},
		"ScaleChannels": {
			func() { ops.ScaleChannels(image, autograd.New(2, 5)) }, func() { ops.ScaleChannels(image, autograd.New(1, 4)) }, func() { ops.ScaleChannels(image, v4) },
		},
		"GlobalAvgPool": {func() { ops.GlobalAvgPool(m34) }},
		"AvgPool2D":     {func() { ops.AvgPool2D(m34, ops.PoolSpec{Size: 2}) }, func() { ops.AvgPool2D(image, ops.PoolSpec{Size: 6}) }, func() { ops.AvgPool2D(image, ops.PoolSpec{}) }},
		"MaxPool2D":     {func() { ops.MaxPool2D(m34, ops.PoolSpec{Size: 2}) }, func() { ops.MaxPool2D(image, ops.PoolSpec{Size: 2, Pad: 2}) }},
		"Attention": {
			func() { ops.Attention(m34, heads, heads, two) }, func() { ops.Attention(heads, wide, heads, two) },
			func() { ops.Attention(heads, heads, autograd.New(1, 4, 4), two) },
			func() { ops.Attention(heads, heads, heads, ops.AttentionSpec{Heads: 3}) },
			func() { ops.Attention(heads, heads, heads, ops.AttentionSpec{Heads: -1}) },
			func() { ops.Attention(heads, autograd.New(1, 0, 4), autograd.New(1, 0, 4), two) },
			func() { ops.Attention(heads, short, short, ops.AttentionSpec{Causal: true}) },
			func() { ops.Attention(heads, heads, heads, ops.AttentionSpec{Lengths: []int{0}}) },
			func() { ops.Attention(heads, heads, heads, ops.AttentionSpec{Lengths: []int{4}}) },
			func() { ops.Attention(heads, heads, heads, ops.AttentionSpec{Lengths: []int{1, 1}}) },
		},
		"RelativeAttention": {
			func() { ops.RelativeAttention(heads, heads, wide, m35, bias, bias, two) },
			func() { ops.RelativeAttention(heads, heads, heads, autograd.New(4, 4), bias, bias, two) },
			func() { ops.RelativeAttention(heads, heads, heads, heads, bias, bias, two) },
			func() { ops.RelativeAttention(heads, heads, heads, m34, m34, bias, two) },
			func() { ops.RelativeAttention(heads, heads, heads, m34, bias, v4, two) },
			func() { ops.RelativeAttention(heads, short, short, autograd.New(2, 4), bias, bias, two) },
		},
	}
	for _, op := range exportedOps(t) {
		if len(wrong[op]) == 0 && !slices.Contains(anyShape, op) {
			t.Errorf("%s has no row with operands that do not fit", op)
		}
		for i, call := range wrong[op] {
			if got := shapeErrorOf(t, call); got == nil || got.Op != "ops."+op {
				t.Errorf("%s, call %d: panicked with %v, want a ShapeError of ops.%s", op, i, got, op)
			}
		}
	}
}

// trained returns a tensor that a gradient flows to.
func trained(shape ...int) *autograd.Tensor {
	ps := params(tensors{autograd.New(shape...)})
	return autograd.NewTape(ps).Use(ps.All()[0])
}

// TestShapeErrorsSayWhatToDo wants more than shapes where people err.
func TestShapeErrorsSayWhatToDo(t *testing.T) {
	first, kernel, four := autograd.New(2, 4, 5, 5), autograd.New(3, 3, 4, 6), autograd.New(4)
	stats := ops.BatchNormStats{Mean: make([]float32, 4), Var: make([]float32, 4)}
	for want, call := range map[string]func(){
		"channels last":          func() { ops.Conv2D(first, kernel, ops.ConvSpec{}) },
		"images are channels":    func() { ops.BatchNorm(first, four, four, stats, ops.BatchNormSpec{}) },
		"id 1 is 7":              func() { ops.CrossEntropy(autograd.New(2, 5), []int{4, 7}, ops.CrossEntropySpec{}) },
		"as there are 5 classes": func() { ops.CrossEntropy(autograd.New(2, 5), []int{4, 7}, ops.CrossEntropySpec{}) },
		"more than one value":    func() { ops.BatchNorm(autograd.New(1, 1, 1, 4), four, four, stats, ops.BatchNormSpec{Train: true}) },
		"a larger batch":         func() { ops.BatchNormReLU(autograd.New(1, 4), four, four, stats, ops.BatchNormSpec{Train: true}, nil) },
	} {
		if e := shapeErrorOf(t, call); e == nil || !strings.Contains(e.Error(), want) {
			t.Errorf("%v does not say %q", e, want)
		}
	}
}

// shapeErrorOf returns the ShapeError that call panics with, nil when it
// returns.
func shapeErrorOf(t *testing.T, call func()) (e *autograd.ShapeError) {
	t.Helper()
	defer func() {
		if r := recover(); r != nil {
			if err, ok := r.(error); !ok || !errors.As(err, &e) {
				t.Errorf("panicked with %v", r)
			}
		}
	}()
	call()
	return nil
}

// TestNaNIsCarriedOn fills one input at a time with NaN.
func TestNaNIsCarriedOn(t *testing.T) {
	isNaN := func(v float32) bool { return v != v }
	for _, r := range gradRows() {
		for i := range r.inputs {
			inputs := slices.Clone(r.inputs)
			inputs[i] = autograd.New(inputs[i].Shape()...)
			for j := range inputs[i].Data() {
				inputs[i].Data()[j] = float32(math.NaN())
			}
			if y := r.f(inputs); !slices.ContainsFunc(y.Data(), isNaN) {
				t.Errorf("%s: input %d is NaN, the output %v is not", r.name, i, y)
			}
		}
	}
}

// step runs a row forward and backward and returns the output and the gradients.
func step(tape *autograd.Tape, ps *autograd.Params, f gradcheck.Func) (y, grads []float32) {
	var in tensors
	for _, p := range ps.All() {
		in = append(in, tape.Use(p))
	}
	out := f(in)
	return out.Data(), tape.Backward(ops.Sum(ops.Mul(out, out)))
}

// params returns a set with the values of the inputs.
func params(inputs tensors) *autograd.Params {
	ps := &autograd.Params{}
	for i, x := range inputs {
		copy(ps.Add(string(rune('a'+i)), x.Shape()...).Data(), x.Data())
	}
	return ps
}

// TestSteadyState wants no buffers from the heap once a tape is warm.
func TestSteadyState(t *testing.T) {
	for _, r := range gradRows() {
		ps := params(r.inputs)
		tape := autograd.NewTape(ps)
		var after int
		for i := range 4 {
			tape.Reset()
			step(tape, ps, r.f)
			if i == 1 {
				after = tape.Stats().Allocations
			}
		}
		if got := tape.Stats().Allocations; got != after {
			t.Errorf("%s: %d buffers after two steps, %d after four", r.name, after, got)
		}
		tape.Reset()
		if live := tape.Stats().Live; live != 0 {
			t.Errorf("%s: %d bytes are in use after Reset", r.name, live)
		}
	}
}

// largeRows are operations on inputs that are cut into many tasks.
func largeRows() map[string][][]int {
	return map[string][][]int{
		"Add": {{100, 1000}, {100, 1000}}, "AddBias": {{3000, 37}, {37}}, "Sum": {{100, 1000}}, "Select": {{900, 4, 33}}, "ReLU": {{100, 1001}}, "GELU": {{100, 501}},
		"MatMul": {{1500, 65}, {65, 130}}, "MatMul/transA": {{65, 300}, {65, 600}}, "Linear": {{3, 700, 65}, {130, 65}, {130}},
		"Conv2D/pad": {{9, 17, 16, 8}, {3, 3, 8, 24}}, "Conv2D/stride": {{9, 17, 16, 8}, {3, 3, 8, 24}}, "Conv2D/pointwise": {{9, 17, 16, 8}, {1, 1, 8, 24}},
		"Conv2D/groups": {{9, 17, 16, 8}, {3, 3, 4, 24}}, "Conv2D/winograd": {{16, 17, 16, 40}, {3, 3, 40, 70}}, "LayerNorm": {{3000, 40}, {40}, {40}}, "Embedding": {{300, 4000}},
		"Softmax": {{900, 70}}, "LogSoftmax": {{900, 70}}, "Transpose": {{40, 50, 60}}, "GlobalAvgPool": {{9, 17, 16, 8}}, "MaxPool2D/pad": {{9, 17, 16, 8}},
		"Conv2DMaxPool": {{16, 17, 16, 40}, {3, 3, 40, 70}}, "AvgPool2D": {{9, 17, 16, 8}}, "Attention/causal": {{5, 60, 16}, {5, 70, 16}, {5, 70, 16}},
		"RelativeAttention": {{5, 60, 16}, {5, 70, 16}, {5, 70, 16}, {70, 16}, {2, 8}, {2, 8}},
		"BatchNorm/train":   {{9, 17, 16, 33}, {33}, {33}}, "BatchNormReLU/train": {{9, 17, 16, 33}, {33}, {33}},
		"Conv2D/across": {{9, 17, 16, 8}, {3, 3, 8, 24}}, "ConvTranspose2D/stride": {{9, 17, 16, 24}, {3, 3, 8, 24}}, "Upsample/bilinear": {{9, 17, 16, 33}},
		"AdaptiveAvgPool2D": {{9, 17, 16, 33}}, "AdaptiveMaxPool2D": {{9, 17, 16, 33}}, "GroupNorm": {{9, 17, 16, 33}, {33}, {33}}, "RMSNorm": {{3000, 40}, {40}},
		"LSTM/reverse": {{5, 9, 4 * 70}, {4 * 70, 70}, {4 * 70}, {9, 70}, {9, 70}}, "GRU": {{5, 9, 3 * 70}, {3 * 70, 70}, {3 * 70}, {9, 70}},
		"BatchNormAddReLU/train": {{9, 17, 16, 33}, {33}, {33}, {9, 17, 16, 33}}, "BatchNormSiLU/train": {{9, 17, 16, 33}, {33}, {33}}, "BatchNormGELU/train": {{9, 17, 16, 33}, {33}, {33}},
	}
}

// largeFunc returns the function of a row of largeRows.
func largeFunc(name string) gradcheck.Func {
	if f := goldenCases[name]; f != nil {
		return f
	}
	op, _, _ := strings.Cut(name, "/")
	norm := map[string]batchNormFunc{"BatchNorm": batchNorm, "BatchNormReLU": batchNormReLU, "BatchNormSiLU": batchNormSiLU, "BatchNormGELU": batchNormGELU, "BatchNormAddReLU": batchNormAddReLU}[op]
	return func(in tensors) *autograd.Tensor {
		c := in[1].Len()
		running := ops.BatchNormStats{Mean: make([]float32, c), Var: make([]float32, c)}
		return norm(in, running, ops.BatchNormSpec{Train: true})
	}
}

// TestCoresDoNotMatter wants the same bits from 1, 2 and 7 cores.
func TestCoresDoNotMatter(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for name, shapes := range largeRows() {
		var inputs tensors
		for i, shape := range shapes {
			inputs = append(inputs, normal(rand.New(rand.NewPCG(5, uint64(i))), shape...))
		}
		var wantY, wantGrads []float32
		for _, cores := range []int{1, 2, 7} {
			runtime.GOMAXPROCS(cores)
			ps := params(inputs)
			y, grads := step(autograd.NewTape(ps), ps, largeFunc(name))
			if cores == 1 {
				wantY, wantGrads = y, grads
			} else if !slices.Equal(y, wantY) || !slices.Equal(grads, wantGrads) {
				t.Errorf("%s: %d cores give other bits than one", name, cores)
			}
		}
	}
}

// TestBatchSizeDoesNotMatter runs examples together and one by one.
func TestBatchSizeDoesNotMatter(t *testing.T) {
	const batch = 5
	for _, name := range []string{"Conv2D/pad", "Conv2D/winograd", "Conv2D/stride", "Conv2D/pointwise", "Conv2D/groups", "Conv2D/across", "ConvTranspose2D/stride", "Conv1D", "Upsample/bilinear",
		"AdaptiveAvgPool2D", "GroupNorm", "GroupNorm/instance", "RMSNorm", "Linear", "LayerNorm", "Softmax", "LogSoftmax",
		"GlobalAvgPool", "AvgPool2D", "MaxPool2D/pad", "Attention/causal", "RelativeAttention", "Sum/last", "GELU"} {
		shapes := smoothShapes[name]
		if name == "MaxPool2D/pad" {
			shapes = smoothShapes["AvgPool2D/pad"]
		}
		examples := 1 // inputs that have a batch axis
		if strings.Contains(name, "Attention") {
			examples = 3
		}
		rng := rand.New(rand.NewPCG(6, 6))
		var inputs tensors
		for i, shape := range shapes {
			shape = slices.Clone(shape)
			if i < examples {
				shape[0] = batch
			}
			inputs = append(inputs, normal(rng, shape...))
		}
		whole := goldenCases[name](inputs).Data()
		for e := range batch {
			single := slices.Clone(inputs)
			for i := range examples {
				single[i] = ops.Slice(inputs[i], 0, e, e+1)
			}
			y := goldenCases[name](single).Data()
			if !slices.Equal(y, whole[e*len(y):(e+1)*len(y)]) {
				t.Errorf("%s: example %d alone differs from the same in a batch", name, e)
			}
		}
	}
}
