#!/usr/bin/env bash
# github.com/mmcloughlin/avo v0.6.0.
#
# Seventeen vectors are alive at once in a kernel of AVX instructions. The
# register allocator hands out Y16, which only AVX-512VL has, and the comment above
# the kernel still says "Requires: AVX". Go's assembler takes it and encodes those
# instructions with EVEX prefixes.
#
# What follows: "Requires" does not say where a kernel runs. Our generator refuses
# registers above 15 in kernels for AVX2, a test reads the committed assembly, and
# CI runs it on emulated processors.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
cat > main.go <<'GO'
package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

func main() {
	TEXT("sum", NOSPLIT, "func(x *[17][8]float32, y *[8]float32)")
	x, y := Load(Param("x"), GP64()), Load(Param("y"), GP64())
	var alive []VecVirtual
	for i := range 17 {
		alive = append(alive, YMM())
		VMOVUPS(Mem{Base: x, Disp: 32 * i}, alive[i])
	}
	for _, vector := range alive[1:] {
		VADDPS(vector, alive[0], alive[0])
	}
	VMOVUPS(alive[0], Mem{Base: y})
	RET()
	Generate()
}
GO
go_packages github.com/mmcloughlin/avo@v0.6.0 golang.org/x/tools@v0.52.0
go run . | grep -oE 'Requires: .*|VADDPS +Y16.*' | same 'Requires: AVX
VADDPS  Y16, Y0, Y0'
