package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"autodropout/benchmarks/internal/kills"
	"autodropout/models"
)

// TestRun takes a tiny experiment from the command line to the table.
func TestRun(t *testing.T) {
	var stdout, stderr bytes.Buffer
	code := benchmark.Run(t.Context(), []string{"-data", "synthetic", "-train-size", "1000", "-test-size", "1000", "-epochs", "1", "-seeds", "1",
		"-method", "variational,autodropout", "-trials", "2", "-finalists", "0", "-layers", "1", "-search-layers", "1", "-width", "8", "-heads", "2", "-inner", "8",
		"-search-width", "8", "-search-inner", "8", "-out", filepath.Join(t.TempDir(), "run")}, &stdout, &stderr)
	if code != 0 {
		t.Fatalf("exit code %d\n%s%s", code, &stdout, &stderr)
	}
	for _, want := range []string{"not Penn Treebank", "test perplexity", "Paper: 58.1 / 54.9 is Transformer-XL.", "least test perplexity that can be expected"} {
		if !strings.Contains(stdout.String(), want) {
			t.Errorf("the output does not have %q:\n%s", want, &stdout)
		}
	}
}

func TestMain(m *testing.M) { kills.Main(m, benchmark.Run) }

func TestKills(t *testing.T) {
	kills.Test(t, "-data", "synthetic", "-train-size", "1000", "-test-size", "1000", "-batch", "6", "-epochs", "2", "-bptt", "20", "-memory", "10",
		"-eval-bptt", "10", "-jitter", "-shards", "2", "-mean-epochs", "1", "-search-epochs", "1", "-trials", "4", "-finalists", "1", "-in-flight", "2", "-workers", "1",
		"-seeds", "1", "-method", "none,autodropout", "-layers", "2", "-width", "8", "-heads", "2", "-inner", "8",
		"-search-layers", "1", "-search-width", "8", "-search-inner", "8", "-lr", "0.01", "-warm-up", "2")
}

// The recipe is for a model of 24.04 million parameters.
func TestRecipe(t *testing.T) {
	r := benchmark.Recipe
	want := models.TransformerXLPTB()
	if r.Layers != want.Layers || r.Width != want.Width || r.Heads != want.Heads || r.Width/r.Heads != want.HeadWidth || r.Inner != want.Inner || r.Positions {
		t.Errorf("the recipe has the model %+v", r)
	}
}
