package ops_test

import (
	"slices"
	"strings"
	"testing"

	"autodropout/autograd"
	"autodropout/gradcheck"
	"autodropout/internal/golden"
	"autodropout/ops"
)

// tensors are the inputs of a case.
type tensors = []*autograd.Tensor

// labels and ids of the golden cases, as in golden.py.
var (
	labels = []int{2, 0, 4, 2}
	ids    = []int{1, 4, 1, 0, 1, 3}
)

// binaryCase and unaryCase make cases of operations without further arguments.
func binaryCase(f func(a, b *autograd.Tensor) *autograd.Tensor) gradcheck.Func {
	return func(in tensors) *autograd.Tensor { return f(in[0], in[1]) }
}

func unaryCase(f func(x *autograd.Tensor) *autograd.Tensor) gradcheck.Func {
	return func(in tensors) *autograd.Tensor { return f(in[0]) }
}

func matMulCase(transA, transB bool) gradcheck.Func {
	return func(in tensors) *autograd.Tensor {
		return ops.MatMul(in[0], in[1], ops.MatMulSpec{TransA: transA, TransB: transB})
	}
}

func reduceCase(f func(x *autograd.Tensor, axes ...int) *autograd.Tensor, axes ...int) gradcheck.Func {
	return func(in tensors) *autograd.Tensor { return f(in[0], axes...) }
}

func convCase(spec ops.ConvSpec) gradcheck.Func {
	return func(in tensors) *autograd.Tensor { return ops.Conv2D(in[0], in[1], spec) }
}

func convTransposeCase(spec ops.ConvTransposeSpec) gradcheck.Func {
	return func(in tensors) *autograd.Tensor { return ops.ConvTranspose2D(in[0], in[1], spec) }
}

func upsampleCase(spec ops.UpsampleSpec) gradcheck.Func {
	return func(in tensors) *autograd.Tensor { return ops.Upsample(in[0], spec) }
}

// recurrentCase is a recurrent layer with so many gates.
func recurrentCase(gates int, spec ops.RecurrentSpec) gradcheck.Func {
	return func(in tensors) *autograd.Tensor {
		if gates == 4 {
			return ops.LSTM(in[0], in[1], in[2], in[3], in[4], spec)
		}
		return ops.GRU(in[0], in[1], in[2], in[3], spec)
	}
}

func attentionCase(spec ops.AttentionSpec) gradcheck.Func {
	return func(in tensors) *autograd.Tensor { return ops.Attention(in[0], in[1], in[2], spec) }
}

func relativeCase(spec ops.AttentionSpec) gradcheck.Func {
	return func(in tensors) *autograd.Tensor {
		return ops.RelativeAttention(in[0], in[1], in[2], in[3], in[4], in[5], spec)
	}
}

var classWeights = []float32{0.5, 2, 1, 0, 3}

// targetsCase runs an operation with targets from the file.
func targetsCase(f func(x, targets *autograd.Tensor) *autograd.Tensor) func(*golden.File, string) gradcheck.Func {
	return func(file *golden.File, name string) gradcheck.Func {
		return func(in tensors) *autograd.Tensor { return f(in[0], file.Tensor(name+".targets")) }
	}
}

