// Command gemm writes the amd64 assembly of matrix multiplication.
package main

import (
	"autodropout/simd/asm/emit"
	"autodropout/simd/asm/kernels"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

func main() {
	ConstraintExpr("!purego")
	for _, s := range []set{avx512{}, avx2{}} {
		tile(s)
		fmaLoop(s)
	}
	transpose()
	copyRows()
	emit.Generate()
}

// begin starts a kernel's function of a set.
func begin(s set, name string) {
	TEXT(name+s.name(), NOSPLIT, kernels.Signature(name, s.name()))
	Pragma("noescape")
}

// fmaLoop writes a loop of independent multiply-adds on registers: as fast as
// this processor can go.
func fmaLoop(s set) {
	begin(s, "fmaLoop")
	n := Load(Param("iterations"), GP64())
	accumulators := make([]vector, fmaLoopWidth)
	for i := range accumulators {
		accumulators[i] = s.vector()
		s.zero(accumulators[i])
	}
	Label("loop")
	for _, acc := range accumulators {
		VFMADD231PS(acc, acc, acc)
	}
	DECQ(n)
	JNE(LabelRef("loop"))
	VZEROUPPER()
	RET()
}

const fmaLoopWidth = 12
