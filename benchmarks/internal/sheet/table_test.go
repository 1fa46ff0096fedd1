package sheet

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

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
	same(t, "table.txt", Table(r, 0))
}

func TestTableWithValidation(t *testing.T) {
	r := runfolder.Result{Task: "language modelling", Dataset: "some text", Split: "test", Metric: "perplexity", Model: "Transformer-XL", Preset: "quick", Floor: 9.2,
		Rows: []runfolder.Row{
			runfolder.NewRow("none", []runfolder.Score{{Value: 12, Valid: 10}, {Value: 14, Valid: 10}}, 0, 5, nil),
			runfolder.NewRow("AutoDropout", []runfolder.Score{{Value: 3, Valid: 4}}, 1, 9, &runfolder.Paper{Valid: 58.1, Value: 54.9, Setting: "as published"}),
		}}
	same(t, "table-valid.txt", Table(&r, 0))
}

func TestTableWithMoreMeasures(t *testing.T) {
	r := runfolder.Result{Task: "translation", Dataset: "some text", Split: "test", Metric: "BLEU", Model: "Transformer", Preset: "study",
		Also: []string{"valid BLEU", "test sacreBLEU"}, Notes: []string{"BLEU is nrefs:1.", "Nothing else."},
		Rows: []runfolder.Row{
			runfolder.NewRow("none", []runfolder.Score{{Value: 12, Also: []float64{0, 11}}, {Value: 14, Also: []float64{2, 12}}}, 0, 5, nil),
			runfolder.NewRow("Dropout", nil, 1, 9, nil),
		}}
	same(t, "table-also.txt", Table(&r, 0))
}

// TestAmount writes perplexities of models that have all but diverged in few digits.
func TestAmount(t *testing.T) {
	for value, want := range map[float64]string{4.5: "4.50 %", 12_345_678: "12345678.00 %", 7.0267e167: "7.03e+167 %"} {
		if got := (Metric{Unit: "%"}).Amount(value); got != want {
			t.Errorf("%v is written %q, want %q", value, got, want)
		}
	}
}

// TestTableFits writes the widest tables of benchmarks for terminals of 80 and 120 letters.
func TestTableFits(t *testing.T) {
	scores := []runfolder.Score{{Value: 37.63, Valid: 39.09, Also: []float64{30.12, 31.5}}, {Value: 41.5, Valid: 44, Also: []float64{31, 32}}}
	paper := &runfolder.Paper{Valid: 58.1, Value: 54.9, Setting: "as published"}
	language := runfolder.Result{Model: "Transformer-XL-2-64", Dataset: "synthetic language", Task: "language modelling", Preset: "quick", Split: "test", Metric: "perplexity",
		Rows: []runfolder.Row{runfolder.NewRow("another random pattern each step", scores, 0, 400, nil), runfolder.NewRow("AutoDropout", scores, 0, 400, paper)}}
	translation := runfolder.Result{Model: "Transformer", Dataset: "a language pair", Task: "translation", Preset: "quick", Split: "test", Metric: "BLEU", Also: []string{"valid BLEU", "test sacreBLEU"},
		Rows: []runfolder.Row{runfolder.NewRow("AutoDropout near variational dropout", scores, 0, 400, paper)}}
	translation.Rows[0].Valid = nil
	for _, r := range []runfolder.Result{language, translation} {
		for _, width := range []int{80, 120} {
			table := string(Table(&r, width))
			lengths := map[int]bool{}
			for _, line := range strings.Split(table, "\n") {
				n := utf8.RuneCountInString(line)
				if n > width {
					t.Errorf("a line of %d letters on %d: %s", n, width, line)
				}
				if strings.HasPrefix(line, "|") {
					lengths[n] = true
				}
			}
			if len(lengths) != 1 || !strings.Contains(strings.Join(strings.Fields(strings.ReplaceAll(table, "|", " ")), " "), "39.56 ± 2.74") {
				t.Errorf("the table is\n%s", table)
			}
		}
	}
}
