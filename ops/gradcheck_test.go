package ops_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"autodropout/autograd"
	"autodropout/gradcheck"
	"autodropout/ops"
)

// exportedOps returns the names of the package's exported functions that return
// a tensor.
func exportedOps(t *testing.T) []string {
	t.Helper()
	sources, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, source := range sources {
		if strings.HasSuffix(source, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), source, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Recv != nil || !f.Name.IsExported() || f.Type.Results == nil {
				continue
			}
			if star, ok := f.Type.Results.List[0].Type.(*ast.StarExpr); ok {
				if s, ok := star.X.(*ast.SelectorExpr); ok && s.Sel.Name == "Tensor" {
					names = append(names, f.Name.Name)
				}
			}
		}
	}
	if len(names) < 30 {
		t.Fatalf("found only the operations %v", names)
	}
	return names
}

// normal returns a tensor of standard normal values.
func normal(rng *rand.Rand, shape ...int) *autograd.Tensor {
	x := autograd.New(shape...)
	for i := range x.Data() {
		x.Data()[i] = float32(rng.NormFloat64())
	}
	return x
}

// spread returns a tensor whose elements, in random order, are 0.5 apart from
// each other and at least 0.25 away from 0, so that finite differences stay on
// one side of every kink.
func spread(rng *rand.Rand, shape ...int) *autograd.Tensor {
	x := autograd.New(shape...)
	for i, k := range rng.Perm(x.Len()) {
		x.Data()[i] = 0.5*float32(k-x.Len()/2) + 0.25
	}
	return x
}

// gradRow is one gradient check.
type gradRow struct {
	name   string // the operation, and after a slash the case
	f      gradcheck.Func
	inputs []*autograd.Tensor
	o      gradcheck.Options
}