// goldenCases has an entry for every case of golden.py except those that read
// more than their inputs from the file; see loadedCases.
var goldenCases = map[string]gradcheck.Func{
	"Add":          binaryCase(ops.Add),
	"Sub":          binaryCase(ops.Sub),
	"Mul":          binaryCase(ops.Mul),
	"Maximum":      binaryCase(ops.Maximum),
	"Maximum/ties": binaryCase(ops.Maximum),
	"Minimum":      binaryCase(ops.Minimum),
	"Minimum/ties": binaryCase(ops.Minimum),
	"AddBias":      binaryCase(ops.AddBias),

	"Add/broadcast":     binaryCase(ops.Add),
	"Sub/broadcast":     binaryCase(ops.Sub),
	"Mul/broadcast":     binaryCase(ops.Mul),
	"Div":               binaryCase(ops.Div),
	"Div/broadcast":     binaryCase(ops.Div),
	"Maximum/broadcast": binaryCase(ops.Maximum),
	"Minimum/broadcast": binaryCase(ops.Minimum),

	"Scale":      func(in tensors) *autograd.Tensor { return ops.Scale(in[0], 2.5) },
	"AddScalar":  func(in tensors) *autograd.Tensor { return ops.AddScalar(in[0], -1.25) },
	"Neg":        unaryCase(ops.Neg),
	"Clamp":      func(in tensors) *autograd.Tensor { return ops.Clamp(in[0], -0.5, 0.75) },
	"Clamp/ties": func(in tensors) *autograd.Tensor { return ops.Clamp(in[0], -1, 1) },
	"Abs":        unaryCase(ops.Abs),
	"Sqrt":       unaryCase(ops.Sqrt),
	"Pow":        func(in tensors) *autograd.Tensor { return ops.Pow(in[0], -1.7) },
	"Pow/whole":  func(in tensors) *autograd.Tensor { return ops.Pow(in[0], 3) },
	"Exp":        unaryCase(ops.Exp),
	"Log":        unaryCase(ops.Log),
	"ReLU":       unaryCase(ops.ReLU),
	"ReLU/ties":  unaryCase(ops.ReLU),
	"Sigmoid":    unaryCase(ops.Sigmoid),
	"Tanh":       unaryCase(ops.Tanh),
	"GELU":       unaryCase(ops.GELU),
	"SiLU":       unaryCase(ops.SiLU),

	"MatMul":         matMulCase(false, false),
	"MatMul/transA":  matMulCase(true, false),
	"MatMul/transB":  matMulCase(false, true),
	"MatMul/transAB": matMulCase(true, true),

	"MatMul/batch":       matMulCase(false, false),
	"MatMul/batchTransA": matMulCase(true, false),
	"MatMul/broadcast":   matMulCase(false, true),
	"MatMul/rows":        matMulCase(false, false),

	"Linear":        func(in tensors) *autograd.Tensor { return ops.Linear(in[0], in[1], in[2]) },
	"Linear/noBias": func(in tensors) *autograd.Tensor { return ops.Linear(in[0], in[1], nil) },

	"Conv2D":                 convCase(ops.ConvSpec{}),
	"Conv2D/pad":             convCase(ops.ConvSpec{Pad: 1}),
	"Conv2D/winograd":        convCase(ops.ConvSpec{Pad: 1}), // in other tests, with sizes that take this route
	"Conv2D/stride":          convCase(ops.ConvSpec{Pad: 1, Stride: 2}),
	"Conv2D/pointwise":       convCase(ops.ConvSpec{}),
	"Conv2D/pointwiseStride": convCase(ops.ConvSpec{Stride: 2}),
	"Conv2D/dilation":        convCase(ops.ConvSpec{Pad: 2, Dilation: 2}),
	"Conv2D/groups":          convCase(ops.ConvSpec{Pad: 1, Groups: 2}),
	"Conv2D/depthwiseStride": convCase(ops.ConvSpec{Pad: 1, Stride: 2, Groups: 3}),
	"Conv2D/oblong":          convCase(ops.ConvSpec{Pad: 1}),
	"Conv2D/across":          convCase(ops.ConvSpec{Pad: 1, Stride: 2, Dilation: 2, Across: &ops.ConvAxis{Pad: 2, Stride: 3}}),

	"ConvTranspose2D":           convTransposeCase(ops.ConvTransposeSpec{}),
	"ConvTranspose2D/stride":    convTransposeCase(ops.ConvTransposeSpec{ConvSpec: ops.ConvSpec{Stride: 2, Pad: 1}, ExtraRows: 1, ExtraCols: 1}),
	"ConvTranspose2D/groups":    convTransposeCase(ops.ConvTransposeSpec{ConvSpec: ops.ConvSpec{Dilation: 2, Groups: 2, Across: &ops.ConvAxis{Stride: 2, Pad: 1}}, ExtraRows: 1}),
	"ConvTranspose2D/pointwise": convTransposeCase(ops.ConvTransposeSpec{ConvSpec: ops.ConvSpec{Stride: 2}, ExtraRows: 1, ExtraCols: 1}),
	"Conv1D": func(in tensors) *autograd.Tensor {
		return ops.Conv1D(in[0], in[1], ops.ConvSpec{Stride: 2, Pad: 2, Dilation: 3, Groups: 2})
	},

	"Upsample":               upsampleCase(ops.UpsampleSpec{Scale: 2}),
	"Upsample/size":          upsampleCase(ops.UpsampleSpec{Height: 7, Width: 4}),
	"Upsample/scale":         upsampleCase(ops.UpsampleSpec{Scale: 1.5}),
	"Upsample/bilinear":      upsampleCase(ops.UpsampleSpec{Height: 7, Width: 4, Bilinear: true}),
	"Upsample/bilinearScale": upsampleCase(ops.UpsampleSpec{Scale: 1.5, Bilinear: true}),
	"Upsample/corners":       upsampleCase(ops.UpsampleSpec{Height: 7, Width: 8, Bilinear: true, AlignCorners: true}),

	"LSTM":         recurrentCase(4, ops.RecurrentSpec{}),
	"LSTM/reverse": recurrentCase(4, ops.RecurrentSpec{Reverse: true}),
	"LSTM/lengths": recurrentCase(4, ops.RecurrentSpec{Reverse: true, Lengths: []int{3, 0}}),
	"GRU":          recurrentCase(3, ops.RecurrentSpec{}),
	"GRU/reverse":  recurrentCase(3, ops.RecurrentSpec{Reverse: true}),
	"GRU/lengths":  recurrentCase(3, ops.RecurrentSpec{Reverse: true, Lengths: []int{3, 0}}),

	"LayerNorm": func(in tensors) *autograd.Tensor { return ops.LayerNorm(in[0], in[1], in[2], 1e-3) },

	"RMSNorm":   func(in tensors) *autograd.Tensor { return ops.RMSNorm(in[0], in[1], 1e-3) },
	"GroupNorm": func(in tensors) *autograd.Tensor { return ops.GroupNorm(in[0], in[1], in[2], 3, 1e-3) },
	"GroupNorm/instance": func(in tensors) *autograd.Tensor {
		return ops.GroupNorm(in[0], nil, nil, in[0].Dim(-1), 1e-3)
	},

	"Embedding":    func(in tensors) *autograd.Tensor { return ops.Embedding(in[0], ids, 2, 3) },
	"Softmax":      unaryCase(ops.Softmax),
	"LogSoftmax":   unaryCase(ops.LogSoftmax),
	"CrossEntropy": func(in tensors) *autograd.Tensor { return ops.CrossEntropy(in[0], labels, ops.CrossEntropySpec{}) },
	"CrossEntropy/smoothing": func(in tensors) *autograd.Tensor {
		return ops.CrossEntropy(in[0], labels, ops.CrossEntropySpec{Smoothing: 0.1})
	},
	"CrossEntropy/weights": func(in tensors) *autograd.Tensor {
		return ops.CrossEntropy(in[0], labels, ops.CrossEntropySpec{Smoothing: 0.2, Weights: classWeights})
	},
	"CrossEntropy/ignored": func(in tensors) *autograd.Tensor {
		return ops.CrossEntropy(in[0], labels, ops.CrossEntropySpec{Smoothing: 0.2, Weights: classWeights, Ignored: []int{2}})
	},
	"CrossEntropy/ignoredPlain": func(in tensors) *autograd.Tensor {
		return ops.CrossEntropy(in[0], labels, ops.CrossEntropySpec{Ignored: []int{-100, 2}})
	},
	"MSE":                   binaryCase(ops.MSE),
	"L1":                    binaryCase(ops.L1),
	"Huber":                 func(in tensors) *autograd.Tensor { return ops.Huber(in[0], in[1], 0.7) },
	"CosineSimilarity":      binaryCase(ops.CosineSimilarity),
	"CosineSimilarity/zero": binaryCase(ops.CosineSimilarity),
	"CosineLoss":            func(in tensors) *autograd.Tensor { return ops.CosineLoss(in[0], in[1], []int{1, -1, 1, -1}, 0.1) },
	"CTC":                   func(in tensors) *autograd.Tensor { return ops.CTC(in[0], [][]int{{1, 2, 2}, {3}, {}}, ops.CTCSpec{}) },
	"CTC/lengths": func(in tensors) *autograd.Tensor {
		return ops.CTC(in[0], [][]int{{0, 2, 1}, {1, 1}, {2, 2, 2}}, ops.CTCSpec{Blank: 3, Lengths: []int{7, 4, 5}})
	},
	"CTC/tooLong": func(in tensors) *autograd.Tensor {
		return ops.CTC(in[0], [][]int{{1, 1, 1}, {2, 1}}, ops.CTCSpec{Lengths: []int{4, 5}, ZeroInfinite: true})
	},
	"Pick": func(in tensors) *autograd.Tensor { return ops.Pick(in[0], labels) },

	"Sum":            reduceCase(ops.Sum),
	"Sum/last":       reduceCase(ops.Sum, -1),
	"Sum/axes":       reduceCase(ops.Sum, 0, 2),
	"Mean":           reduceCase(ops.Mean),
	"Mean/axes":      reduceCase(ops.Mean, 1, -1),
	"Max":            reduceCase(ops.Max),
	"Max/ties":       reduceCase(ops.Max, 0, 2),
	"Reshape":        func(in tensors) *autograd.Tensor { return ops.Reshape(in[0], 2, -1) },
	"Transpose":      func(in tensors) *autograd.Tensor { return ops.Transpose(in[0], 2, 0, 1) },
	"Transpose/rows": func(in tensors) *autograd.Tensor { return ops.Transpose(in[0], 1, 0, 2) },
	"Concat":         func(in tensors) *autograd.Tensor { return ops.Concat(1, in...) },
	"Select":         func(in tensors) *autograd.Tensor { return ops.Select(in[0], 1, []int{3, 0, 0, 2, 1}) },
	"Pad":            func(in tensors) *autograd.Tensor { return ops.Pad(in[0], 0.5, [2]int{0, 3}, [2]int{2, 1}) },
	"Slice":          func(in tensors) *autograd.Tensor { return ops.Slice(in[0], 1, 1, 3) },
	"Detach":         func(in tensors) *autograd.Tensor { return ops.Mul(in[0], in[0].Detach()) },

	"ScaleChannels": binaryCase(ops.ScaleChannels),

	"GlobalAvgPool": unaryCase(ops.GlobalAvgPool),
	"AvgPool2D":     func(in tensors) *autograd.Tensor { return ops.AvgPool2D(in[0], ops.PoolSpec{Size: 2}) },
	"AvgPool2D/pad": func(in tensors) *autograd.Tensor {
		return ops.AvgPool2D(in[0], ops.PoolSpec{Size: 3, Stride: 2, Pad: 1})
	},
	"AdaptiveAvgPool2D":        func(in tensors) *autograd.Tensor { return ops.AdaptiveAvgPool2D(in[0], 3, 2) },
	"AdaptiveAvgPool2D/larger": func(in tensors) *autograd.Tensor { return ops.AdaptiveAvgPool2D(in[0], 7, 4) },
	"AdaptiveMaxPool2D":        func(in tensors) *autograd.Tensor { return ops.AdaptiveMaxPool2D(in[0], 3, 2) },

	"MaxPool2D": func(in tensors) *autograd.Tensor { return ops.MaxPool2D(in[0], ops.PoolSpec{Size: 2}) },
	"MaxPool2D/pad": func(in tensors) *autograd.Tensor {
		return ops.MaxPool2D(in[0], ops.PoolSpec{Size: 3, Stride: 2, Pad: 1})
	},

	"Conv2DMaxPool":      convPoolCase(),
	"Conv2DMaxPool/taps": convPoolCase(),

	"Attention":              attentionCase(ops.AttentionSpec{Heads: 2}),
	"Attention/causal":       attentionCase(ops.AttentionSpec{Heads: 2, Causal: true, Scale: 0.7}),
	"Attention/causalMemory": attentionCase(ops.AttentionSpec{Heads: 2, Causal: true}),
	"Attention/lengths":      attentionCase(ops.AttentionSpec{Heads: 2, Lengths: []int{2, 5}}),
	"RelativeAttention":      relativeCase(ops.AttentionSpec{Heads: 2}),
}

