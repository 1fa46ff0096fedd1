// Package emit writes what a generator has built, if the processors that
// dispatch lets run it have all its instructions.
package emit

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/ir"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/pass"
	"github.com/mmcloughlin/avo/reg"
)

// Generate writes the file that the flags of the program name.
func Generate() {
	pass.Compile = pass.Concat(pass.Compile, pass.FunctionPass(check))
	build.Generate()
}

// Extensions that every x86-64 processor has, and those that dispatch asks for.
var (
	base   = []string{"CMOV", "MMX", "MMX+", "SSE", "SSE2"}
	avx2   = []string{"AVX", "AVX2", "FMA3"}
	avx512 = []string{"AVX512F", "AVX512DQ", "AVX512BW", "AVX512VL"}
)

// check refuses a function with an instruction that not every processor has
// whose set the function's name ends in.
func check(f *ir.Function) error {
	extensions, wide := slices.Clone(base), false
	switch {
	case strings.HasSuffix(f.Name, "AVX2"):
		extensions = append(extensions, avx2...)
	case strings.HasSuffix(f.Name, "AVX512"):
		extensions, wide = append(append(extensions, avx2...), avx512...), true
	}
	for _, i := range f.Instructions() {
		for _, e := range i.ISA {
			if !slices.Contains(extensions, e) {
				return refusal(f, i, "the instruction is part of "+e)
			}
		}
		for _, op := range i.Operands {
			for _, r := range operand.Registers(op) {
				if !wide && needsAVX512(r) {
					return refusal(f, i, "register "+r.Asm()+" is part of AVX512F")
				}
			}
		}
	}
	return nil
}

// needsAVX512 tells what the list of extensions of an instruction leaves out: the
// assembler encodes the same instruction otherwise for these registers.
func needsAVX512(r reg.Register) bool {
	switch r.Kind() {
	case reg.KindOpmask:
		return true
	case reg.KindVector:
		return r.Size() > 32 || reg.ToPhysical(r).PhysicalIndex() > 15
	}
	return false
}

func refusal(f *ir.Function, i *ir.Instruction, why string) error {
	operands := make([]string, len(i.Operands))
	for n, op := range i.Operands {
		operands[n] = op.Asm()
	}
	return fmt.Errorf("%s: %s %s: %s, which processors that run this function need not have", f.Name, i.OpcodeWithSuffixes(), strings.Join(operands, ", "), why)
}
