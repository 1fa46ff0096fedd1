package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"autodropout/benchmarks/internal/benchtest"
	"autodropout/models"
)

// With clusters of rare words, as only this benchmark has them.
func TestPieces(t *testing.T) {
	benchtest.Program(benchmark.Run).Pieces(t, []string{"-data", "synthetic", "-train-size", "1000", "-test-size", "1000", "-epochs", "2", "-seeds", "1", "-batch", "6",
		"-bptt", "20", "-memory", "10", "-eval-bptt", "10", "-method", "none,random", "-trials", "2", "-finalists", "0", "-layers", "1", "-search-layers", "1", "-width", "8",
		"-heads", "2", "-inner", "8", "-cutoffs", "50,200", "-search-width", "8", "-search-inner", "8", "-mean-epochs", "0"}, 5, 16)
}

// TestRun takes a tiny experiment from the command line to the table, where no
// number of the paper is confirmed.
func TestRun(t *testing.T) {
	var stdout, stderr bytes.Buffer
	code := benchmark.Run(t.Context(), []string{"-data", "synthetic", "-train-size", "1000", "-test-size", "1000", "-epochs", "1", "-seeds", "1",
		"-method", "none,random", "-trials", "2", "-finalists", "0", "-layers", "1", "-search-layers", "1", "-width", "8", "-heads", "2", "-inner", "8", "-cutoffs", "50,200",
		"-search-width", "8", "-search-inner", "8", "-out", filepath.Join(t.TempDir(), "run")}, &stdout, &stderr)
	if code != 0 {
		t.Fatalf("exit code %d\n%s%s", code, &stdout, &stderr)
	}
	if !strings.Contains(stdout.String(), "not WikiText-2") || !strings.Contains(stdout.String(), "test perplexity") {
		t.Errorf("the output is\n%s", &stdout)
	}
	for _, line := range strings.Split(stdout.String(), "\n") {
		if strings.HasPrefix(line, "| random") && !strings.HasSuffix(strings.TrimRight(line, " |"), "-") {
			t.Errorf("a number of the paper is printed: %s", line)
		}
	}
}

// The recipe is for a model of 37.71 million parameters.
func TestRecipe(t *testing.T) {
	r := benchmark.Recipe
	want := models.TransformerXLWikiText2()
	if r.Layers != want.Layers || r.Width != want.Width || r.Heads != want.Heads || r.Width/r.Heads != want.HeadWidth || r.Inner != want.Inner || !r.Positions {
		t.Errorf("the recipe has the model %+v", r)
	}
}
