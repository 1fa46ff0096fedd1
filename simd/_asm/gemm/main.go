// Command gemm writes the amd64 assembly of matrix multiplication.
package main

import (
	"autodropout/simd/asm/emit"

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

// fmaLoop writes a loop of independent multiply-adds on registers: as fast as
// this processor can go.
func fmaLoop(s set) {
	TEXT("fmaLoop"+s.name(), NOSPLIT, "func(iterations int)")
	Pragma("noescape")
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
