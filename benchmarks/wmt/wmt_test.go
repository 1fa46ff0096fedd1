package main

import (
	"path/filepath"
	"testing"

	"autodropout/benchmarks/internal/benchtest"
	"autodropout/models"
)

// TestRun takes a tiny experiment from the command line to the table.
func TestRun(t *testing.T) {
	benchtest.Program(benchmark.Run).Prints(t, []string{"not WMT-14 En-Fr", "test BLEU", "test sacreBLEU", "Paper: 40 is Transformer-Base", "AutoDropout (searched here)"},
		"-data", "synthetic", "-train-size", "60", "-test-size", "5", "-epochs", "1", "-seeds", "1", "-method", "transferred,autodropout", "-trials", "2",
		"-layers", "1", "-search-layers", "1", "-width", "8", "-heads", "2", "-inner", "8", "-search-width", "8", "-search-inner", "8",
		"-out", filepath.Join(t.TempDir(), "run"))
}

// The recipe is for Transformer-Base.
func TestRecipe(t *testing.T) {
	r, want := benchmark.Recipe, models.TransformerBase(1)
	if r.Layers != want.Layers || r.Width != want.Width || r.Heads != want.Heads || r.Inner != want.Inner || r.PreNorm != want.PreNorm {
		t.Errorf("the recipe has the model %+v", r)
	}
}
