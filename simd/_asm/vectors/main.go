// Command vectors writes the amd64 assembly of one family of vector kernels.
package main

import (
	"flag"
	"log"

	"autodropout/simd/asm/emit"

	. "github.com/mmcloughlin/avo/build"
)

// families are named as the files of package simd are.
var families = map[string]func(){
	"arith":    arith,
	"ends":     func() { endRows(avx2{}); endRows(avx512{}) },
	"exp":      exp,
	"mask":     mask,
	"optim":    optim,
	"philox":   philox,
	"pool":     pool,
	"reduce":   reduce,
	"rows":     rows,
	"rowsums":  rowSums,
	"taps":     taps,
	"softmax":  softmax,
	"winograd": winograd,
}

// bothSets are for kernels that gain from wider vectors in cache: those that
// compute much or work with bits. For the others memory is the limit.
var bothSets = []set{avx2{}, avx512{}}

func main() {
	family := flag.String("family", "", "family of kernels to write")
	flag.Parse()
	write, ok := families[*family]
	if !ok {
		log.Fatalf("-family %q is not one of the kernel families", *family)
	}
	ConstraintExpr("!purego")
	write()
	emit.Generate()
}
