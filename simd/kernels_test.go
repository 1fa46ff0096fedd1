package simd

import "math"

// A kernel is one of the vector kernels, in a form that all of them fit. It
// works on matrices of rows x columns elements, on vectors with one element a
// column, and on a bit mask with one bit an element of a matrix.
type kernel struct {
	name              string
	matrices, vectors int
	masked            bool
	oneRow            bool // a plain vector kernel
	run               func(m, v [][]float32, bits []uint32, rows int)

	// want does to the element of one row and column what run should do to it.
	want func(e *element)
}

// An element is what the matrices and vectors hold at one row and column.
type element struct {
	m, v []float64
	bit  bool
}

func (e *element) relu() {
	e.bit = !(e.m[0] <= 0)
	e.m[0] = max(e.m[0], 0)
}

func (e *element) masked(x float64) float64 {
	if !e.bit {
		return 0
	}
	return x
}

// kernels lists the kernels that change their arguments; reduce_test.go has
// those that return a number.
var kernels = []kernel{
	{name: "Add", matrices: 3, oneRow: true,
		run:  func(m, _ [][]float32, _ []uint32, _ int) { Add(m[0], m[1], m[2]) },
		want: func(e *element) { e.m[0] = e.m[1] + e.m[2] }},
	{name: "Sub", matrices: 3, oneRow: true,
		run:  func(m, _ [][]float32, _ []uint32, _ int) { Sub(m[0], m[1], m[2]) },
		want: func(e *element) { e.m[0] = e.m[1] - e.m[2] }},
	{name: "Mul", matrices: 3, oneRow: true,
		run:  func(m, _ [][]float32, _ []uint32, _ int) { Mul(m[0], m[1], m[2]) },
		want: func(e *element) { e.m[0] = e.m[1] * e.m[2] }},
	{name: "MulAdd", matrices: 3, oneRow: true,
		run:  func(m, _ [][]float32, _ []uint32, _ int) { MulAdd(m[0], m[1], m[2]) },
		want: func(e *element) { e.m[0] += e.m[1] * e.m[2] }},
	{name: "Max", matrices: 3, oneRow: true,
		run:  func(m, _ [][]float32, _ []uint32, _ int) { Max(m[0], m[1], m[2]) },
		want: func(e *element) { e.m[0] = math.Max(e.m[1], e.m[2]) }},
	{name: "Min", matrices: 3, oneRow: true,
		run:  func(m, _ [][]float32, _ []uint32, _ int) { Min(m[0], m[1], m[2]) },
		want: func(e *element) { e.m[0] = math.Min(e.m[1], e.m[2]) }},
	{name: "Scale", matrices: 2, oneRow: true,
		run:  func(m, _ [][]float32, _ []uint32, _ int) { Scale(m[0], m[1], 0.75) },
		want: func(e *element) { e.m[0] = 0.75 * e.m[1] }},
	{name: "AddScalar", matrices: 2, oneRow: true,
		run:  func(m, _ [][]float32, _ []uint32, _ int) { AddScalar(m[0], m[1], 0.75) },
		want: func(e *element) { e.m[0] = e.m[1] + 0.75 }},
	{name: "Axpy", matrices: 2, oneRow: true,
		run:  func(m, _ [][]float32, _ []uint32, _ int) { Axpy(m[0], 0.3, m[1]) },
		want: func(e *element) { e.m[0] += 0.3 * e.m[1] }},
	{name: "Lerp", matrices: 2, oneRow: true,
		run:  func(m, _ [][]float32, _ []uint32, _ int) { Lerp(m[0], m[1], 0.3) },
		want: func(e *element) { e.m[0] = 0.7*e.m[0] + 0.3*e.m[1] }},
	{name: "Fill", matrices: 1, oneRow: true,
		run:  func(m, _ [][]float32, _ []uint32, _ int) { Fill(m[0], 0.3) },
		want: func(e *element) { e.m[0] = 0.3 }},

	{name: "Exp", matrices: 2, oneRow: true,
		run:  func(m, _ [][]float32, _ []uint32, _ int) { Exp(m[0], m[1]) },
		want: func(e *element) { e.m[0] = math.Exp(e.m[1]) }},
	{name: "Sigmoid", matrices: 2, oneRow: true,
		run:  func(m, _ [][]float32, _ []uint32, _ int) { Sigmoid(m[0], m[1]) },
		want: func(e *element) { e.m[0] = 1 / (1 + math.Exp(-e.m[1])) }},
	{name: "Tanh", matrices: 2, oneRow: true,
		run:  func(m, _ [][]float32, _ []uint32, _ int) { Tanh(m[0], m[1]) },
		want: func(e *element) { e.m[0] = math.Tanh(e.m[1]) }},
	{name: "GELU", matrices: 2, oneRow: true,
		run:  func(m, _ [][]float32, _ []uint32, _ int) { GELU(m[0], m[1]) },
		want: func(e *element) { e.m[0] = exactGELU(e.m[1]) }},
	{name: "GELUGrad", matrices: 3, oneRow: true,
		run:  func(m, _ [][]float32, _ []uint32, _ int) { GELUGrad(m[0], m[1], m[2]) },
		want: func(e *element) { e.m[0] = e.m[1] * exactGELUSlope(e.m[2]) }},
	{name: "SiLU", matrices: 2, oneRow: true,
		run:  func(m, _ [][]float32, _ []uint32, _ int) { SiLU(m[0], m[1]) },
		want: func(e *element) { e.m[0] = exactSiLU(e.m[1]) }},
	{name: "SiLUGrad", matrices: 3, oneRow: true,
		run:  func(m, _ [][]float32, _ []uint32, _ int) { SiLUGrad(m[0], m[1], m[2]) },
		want: func(e *element) { e.m[0] = e.m[1] * exactSiLUSlope(e.m[2]) }},

	{name: "ReLU", matrices: 2, oneRow: true,
		run:  func(m, _ [][]float32, _ []uint32, _ int) { ReLU(m[0], m[1]) },
		want: func(e *element) { e.m[0] = max(e.m[1], 0) }},
	{name: "ReLUBits", matrices: 2, masked: true, oneRow: true,
		run:  func(m, _ [][]float32, bits []uint32, _ int) { ReLUBits(m[0], m[1], bits) },
		want: func(e *element) { e.m[0] = e.m[1]; e.relu() }},
	{name: "MaskScale", matrices: 2, masked: true, oneRow: true,
		run:  func(m, _ [][]float32, bits []uint32, _ int) { MaskScale(m[0], m[1], bits, 1.5) },
		want: func(e *element) { e.m[0] = e.masked(1.5 * e.m[1]) }},

	{name: "SGDStepPlain", matrices: 2, oneRow: true,
		run:  func(m, _ [][]float32, _ []uint32, _ int) { SGDStep(m[0], m[1], nil, 0.1, 0, 0.01, false) },
		want: func(e *element) { e.m[0] -= 0.1 * (e.m[1] + 0.01*e.m[0]) }},
	{name: "SGDStep", matrices: 3, oneRow: true,
		run: func(m, _ [][]float32, _ []uint32, _ int) { SGDStep(m[0], m[1], m[2], 0.1, 0.9, 0.01, false) },
		want: func(e *element) {
			e.m[2] = 0.9*e.m[2] + e.m[1] + 0.01*e.m[0]
			e.m[0] -= 0.1 * e.m[2]
		}},
	{name: "SGDStepNesterov", matrices: 3, oneRow: true,
		run: func(m, _ [][]float32, _ []uint32, _ int) { SGDStep(m[0], m[1], m[2], 0.1, 0.9, 0.01, true) },
		want: func(e *element) {
			g := e.m[1] + 0.01*e.m[0]
			e.m[2] = 0.9*e.m[2] + g
			e.m[0] -= 0.1 * (g + 0.9*e.m[2])
		}},
	{name: "AdamStep", matrices: 4, oneRow: true,
		run: func(m, _ [][]float32, _ []uint32, _ int) {
			AdamStep(m[0], m[1], m[2], m[3], 0.1, 0.9, 0.5, 1e-3, 0.01, 0.19, 0.75)
		},
		want: func(e *element) {
			g := e.m[1] + 0.01*e.m[0]
			e.m[2] = 0.9*e.m[2] + 0.1*g
			e.m[3] = 0.5*e.m[3] + 0.5*g*g
			e.m[0] -= 0.1 * (e.m[2] / 0.19) / (math.Sqrt(e.m[3]/0.75) + 1e-3)
		}},

	{name: "RMSPropStep", matrices: 4, oneRow: true,
		run: func(m, _ [][]float32, _ []uint32, _ int) {
			RMSPropStep(m[0], m[1], m[2], m[3], 0.1, 0.9, 0.8, 1e-3, 0.01)
		},
		want: func(e *element) {
			g := e.m[1] + 0.01*e.m[0]
			e.m[2] = 0.9*e.m[2] + 0.1*g*g
			e.m[3] = 0.8*e.m[3] + 0.1*g/math.Sqrt(e.m[2]+1e-3)
			e.m[0] -= e.m[3]
		}},

	{name: "AddRow", matrices: 2, vectors: 1,
		run:  func(m, v [][]float32, _ []uint32, rows int) { AddRow(m[0], m[1], v[0], rows) },
		want: func(e *element) { e.m[0] = e.m[1] + e.v[0] }},
	{name: "ScaleShiftRows", matrices: 2, vectors: 2,
		run:  func(m, v [][]float32, _ []uint32, rows int) { ScaleShiftRows(m[0], m[1], v[0], v[1], rows) },
		want: func(e *element) { e.m[0] = e.m[1]*e.v[0] + e.v[1] }},
	{name: "ScaleShiftReLURows", matrices: 2, vectors: 2, masked: true,
		run: func(m, v [][]float32, bits []uint32, rows int) {
			ScaleShiftReLURows(m[0], m[1], v[0], v[1], bits, 1.5, rows)
		},
		want: func(e *element) {
			kept := e.bit
			e.m[0] = e.m[1]*e.v[0] + e.v[1]
			e.relu()
			e.bit = e.bit && kept
			e.m[0] = e.masked(1.5 * e.m[0])
		}},
	{name: "ScaleShiftSiLURows", matrices: 2, vectors: 2,
		run:  func(m, v [][]float32, _ []uint32, rows int) { ScaleShiftSiLURows(m[0], m[1], v[0], v[1], rows) },
		want: func(e *element) { e.m[0] = exactSiLU(e.m[1]*e.v[0] + e.v[1]) }},
	{name: "SiLUGradRows", matrices: 3, vectors: 2,
		run:  func(m, v [][]float32, _ []uint32, rows int) { SiLUGradRows(m[0], m[1], m[2], v[0], v[1], rows) },
		want: func(e *element) { e.m[0] = e.m[1] * exactSiLUSlope(e.m[2]*e.v[0]+e.v[1]) }},
	{name: "BNBackwardRows", matrices: 3, vectors: 3,
		run: func(m, v [][]float32, _ []uint32, rows int) {
			BNBackwardRows(m[0], m[1], m[2], v[0], v[1], v[2], rows)
		},
		want: func(e *element) { e.m[0] = e.v[0]*e.m[1] + e.v[1]*e.m[2] + e.v[2] }},
	{name: "BNReLUBackwardRows", matrices: 3, vectors: 3, masked: true,
		run: func(m, v [][]float32, bits []uint32, rows int) {
			BNReLUBackwardRows(m[0], m[1], m[2], v[0], v[1], v[2], bits, 1.5, rows)
		},
		want: func(e *element) { e.m[0] = e.v[0]*e.masked(1.5*e.m[1]) + e.v[1]*e.m[2] + e.v[2] }},

	{name: "SumRows", matrices: 1, vectors: 1,
		run:  func(m, v [][]float32, _ []uint32, rows int) { SumRows(v[0], m[0], rows) },
		want: func(e *element) { e.v[0] += e.m[0] }},
	{name: "SumMomentsRows", matrices: 1, vectors: 3,
		run: func(m, v [][]float32, _ []uint32, rows int) { SumMomentsRows(v[0], v[1], m[0], rows, v[2]) },
		want: func(e *element) {
			d := e.m[0] - e.v[2]
			e.v[0] += d
			e.v[1] += d * d
		}},
	{name: "SumDotRows", matrices: 2, vectors: 3,
		run: func(m, v [][]float32, _ []uint32, rows int) { SumDotRows(v[0], v[1], m[0], m[1], v[2], rows) },
		want: func(e *element) {
			e.v[0] += e.m[0]
			e.v[1] += e.m[0] * (e.m[1] - e.v[2])
		}},
	{name: "MaskSumDotRows", matrices: 2, vectors: 3, masked: true,
		run: func(m, v [][]float32, bits []uint32, rows int) {
			MaskSumDotRows(v[0], v[1], m[0], m[1], v[2], bits, 1.5, rows)
		},
		want: func(e *element) {
			g := e.masked(1.5 * e.m[0])
			e.v[0] += g
			e.v[1] += g * (e.m[1] - e.v[2])
		}},
}
