package sheet

import (
	"bytes"
	"path/filepath"
	"testing"

	"autodropout/benchmarks/internal/runfolder"
	"autodropout/internal/golden"
)

func sampleResult() *runfolder.Result {
	paper := &runfolder.Paper{Value: 3.2, Setting: "as published"}
	return &runfolder.Result{
		Task: "image classification", Dataset: "CIFAR-10", Split: "test", Metric: "error", Unit: "%", Model: "WRN-28-10",
		Preset: "paper", Seed: 1, Command: "go run ./benchmarks/try", Date: "2026-11-23T12:00:00Z", Commit: "unknown", CPU: "some processor", SIMD: "avx2", Seconds: 4000.5, Memory: 312_000_000, Summary: "The best is AutoDropout.",
		Rows: []runfolder.Row{
			runfolder.NewRow("none", []runfolder.Score{{Value: 4}, {Value: 5}, {Value: 6}}, 0, 90, nil),
			runfolder.NewRow("Dropout", []runfolder.Score{{Value: 4.25}}, 0, 0.5, nil),
			runfolder.NewRow("AutoDropout", []runfolder.Score{{Value: 3}}, 1, 3910, paper),
		},
		BestPattern: []byte(`{"version": 1}`),
	}
}

// same compares a text with a committed file.
func same(t *testing.T, name string, got []byte) {
	t.Helper()
	if want := golden.Committed(t, filepath.Join("testdata", name), got); !bytes.Equal(got, want) {
		t.Errorf("%s is now\n%s\nwant\n%s", name, got, want)
	}
}

func TestGolden(t *testing.T) {
	r := sampleResult()
	same(t, "table.txt", Table(r))
}

func TestTableWithValidation(t *testing.T) {
	r := runfolder.Result{Task: "language modelling", Dataset: "some text", Split: "test", Metric: "perplexity", Model: "Transformer-XL", Preset: "quick", Floor: 9.2,
		Rows: []runfolder.Row{
			runfolder.NewRow("none", []runfolder.Score{{Value: 12, Valid: 10}, {Value: 14, Valid: 10}}, 0, 5, nil),
			runfolder.NewRow("AutoDropout", []runfolder.Score{{Value: 3, Valid: 4}}, 1, 9, &runfolder.Paper{Valid: 58.1, Value: 54.9, Setting: "as published"}),
		}}
	same(t, "table-valid.txt", Table(&r))
}

func TestTableWithMoreMeasures(t *testing.T) {
	r := runfolder.Result{Task: "translation", Dataset: "some text", Split: "test", Metric: "BLEU", Model: "Transformer", Preset: "study",
		Also: []string{"valid BLEU", "test sacreBLEU"}, Notes: []string{"BLEU is nrefs:1.", "Nothing else."},
		Rows: []runfolder.Row{
			runfolder.NewRow("none", []runfolder.Score{{Value: 12, Also: []float64{0, 11}}, {Value: 14, Also: []float64{2, 12}}}, 0, 5, nil),
			runfolder.NewRow("Dropout", nil, 1, 9, nil),
		}}
	same(t, "table-also.txt", Table(&r))
}

// TestAmount writes perplexities of models that have all but diverged in few digits.
func TestAmount(t *testing.T) {
	for value, want := range map[float64]string{4.5: "4.50 %", 12_345_678: "12345678.00 %", 7.0267e167: "7.03e+167 %"} {
		if got := (Metric{Unit: "%"}).Amount(value); got != want {
			t.Errorf("%v is written %q, want %q", value, got, want)
		}
	}
}
