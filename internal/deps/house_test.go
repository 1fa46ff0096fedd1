package deps

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The bounds of the benchmarks: what is larger is more than one thing.
const (
	mostMethods = 20  // of a type
	mostLines   = 300 // of a file, but for tests
)

// TestBounds counts the methods of types and the lines of files in the benchmarks.
func TestBounds(t *testing.T) {
	methods := map[string]int{} // by folder and type
	eachFile(t, func(relative, name string) {
		if !strings.HasPrefix(relative, "benchmarks/") || strings.HasSuffix(name, "_test.go") {
			return
		}
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if n := bytes.Count(source, []byte("\n")); n > mostLines {
			t.Errorf("%s has %d lines, at most %d are meant", relative, n, mostLines)
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, source, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv != nil {
				methods[filepath.Dir(relative)+"."+receiver(f.Recv.List[0].Type)]++
			}
		}
	})
	for of, n := range methods {
		if n > mostMethods {
			t.Errorf("%s has %d methods, at most %d are meant", of, n, mostMethods)
		}
	}
	if len(methods) < 50 {
		t.Errorf("only %d types were found", len(methods))
	}
}

// receiver names the type of a method.
func receiver(of ast.Expr) string {
	switch e := of.(type) {
	case *ast.StarExpr:
		return receiver(e.X)
	case *ast.IndexExpr:
		return receiver(e.X)
	case *ast.IndexListExpr:
		return receiver(e.X)
	case *ast.Ident:
		return e.Name
	}
	return ""
}
