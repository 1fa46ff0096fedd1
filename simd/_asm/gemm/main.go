// Command gemm writes the amd64 assembly of matrix multiplication.
package main

import (
	. "github.com/mmcloughlin/avo/build"
)

func main() {
	ConstraintExpr("!purego")
	Generate()
}
