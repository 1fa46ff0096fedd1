package main

import (
	"context"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"log"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"autodropout/autograd"
	"autodropout/data"
	"autodropout/dropout"
	"autodropout/layers"
	"autodropout/models"
	"autodropout/train"
)

func Example() {
	fit, test, err := data.Synthetic(data.SyntheticConfig{Train: 200, Test: 100})
	if err != nil {
		log.Fatal(err)
	}
	model, err := models.NewWRN(models.WRNConfig{Depth: 10, Width: 1, Classes: len(fit.Classes)})
	if err != nil {
		log.Fatal(err)
	}
	policy, err := dropout.NewDropBlock(7, 0.9, model.Sites())
	if err != nil {
		log.Fatal(err)
	}
	trainer, err := train.New(model, fit, train.Config{Epochs: 1, Batch: 50, Common: train.Common{Policy: policy}})
	if err != nil {
		log.Fatal(err)
	}
	if err := trainer.Run(context.Background()); err != nil {
		log.Fatal(err)
	}
	score, err := trainer.Evaluate(context.Background(), test)
	if err != nil {
		log.Fatal(err)
	}
	logits := layers.Predict(model, autograd.New(2, 32, 32, 3)) // prediction is one line
	fmt.Println(score.Images, "test images; logits of two more:", logits.Shape())
	// Output: 100 test images; logits of two more: [2 10]
}

// The README's code is the example above, so it compiles and runs.
func TestReadmeShowsTheExample(t *testing.T) {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "readme_test.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	example := file.Scope.Lookup("Example").Decl.(*ast.FuncDecl)
	source, err := os.ReadFile("readme_test.go")
	if err != nil {
		t.Fatal(err)
	}
	body := string(source[fset.Position(example.Body.Lbrace).Offset+1 : fset.Position(example.Body.Rbrace).Offset])
	body, _, _ = strings.Cut(body, "\t// Output:")
	want, err := format.Source([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(readme), "```go\n"+strings.TrimSpace(strings.ReplaceAll("\n"+string(want), "\n\t", "\n"))+"\n```") {
		t.Error("README.md does not show the body of Example")
	}
}

// TestReadmeIsShort holds README to a length that is read at once.
func TestReadmeIsShort(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(readme)), "\n")
	if len(lines) > 120 {
		t.Errorf("README.md has %d lines, at most 120 are meant", len(lines))
	}
	for i, line := range lines {
		if n := utf8.RuneCountInString(line); n > 120 {
			t.Errorf("line %d of README.md has %d characters, at most 120 are meant", i+1, n)
		}
	}
}

// The README's code for a learned pattern is that of this test.
func TestReadmeUsesAPattern(t *testing.T) {
	learned, err := filepath.Abs("../../patterns/cifar10-few-wrn-10-1.json")
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile("readme_test.go")
	if err != nil {
		t.Fatal(err)
	}
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```go\n(.*?)```").FindAllStringSubmatch(string(readme), -1)
	if len(blocks) != 2 {
		t.Errorf("README.md has %d pieces of code, 2 are tested", len(blocks))
	}
	for _, b := range blocks {
		if !strings.Contains(strings.ReplaceAll(string(source), "\n\t", "\n"), b[1]) {
			t.Errorf("README.md shows what no test runs:\n%s", b[1])
		}
	}
	t.Chdir(t.TempDir())
	text, err := os.ReadFile(learned)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("best-pattern.json", text, 0o600); err != nil {
		t.Fatal(err)
	}
	model, err := models.NewWRN(models.WRNConfig{Depth: 28, Width: 2, Classes: 10})
	if err != nil {
		t.Fatal(err)
	}
	pattern, err := dropout.LoadPattern("best-pattern.json")
	if err != nil {
		log.Fatal(err)
	}
	policy, err := pattern.Policy(model.Sites())
	if err != nil || policy == nil {
		t.Errorf("the policy is %v, error %v", policy, err)
	}
}