// loadedCases are the cases whose constants are in the file.
var loadedCases = map[string]func(f *golden.File, name string) gradcheck.Func{
	"BatchNorm/train":        batchNormCase(batchNorm, true),
	"BatchNorm/eval":         batchNormCase(batchNorm, false),
	"BatchNormReLU/train":    batchNormCase(batchNormReLU, true),
	"BatchNormReLU/eval":     batchNormCase(batchNormReLU, false),
	"BatchNormSiLU/train":    batchNormCase(batchNormSiLU, true),
	"BatchNormSiLU/eval":     batchNormCase(batchNormSiLU, false),
	"BatchNormGELU/train":    batchNormCase(batchNormGELU, true),
	"BatchNormGELU/eval":     batchNormCase(batchNormGELU, false),
	"BatchNormAddReLU/train": batchNormCase(batchNormAddReLU, true),
	"BatchNormAddReLU/eval":  batchNormCase(batchNormAddReLU, false),
	"ConvBatchNorm/train":    goldenConvBatchNorm(true, ops.WithSiLU),
	"ConvBatchNorm/eval":     goldenConvBatchNorm(false, ops.WithReLU),
	"Dropout": func(f *golden.File, name string) gradcheck.Func {
		mask := loadMask(f, name, 1/0.7)
		return func(in tensors) *autograd.Tensor { return ops.Dropout(in[0], mask) }
	},
	"EmbeddingDropout": func(f *golden.File, name string) gradcheck.Func {
		mask := loadMask(f, name, 1/0.7)
		return func(in tensors) *autograd.Tensor { return ops.EmbeddingDropout(in[0], mask, ids, 2, 3) }
	},
	"Attention/mask": func(f *golden.File, name string) gradcheck.Func {
		return attentionCase(ops.AttentionSpec{Heads: 2, Causal: true, Mask: loadMask(f, name, 1.25)})
	},
	"SoftCrossEntropy": targetsCase(func(x, targets *autograd.Tensor) *autograd.Tensor {
		return ops.SoftCrossEntropy(x, targets, ops.CrossEntropySpec{})
	}),
	"SoftCrossEntropy/weights": targetsCase(func(x, targets *autograd.Tensor) *autograd.Tensor {
		return ops.SoftCrossEntropy(x, targets, ops.CrossEntropySpec{Smoothing: 0.2, Weights: classWeights})
	}),
	"BCEWithLogits": targetsCase(func(x, targets *autograd.Tensor) *autograd.Tensor { return ops.BCEWithLogits(x, targets, nil) }),
	"BCEWithLogits/positive": targetsCase(func(x, targets *autograd.Tensor) *autograd.Tensor {
		return ops.BCEWithLogits(x, targets, classWeights)
	}),
	"KLDivergence": targetsCase(ops.KLDivergence),
	"Gather": func(f *golden.File, name string) gradcheck.Func {
		return func(in tensors) *autograd.Tensor { return ops.Gather(in[0], 1, f.Ints(name+".ids")) }
	},
	"Where": func(f *golden.File, name string) gradcheck.Func {
		return func(in tensors) *autograd.Tensor { return ops.Where(f.Tensor(name+".condition"), in[0], in[1]) }
	},
	"RelativeAttention/mask": func(f *golden.File, name string) gradcheck.Func {
		return relativeCase(ops.AttentionSpec{Heads: 2, Mask: loadMask(f, name, 1.25)})
	},
}

