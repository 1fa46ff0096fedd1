package main

import (
	"fmt"
	"go/ast"
	"go/build"
	"go/doc"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// library is a package of the module that other modules may import.
type library struct {
	path    string // below the module
	module  string
	imports []string // of other packages of the library, by their paths
	files   *token.FileSet
	doc     *doc.Package
	names   map[string]bool // what links can lead to: Name and Type.Method
}

func (p *library) output() string { return "packages/" + p.path + ".html" }

// apart are folders of packages that other modules do not import.
var apart = []string{"internal", "benchmarks", "doc", "testdata"}

// loadLibrary reads all packages of the library, in the order of their paths.
func loadLibrary(root string) ([]*library, error) {
	mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		return nil, err
	}
	module, _, _ := strings.Cut(strings.TrimPrefix(string(mod), "module "), "\n")
	var all []*library
	err = filepath.WalkDir(root, func(name string, e fs.DirEntry, err error) error {
		if err != nil || !e.IsDir() {
			return err
		}
		if name != root && (slices.Contains(apart, e.Name()) || strings.ContainsAny(e.Name()[:1], "._")) {
			return filepath.SkipDir
		}
		below, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		p := &library{path: filepath.ToSlash(below), module: module, files: token.NewFileSet()}
		if err := p.read(name); err != nil {
			return err
		}
		if p.doc != nil && p.doc.Name != "main" {
			all = append(all, p)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, p := range all {
		p.imports = slices.DeleteFunc(p.imports, func(i string) bool {
			return !slices.ContainsFunc(all, func(other *library) bool { return other.path == i })
		})
	}
	return all, nil
}

// read parses the files of a folder as on linux/amd64, so that the site is the same
// wherever it is made; doc stays nil where there is no Go.
func (p *library) read(folder string) error {
	target := build.Default
	target.GOOS, target.GOARCH = "linux", "amd64"
	entries, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	var files []*ast.File
	any := false
	for _, e := range entries {
		if path.Ext(e.Name()) != ".go" {
			continue
		}
		if fits, err := target.MatchFile(folder, e.Name()); err != nil || !fits {
			if err != nil {
				return err
			}
			continue
		}
		file, err := parser.ParseFile(p.files, filepath.Join(folder, e.Name()), nil, parser.ParseComments)
		if err != nil {
			return err
		}
		files = append(files, file)
		if strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		any = true
		for _, i := range importsOf(file) {
			if below, ours := strings.CutPrefix(i, p.module+"/"); ours && !slices.Contains(p.imports, below) {
				p.imports = append(p.imports, below)
			}
		}
	}
	if !any {
		return nil
	}
	slices.Sort(p.imports)
	if p.doc, err = doc.NewFromFiles(p.files, files, p.module+"/"+p.path); err != nil {
		return fmt.Errorf("%s: %w", folder, err)
	}
	p.collectNames()
	return nil
}

func importsOf(file *ast.File) (paths []string) {
	for _, i := range file.Imports {
		if value, err := strconv.Unquote(i.Path.Value); err == nil {
			paths = append(paths, value)
		}
	}
	return paths
}

func (p *library) collectNames() {
	p.names = map[string]bool{}
	values := func(list []*doc.Value) {
		for _, v := range list {
			for _, name := range v.Names {
				p.names[name] = true
			}
		}
	}
	values(p.doc.Consts)
	values(p.doc.Vars)
	for _, f := range p.doc.Funcs {
		p.names[f.Name] = true
	}
	for _, t := range p.doc.Types {
		p.names[t.Name] = true
		values(t.Consts)
		values(t.Vars)
		for _, f := range t.Funcs {
			p.names[f.Name] = true
		}
		for _, m := range t.Methods {
			p.names[t.Name+"."+m.Name] = true
		}
	}
}