// gradTable has rows for the operations whose golden case does not do: those
// with kinks or with constants of their own.
func gradTable(rng *rand.Rand) []gradRow {
	kinks := gradcheck.Options{Step: 0.01}
	smooth := gradcheck.Options{}
	c := func(op string) gradcheck.Func { return goldenCases[op] }
	most := func(keep []uint32) float32 {
		for i := range keep {
			keep[i] = 0xb3a5c96e
		}
		return 1.25
	}
	mask := func(in tensors) *autograd.Tensor { return ops.Dropout(in[0], most) }
	norm := func(f batchNormFunc, train bool) gradcheck.Func {
		running := ops.BatchNormStats{Mean: []float32{0.5, -1, 0.2}, Var: []float32{1, 2, 0.5}}
		return func(in tensors) *autograd.Tensor {
			return f(in, running, ops.BatchNormSpec{Train: train})
		}
	}
	masked := func(in tensors, running ops.BatchNormStats, spec ops.BatchNormSpec) *autograd.Tensor {
		return ops.BatchNormReLU(in[0], in[1], in[2], running, spec, most)
	}
	maskedSiLU := func(in tensors, running ops.BatchNormStats, spec ops.BatchNormSpec) *autograd.Tensor {
		return ops.BatchNormSiLU(in[0], in[1], in[2], running, spec, most)
	}
	maskedGELU := func(in tensors, running ops.BatchNormStats, spec ops.BatchNormSpec) *autograd.Tensor {
		return ops.BatchNormGELU(in[0], in[1], in[2], running, spec, most)
	}
	signs := normal(rng, 4, 3, 2, 3) // normalised, about +-1: far from the ReLU's kink
	for i, v := range signs.Data() {
		signs.Data()[i] = 0.1 * v
		if i/3%2 == 0 {
			signs.Data()[i]++
		} else {
			signs.Data()[i]--
		}
	}
	residual := normal(rng, 4, 3, 2, 3) // too small to reach the kink
	for i, v := range residual.Data() {
		residual.Data()[i] = 0.1 * v
	}
	ones, small := autograd.FromSlice([]float32{1, -1.2, 1.1}, 3), autograd.FromSlice([]float32{0.1, 0, -0.1}, 3)
	positive := normal(rng, 3, 5)
	for i, v := range positive.Data() {
		positive.Data()[i] = 1 + v*v
	}
	shares := autograd.New(4, 3)
	for i := range shares.Data() {
		shares.Data()[i] = float32(i%3) / 2
	}
	return []gradRow{
		{"Maximum", c("Maximum"), tensors{spread(rng, 3, 5), autograd.New(3, 5)}, kinks},
		{"Minimum", c("Minimum"), tensors{spread(rng, 3, 5), autograd.New(3, 5)}, kinks},
		{"Clamp", func(in tensors) *autograd.Tensor { return ops.Clamp(in[0], -2, 3) }, tensors{spread(rng, 3, 5)}, kinks},
		{"ReLU", c("ReLU"), tensors{spread(rng, 3, 35)}, kinks},
		{"Log", c("Log"), tensors{positive}, smooth},
		{"SoftCrossEntropy", func(in tensors) *autograd.Tensor {
			return ops.SoftCrossEntropy(in[0], positive, ops.CrossEntropySpec{Smoothing: 0.3, Weights: classWeights})
		}, tensors{normal(rng, 3, 5)}, smooth},
		{"BCEWithLogits", func(in tensors) *autograd.Tensor { return ops.BCEWithLogits(in[0], shares, []float32{2, 0.5, 1}) }, tensors{normal(rng, 4, 3)}, smooth},
		{"KLDivergence", func(in tensors) *autograd.Tensor { return ops.KLDivergence(in[0], positive) }, tensors{normal(rng, 3, 5)}, smooth},
		{"L1", c("L1"), tensors{spread(rng, 3, 5), autograd.New(3, 5)}, kinks},
		{"Huber", func(in tensors) *autograd.Tensor { return ops.Huber(in[0], in[1], 2) }, tensors{spread(rng, 3, 5), autograd.New(3, 5)}, kinks},
		{"CosineLoss", func(in tensors) *autograd.Tensor { return ops.CosineLoss(in[0], in[1], []int{1, -1}, -1) }, tensors{normal(rng, 2, 5), normal(rng, 2, 5)}, smooth},
		{"Sqrt", c("Sqrt"), tensors{positive}, smooth},
		{"Pow", c("Pow"), tensors{positive}, smooth},
		{"Abs", c("Abs"), tensors{spread(rng, 3, 5)}, kinks},
		{"Div", c("Div"), tensors{normal(rng, 5), positive}, smooth},
		{"Max", reduceCase(ops.Max, 0, 2), tensors{spread(rng, 2, 3, 4)}, kinks},
		{"Maximum/broadcast", c("Maximum"), tensors{spread(rng, 3, 5), autograd.New(1)}, kinks},
		{"Where", func(in tensors) *autograd.Tensor {
			return ops.Where(autograd.FromSlice([]float32{1, 0, 0, 1, 1, 0}, 2, 3), in[0], in[1])
		}, tensors{normal(rng, 2, 3), normal(rng, 3)}, smooth},
		{"Gather", func(in tensors) *autograd.Tensor { return ops.Gather(in[0], -1, []int{0, 2, 2, 1, 0, 0}) }, tensors{normal(rng, 2, 3)}, smooth},
		{"AdaptiveMaxPool2D", c("AdaptiveMaxPool2D"), tensors{spread(rng, 2, 5, 4, 3)}, kinks},
		{"MaxPool2D", c("MaxPool2D"), tensors{spread(rng, 2, 4, 5, 3)}, kinks},
		{"MaxPool2D/pad", c("MaxPool2D/pad"), tensors{spread(rng, 2, 5, 4, 3)}, kinks},
		{"Conv2DMaxPool", c("Conv2DMaxPool"), clearMaxima(rng), kinks},
		{"BatchNorm/train", norm(batchNorm, true), tensors{normal(rng, 4, 3, 2, 3), normal(rng, 3), normal(rng, 3)}, smooth},
		{"BatchNorm/eval", norm(batchNorm, false), tensors{normal(rng, 4, 3, 2, 3), normal(rng, 3), normal(rng, 3)}, smooth},
		{"BatchNormReLU/train", norm(batchNormReLU, true), tensors{signs, ones, small}, kinks},
		{"BatchNormReLU/mask", norm(masked, true), tensors{signs, ones, small}, kinks},
		{"BatchNormReLU/eval", norm(batchNormReLU, false), tensors{spread(rng, 4, 3), autograd.FromSlice([]float32{0, 0, 0}, 3), ones}, kinks},
		{"BatchNormSiLU/train", norm(batchNormSiLU, true), tensors{normal(rng, 4, 3, 2, 3), normal(rng, 3), normal(rng, 3)}, smooth},
		{"BatchNormSiLU/mask", norm(maskedSiLU, true), tensors{normal(rng, 4, 3, 2, 3), normal(rng, 3), normal(rng, 3)}, smooth},
		{"BatchNormSiLU/eval", norm(batchNormSiLU, false), tensors{normal(rng, 4, 3, 2, 3), normal(rng, 3), normal(rng, 3)}, smooth},
		{"BatchNormAddReLU/train", norm(batchNormAddReLU, true), tensors{signs, ones, small, residual}, kinks},
		{"BatchNormAddReLU/eval", norm(batchNormAddReLU, false), tensors{spread(rng, 4, 3), autograd.FromSlice([]float32{0, 0, 0}, 3), ones, autograd.New(4, 3)}, kinks},
		{"ConvBatchNorm/train", convBatchNormCase(ops.BatchNormSpec{Train: true}, ops.WithSiLU), tensors{normal(rng, 2, 3, 2, 3), normal(rng, 1, 1, 3, 2), normal(rng, 2), normal(rng, 2), normal(rng, 2, 3, 2, 2)}, smooth},
		{"ConvBatchNorm/eval", convBatchNormCase(ops.BatchNormSpec{}, ops.NoActivation), tensors{normal(rng, 2, 3, 2, 3), normal(rng, 1, 1, 3, 2), normal(rng, 2), normal(rng, 2)}, smooth},
		{"Attention/mask", attentionCase(ops.AttentionSpec{Heads: 2, Mask: most}), tensors{normal(rng, 2, 3, 8), normal(rng, 2, 5, 8), normal(rng, 2, 5, 6)}, smooth},
		{"RelativeAttention/mask", relativeCase(ops.AttentionSpec{Heads: 2, Mask: most, Scale: 0.7}), tensors{
			normal(rng, 2, 3, 8), normal(rng, 2, 5, 8), normal(rng, 2, 5, 6), normal(rng, 5, 8), normal(rng, 2, 4), normal(rng, 2, 4)}, smooth},
		{"ScaleChannels", binaryCase(ops.ScaleChannels), tensors{normal(rng, 2, 3, 2, 5), normal(rng, 2, 5)}, smooth},
		{"Dropout", mask, tensors{normal(rng, 5, 13)}, smooth},
		{"EmbeddingDropout", func(in tensors) *autograd.Tensor { return ops.EmbeddingDropout(in[0], most, ids, 2, 3) }, tensors{normal(rng, 5, 13)}, smooth},
		{"BatchNormGELU/train", norm(batchNormGELU, true), tensors{normal(rng, 4, 3, 2, 3), normal(rng, 3), normal(rng, 3)}, smooth},
		{"BatchNormGELU/mask", norm(maskedGELU, true), tensors{normal(rng, 4, 3, 2, 3), normal(rng, 3), normal(rng, 3)}, smooth},
		{"BatchNormGELU/eval", norm(batchNormGELU, false), tensors{normal(rng, 4, 3, 2, 3), normal(rng, 3), normal(rng, 3)}, smooth},
	}
}