// loadMask returns the mask that keeps what a case of the file keeps.
func loadMask(f *golden.File, name string, factor float32) func(keep []uint32) float32 {
	kept := f.Ints(name + ".keep")
	return func(keep []uint32) float32 {
		clear(keep)
		for i, bit := range kept {
			keep[i/32] |= uint32(bit) << (i % 32)
		}
		return factor
	}
}

// batchNormFunc is a batch normalisation of in[0] with in[1] and in[2].
type batchNormFunc = func(in tensors, running ops.BatchNormStats, spec ops.BatchNormSpec) *autograd.Tensor

func batchNorm(in tensors, running ops.BatchNormStats, spec ops.BatchNormSpec) *autograd.Tensor {
	return ops.BatchNorm(in[0], in[1], in[2], running, spec)
}

func batchNormReLU(in tensors, running ops.BatchNormStats, spec ops.BatchNormSpec) *autograd.Tensor {
	return ops.BatchNormReLU(in[0], in[1], in[2], running, spec, nil)
}

func batchNormSiLU(in tensors, running ops.BatchNormStats, spec ops.BatchNormSpec) *autograd.Tensor {
	return ops.BatchNormSiLU(in[0], in[1], in[2], running, spec, nil)
}

func batchNormGELU(in tensors, running ops.BatchNormStats, spec ops.BatchNormSpec) *autograd.Tensor {
	return ops.BatchNormGELU(in[0], in[1], in[2], running, spec, nil)
}

