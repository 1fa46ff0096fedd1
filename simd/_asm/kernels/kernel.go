// Package kernels lists the kernels of package simd: what assembly there is, what
// it is called with, and when it runs.
package kernels

import (
	"fmt"
	"slices"
	"strings"
)

// A Kernel is a function of package simd that has versions in assembly, besides
// that in Go with the suffix Generic.
type Kernel struct {
	Func   string // its declaration, without func
	Writes string // slices that the assembly writes; it reads the others. "-": callers tell the race detector
	Own    string // a slice that no other goroutine knows
	ByHand string // architectures for which the function is written by hand, as it does more than call the assembly

	AVX2, AVX512, NEON *Version
}

// A Version is a kernel's assembly for one instruction set.
type Version struct {
	Params string // those of the assembly, if not the kernel's

	// What the assembly leaves to Go: calls in which Length is no multiple of
	// Multiple, or the elements behind the last whole group of Group.
	Length   string
	Multiple int
	Group    int

	Constants, ConstantsType string // what is passed behind the kernel's arguments
}

// Name returns the name of a kernel's function.
func (k *Kernel) Name() string { name, _, _ := strings.Cut(k.Func, "("); return name }

// Params returns the parameters and results of a kernel's function, from the
// parenthesis on.
func (k *Kernel) Params() string { return strings.TrimPrefix(k.Func, k.Name()) }

// IsByHand reports whether a kernel's function is written by hand.
func (k *Kernel) IsByHand(architecture string) bool {
	return slices.Contains(strings.Fields(k.ByHand), architecture)
}

// Version returns a kernel's assembly for an instruction set, or nil.
func (k *Kernel) Version(set string) *Version {
	return map[string]*Version{"AVX2": k.AVX2, "AVX512": k.AVX512, "NEON": k.NEON}[set]
}

// Stub returns the parameters and results of a kernel's assembly, or "" if there
// is none for the set.
func (k *Kernel) Stub(set string) string {
	v := k.Version(set)
	switch {
	case v == nil:
		return ""
	case v.Params != "":
		return v.Params
	case v.Constants != "":
		return strings.Replace(k.Params(), ")", ", constants *"+v.ConstantsType+")", 1)
	}
	return k.Params()
}

// Signature returns the type of a kernel's assembly with the types that avo
// knows.
func Signature(name, set string) string {
	for _, k := range Table {
		if stub := k.Stub(set); k.Name() == name && stub != "" {
			return "func" + predeclared.Replace(stub)
		}
	}
	panic(fmt.Sprintf("the table has no kernel %s for %s", name, set))
}

var predeclared = strings.NewReplacer("*partials", "*[16]float64", "*adamFactors", "*[7]float32", "*rmsPropFactors", "*[6]float32")
