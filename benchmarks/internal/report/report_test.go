package report

import (
	"bytes"
	"os"
	"testing"

	"autodropout/dropout"
)

func sample(t *testing.T) *Page {
	t.Helper()
	line := func(name string, style Style, y ...float64) Line {
		l := Line{Name: name, Style: style, Y: y}
		for i, v := range y {
			l.X = append(l.X, float64(10*i))
			l.Low, l.High = append(l.Low, v-0.1), append(l.High, v+0.1)
		}
		return l
	}
	pattern, err := DrawPattern(&dropout.ConvPattern{Stages: [][]dropout.BlockPattern{
		{{Size: 0.25, Stride: 0.25, Repeat: 8, Rotate: 30, Residual: true}, {}},
		{{Size: 0.5, Stride: 0.125, Repeat: 1, ShareC: true}},
	}}, 32, dropout.Stream{})
	if err != nil {
		t.Fatal(err)
	}
	pattern.Title, pattern.JSON = "AutoDropout, best of 3 trials", `{"version": 1}`
	return &Page{
		Title: "WRN-10-1 on <synthetic>", Subtitle: "image classification, preset quick", Summary: "It was learned that 1 < 2.",
		Notes: []string{"A demonstration."},
		Table: Table{
			Header: []string{"method", "test error, %", "seeds", "time", "paper"},
			Rows: []Row{
				{Cells: []string{"none", "4.50 ± 0.71", "2", "3s", "-"}, Style: 0, Values: []float64{4, 5}, Mean: 4.5},
				{Cells: []string{"AutoDropout", "diverged", "0", "9s", "3.2 (as published)"}, Style: Learned},
			},
			Note: "Two seeds.",
		},
		Training: []Chart{{Title: "Loss", X: "step", Y: "cross-entropy", Lines: []Line{line("none", 0, 3, 2, 1.5), line("AutoDropout", Learned, 3, 2.5, 2)}}},
		Search: []Chart{{Title: "Rewards", X: "trial", Y: "accuracy", Lines: []Line{
			{Name: "AutoDropout", Style: Learned, X: []float64{1, 2}, Y: []float64{0.1, 0.2}, Points: true}}}},
		Trials:  Trials{Header: []string{"search", "trial"}, Rows: [][]string{{"AutoDropout", "1"}}},
		Pattern: pattern,
		Setting: "epochs = 2\n",
		Origin:  []Fact{{"command", "go run ./benchmarks/cifar"}, {"commit", "0123abc"}, {"processor", "some"}},
	}
}

func TestPage(t *testing.T) {
	var b bytes.Buffer
	if err := sample(t).Write(&b); err != nil {
		t.Fatal(err)
	}
	os.WriteFile("/tmp/sample.html", b.Bytes(), 0o644)
}