func batchNormAddReLU(in tensors, running ops.BatchNormStats, spec ops.BatchNormSpec) *autograd.Tensor {
	return ops.BatchNormAddReLU(in[0], in[1], in[2], in[3], running, spec)
}

// batchNormCase also checks the running statistics, which move on Commit.
func batchNormCase(norm batchNormFunc, train bool) func(f *golden.File, name string) gradcheck.Func {
	return func(f *golden.File, name string) gradcheck.Func {
		running := ops.BatchNormStats{
			Mean: slices.Clone(f.Tensor(name + ".mean").Data()),
			Var:  slices.Clone(f.Tensor(name + ".var").Data()),
		}
		return func(in tensors) *autograd.Tensor {
			y := norm(in, running, ops.BatchNormSpec{Train: train, Momentum: 0.2, Eps: 1e-3})
			f.Compare(name+".mean", running.Mean, 0)
			f.Compare(name+".var", running.Var, 0)
			in[0].Tape().Commit()
			f.Compare(name+".afterMean", running.Mean, 1e-6)
			f.Compare(name+".afterVar", running.Var, 1e-6)
			return y
		}
	}
}

// TestGolden compares outputs and all gradients with PyTorch's, and wants a
// case for every operation.
func TestGolden(t *testing.T) {
	f := golden.Load(t, "testdata/ops.safetensors")
	tested := map[string]bool{}
	for _, tensor := range f.Names() {
		name, found := strings.CutSuffix(tensor, ".out")
		if !found {
			continue
		}
		op, _, _ := strings.Cut(name, "/")
		tested[op] = true
		t.Run(name, func(t *testing.T) {
			f := golden.Load(t, "testdata/ops.safetensors")
			run := goldenCases[name]
			if load := loadedCases[name]; load != nil {
				run = load(f, name)
			}
			if run == nil {
				t.Fatal("the file has this case, the test has not")
			}
			if strings.HasPrefix(op, "Conv") {
				ops.ForceConvRoute(t, "winograd")
				compareGolden(t, f, name, run, 2e-5) // see TestConv2DAccuracy
				ops.ForceConvRoute(t, "direct")
			}
			f.Largest() // not that of Winograd's algorithm
			compareGolden(t, f, name, run, 2e-6)
			t.Logf("the largest relative difference to PyTorch is %.1e", f.Largest())
		})
	}
	for _, op := range exportedOps(t) {
		if !tested[op] {
			t.Errorf("%s has no case in golden.py", op)
		}
	}
}

func compareGolden(t *testing.T, f *golden.File, name string, run gradcheck.Func, tolerance float64) {
	t.Helper()
	var ps autograd.Params
	input := func(i int) string { return name + ".in" + string(rune('0'+i)) }
	for i := 0; f.Has(input(i)); i++ {
		x := f.Tensor(input(i))
		copy(ps.Add(input(i), x.Shape()...).Data(), x.Data())
	}
	tape := autograd.NewTape(&ps)
	var in tensors
	for _, p := range ps.All() {
		in = append(in, tape.Use(p))
	}
	y := run(in)
	if want := f.Tensor(name + ".out").Shape(); !slices.Equal(y.Shape(), want) {
		t.Errorf("the output is %v, want %v", y.Shape(), want)
	}
	f.Compare(name+".out", y.Data(), tolerance)
	dy := f.Tensor(name + ".dy")
	grads := tape.Backward(ops.Sum(ops.Mul(y, dy)))
	for i, p := range ps.All() {
		f.Compare(name+".grad"+string(rune('0'+i)), grads[p.Offset():p.Offset()+p.Len()], tolerance)
	}
}
