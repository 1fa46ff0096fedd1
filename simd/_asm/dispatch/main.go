// Command dispatch writes the Go functions that run the right version of a
// kernel, and the declarations of the assembly.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"log"
	"os"
	"strings"

	"autodropout/simd/asm/kernels"
)

// An architecture has instruction sets, the best one first.
type architecture struct {
	constraint string
	sets       []string
}

var architectures = map[string]architecture{
	"amd64": {"!purego", []string{"AVX512", "AVX2"}},
	"arm64": {"!purego", []string{"NEON"}},
	"noasm": {"purego || !(amd64 || arm64)", nil},
}

func main() {
	name := flag.String("for", "", "`architecture`: amd64, arm64, or noasm for all others")
	out := flag.String("out", "", "file to write")
	flag.Parse()
	a, ok := architectures[*name]
	if !ok {
		log.Fatalf("-for %q is none of amd64, arm64 and noasm", *name)
	}
	var functions, stubs bytes.Buffer
	for _, k := range kernels.Table {
		if !k.IsByHand(*name) {
			writeFunction(&functions, &k, a.sets)
		}
		for _, set := range a.sets {
			if stub := k.Stub(set); stub != "" {
				fmt.Fprintf(&stubs, "//go:noescape\nfunc %s%s%s\n\n", k.Name(), set, stub)
			}
		}
	}
	race := ""
	if len(a.sets) > 0 {
		race = fmt.Sprintf("import %q\n\n", module()+"/internal/race")
	}
	text := fmt.Sprintf("// Code generated from the table of kernels in _asm. DO NOT EDIT.\n\n//go:build %s\n\npackage simd\n\n%s%s%s", a.constraint, race, &functions, &stubs)
	formatted, err := format.Source([]byte(text))
	if err != nil {
		log.Fatal(err)
	}
	if err := os.WriteFile(*out, formatted, 0o666); err != nil {
		log.Fatal(err)
	}
}

// module returns the path of the module that package simd is part of.
func module() string {
	text, err := os.ReadFile("../../go.mod")
	if err != nil {
		log.Fatal(err)
	}
	line, _, _ := strings.Cut(string(text), "\n")
	return strings.TrimPrefix(line, "module ")
}

// writeFunction writes a kernel's function: a branch on a bool and a direct call
// for every set that there is assembly for, then the call of the version in Go.
func writeFunction(w *bytes.Buffer, k *kernels.Kernel, sets []string) {
	fmt.Fprintf(w, "func %s {\n", k.Func)
	for _, set := range sets {
		if v := k.Version(set); v != nil {
			writeBranch(w, k, v, set)
		}
	}
	call(w, k, "Generic", "")
	w.WriteString("}\n\n")
}

func writeBranch(w *bytes.Buffer, k *kernels.Kernel, v *kernels.Version, set string) {
	condition := "use" + set
	if v.Multiple > 0 {
		condition += fmt.Sprintf(" && %s%%%d == 0", v.Length, v.Multiple)
	}
	fmt.Fprintf(w, "if %s {\n", condition)
	if k.Writes != "-" {
		_, slices := parameters(k)
		for _, x := range slices {
			access := "Read"
			if x == k.Own {
				continue
			}
			if strings.Contains(", "+k.Writes+",", ", "+x+",") {
				access = "Write"
			}
			fmt.Fprintf(w, "race.%s(%s)\n", access, x)
		}
	}
	call(w, k, set, v.Constants)
	if v.Group > 0 {
		writeRest(w, k, v.Group)
	} else if !hasResult(k) {
		w.WriteString("return\n")
	}
	w.WriteString("}\n")
}

// writeRest leaves the elements behind the last whole group to what follows. A
// slice called bits has a bit an element.
func writeRest(w *bytes.Buffer, k *kernels.Kernel, group int) {
	_, xs := parameters(k)
	fmt.Fprintf(w, "whole := len(%s) &^ %d\nif whole == len(%s) {\nreturn\n}\n", xs[0], group-1, xs[0])
	rests := make([]string, len(xs))
	for i, x := range xs {
		rests[i] = x + "[whole:]"
		if x == "bits" {
			rests[i] = "bits[whole/32:]"
		}
	}
	fmt.Fprintf(w, "%s = %s\n", strings.Join(xs, ", "), strings.Join(rests, ", "))
}

// call writes the call of a version, with what it is given besides the kernel's
// arguments.
func call(w *bytes.Buffer, k *kernels.Kernel, version, constants string) {
	arguments, _ := parameters(k)
	if constants != "" {
		arguments = append(arguments, constants)
	}
	result := ""
	if hasResult(k) {
		result = "return "
	}
	fmt.Fprintf(w, "%s%s%s(%s)\n", result, k.Name(), version, strings.Join(arguments, ", "))
}

// parameters returns the names of a kernel's parameters, and of those that are
// slices.
func parameters(k *kernels.Kernel) (all, slices []string) {
	for _, field := range declaration(k).Params.List {
		_, slice := field.Type.(*ast.ArrayType)
		for _, name := range field.Names {
			all = append(all, name.Name)
			if slice {
				slices = append(slices, name.Name)
			}
		}
	}
	return all, slices
}

func hasResult(k *kernels.Kernel) bool { return declaration(k).Results != nil }

func declaration(k *kernels.Kernel) *ast.FuncType {
	expression, err := parser.ParseExpr("func" + k.Params())
	if err != nil {
		log.Fatalf("%s: %v", k.Func, err)
	}
	return expression.(*ast.FuncType)
}