// smoothShapes are the inputs for golden cases that are checked as they are.
var smoothShapes = map[string][][]int{
	"Add": {{3, 5}, {3, 5}}, "Sub": {{3, 5}, {3, 5}}, "Mul": {{3, 5}, {3, 5}}, "AddBias": {{2, 3, 5}, {5}},
	"Scale": {{3, 5}}, "AddScalar": {{3, 5}}, "Neg": {{3, 5}}, "Exp": {{3, 5}}, "Sigmoid": {{3, 5}}, "Tanh": {{3, 5}}, "GELU": {{3, 5}}, "SiLU": {{3, 5}},
	"MatMul": {{3, 4}, {4, 5}}, "MatMul/transA": {{4, 3}, {4, 5}}, "MatMul/transB": {{3, 4}, {5, 4}}, "MatMul/transAB": {{4, 3}, {5, 4}},
	"MatMul/batch": {{2, 3, 4}, {2, 4, 5}}, "MatMul/batchTransA": {{2, 4, 3}, {4, 5}}, "MatMul/broadcast": {{2, 1, 3, 4}, {5, 6, 4}}, "MatMul/rows": {{2, 3, 4}, {4, 5}},
	"Add/broadcast": {{2, 1, 5}, {3, 1}}, "Sub/broadcast": {{2, 3, 5}, {3, 1}}, "Mul/broadcast": {{5}, {4, 1, 1}},
	"Linear": {{2, 3, 4}, {5, 4}, {5}}, "Linear/noBias": {{3, 4}, {5, 4}},
	"Conv2D": {{2, 5, 6, 3}, {3, 3, 3, 4}}, "Conv2D/pad": {{2, 5, 4, 3}, {3, 3, 3, 4}}, "Conv2D/stride": {{2, 5, 6, 3}, {3, 3, 3, 4}},
	"Conv2D/winograd": {{1, 5, 4, 32}, {3, 3, 32, 33}}, "Conv2D/pointwise": {{2, 3, 4, 3}, {1, 1, 3, 5}}, "Conv2D/groups": {{2, 4, 4, 4}, {3, 3, 2, 6}},
	"Conv2D/across": {{2, 7, 8, 3}, {3, 2, 3, 4}}, "Conv1D": {{2, 11, 4}, {3, 2, 6}},
	"ConvTranspose2D": {{2, 3, 4, 5}, {3, 3, 2, 5}}, "ConvTranspose2D/stride": {{2, 3, 4, 5}, {3, 3, 2, 5}}, "ConvTranspose2D/groups": {{2, 3, 4, 4}, {2, 3, 3, 4}},
	"ConvTranspose2D/pointwise": {{2, 3, 4, 5}, {1, 1, 2, 5}},
	"Upsample":                  {{2, 3, 5, 3}}, "Upsample/size": {{2, 3, 5, 3}}, "Upsample/bilinear": {{2, 3, 5, 3}}, "Upsample/bilinearScale": {{2, 3, 5, 3}}, "Upsample/corners": {{2, 3, 5, 3}},
	"AdaptiveAvgPool2D": {{2, 5, 7, 3}}, "GroupNorm": {{2, 3, 4, 6}, {6}, {6}}, "GroupNorm/instance": {{2, 3, 4, 6}}, "RMSNorm": {{2, 3, 6}, {6}},
	"LSTM": {{4, 2, 12}, {12, 3}, {12}, {2, 3}, {2, 3}}, "LSTM/lengths": {{4, 2, 12}, {12, 3}, {12}, {2, 3}, {2, 3}},
	"GRU": {{4, 2, 9}, {9, 3}, {9}, {2, 3}}, "GRU/lengths": {{4, 2, 9}, {9, 3}, {9}, {2, 3}},
	"LayerNorm": {{2, 3, 6}, {6}, {6}}, "Embedding": {{5, 4}}, "Softmax": {{2, 3, 5}}, "LogSoftmax": {{2, 3, 5}},
	"CrossEntropy/weights": {{4, 5}}, "CrossEntropy/ignored": {{4, 5}}, "MSE": {{3, 5}, {3, 5}}, "CosineSimilarity": {{2, 3, 5}, {2, 3, 5}},
	"CTC": {{3, 6, 4}}, "CTC/lengths": {{3, 7, 4}},
	"CrossEntropy": {{4, 5}}, "CrossEntropy/smoothing": {{4, 5}}, "Pick": {{4, 5}},
	"Sum": {{3, 5}}, "Mean": {{3, 5}}, "Sum/last": {{2, 3, 4}}, "Sum/axes": {{2, 3, 4, 5}}, "Mean/axes": {{2, 3, 4, 5}}, "Pad": {{2, 3, 4}}, "Select": {{2, 4, 3}}, "Reshape": {{3, 4}}, "Transpose": {{2, 3, 4}},
	"Concat": {{2, 1, 3}, {2, 4, 3}, {2, 2, 3}}, "Slice": {{2, 4, 3}},
	"GlobalAvgPool": {{2, 3, 4, 5}}, "AvgPool2D": {{2, 4, 5, 3}}, "AvgPool2D/pad": {{2, 5, 4, 3}},
	"Attention": {{2, 3, 8}, {2, 5, 8}, {2, 5, 6}}, "Attention/causal": {{2, 4, 6}, {2, 4, 6}, {2, 4, 6}}, "Attention/lengths": {{2, 3, 8}, {2, 5, 8}, {2, 5, 6}},
	"RelativeAttention": {{2, 3, 8}, {2, 5, 8}, {2, 5, 6}, {5, 8}, {2, 4}, {2, 4}},
}

// gradRows returns all gradient checks.
func gradRows() []gradRow {
	rows := gradTable(rand.New(rand.NewPCG(3, 1)))
	for name, shapes := range smoothShapes {
		var inputs tensors
		for i, shape := range shapes {
			inputs = append(inputs, normal(rand.New(rand.NewPCG(uint64(len(name)), uint64(i))), shape...))
		}
		rows = append(rows, gradRow{name, goldenCases[name], inputs, gradcheck.Options{}})
	}
	return rows
}

// TestGradients compares every operation's gradient with finite differences. An
// operation without a row fails.
func TestGradients(t *testing.T) {
	checked := map[string]bool{}
	for _, r := range gradRows() {
		op, _, _ := strings.Cut(r.name, "/")
		checked[op] = true
		gradcheck.Check(t, r.name, r.f, r.inputs, r.o)
	}
	for _, op := range exportedOps(t) {
		if !checked[op] {
			t.Errorf("%s has no row in the table of gradient checks", op)
		}
	}
}
