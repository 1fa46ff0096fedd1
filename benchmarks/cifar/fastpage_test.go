package main

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"autodropout/benchmarks/internal/report"
	"autodropout/internal/golden"
)

// TestFastCurve holds doc/fast.svg to the logs of the recorded runs: the training loss against
// the time since the first step. go test ./benchmarks/cifar -run FastCurve -update draws it again.
func TestFastCurve(t *testing.T) {
	logs, err := filepath.Glob("../results/fast/full/none-*.csv")
	if err != nil || len(logs) == 0 {
		t.Fatalf("%d recorded runs, error %v", len(logs), err)
	}
	chart := report.Chart{Title: "FastNet-64-256-256 on CIFAR-10", X: "minutes", Y: "training loss", Measured: true}
	for seed, path := range logs {
		line := report.Line{Name: fmt.Sprintf("seed %d", seed), Style: report.Compared.Style(seed)}
		line.X, line.Y = lossByMinute(t, path)
		chart.Lines = append(chart.Lines, line)
	}
	if svg := chart.SVG(); !bytes.Equal(golden.Committed(t, "../../doc/fast.svg", svg), svg) {
		t.Error("doc/fast.svg is not drawn from the recorded runs: run this test with -update")
	}
}

// lossByMinute returns the means of the losses of ten steps each, and when the last of them
// ended.
func lossByMinute(t *testing.T, path string) (minutes, losses []float64) {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil || len(rows) == 0 {
		t.Fatalf("%s: %d rows, error %v", path, len(rows), err)
	}
	column := map[string]int{}
	for i, name := range rows[0] {
		column[name] = i
	}
	number := func(row []string, name string) float64 {
		v, err := strconv.ParseFloat(row[column[name]], 64)
		if err != nil {
			t.Fatalf("%s: %s: %v", path, name, err)
		}
		return v
	}
	const steps = 10
	now, sum := 0.0, 0.0
	for i, row := range rows[1:] {
		now += number(row, "seconds") / 60
		sum += number(row, "train_loss") / steps
		if i%steps == steps-1 {
			minutes, losses, sum = append(minutes, now), append(losses, sum), 0
		}
	}
	return minutes, losses
}
