package main

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/stat"

	"autodropout/benchmarks/internal/statistics"
)

func of(n, all int) string {
	if all == 0 {
		return ""
	}
	return fmt.Sprintf("%d of %d", n, all)
}

func spread(values []float64) string {
	switch len(values) {
	case 0:
		return ""
	case 1:
		return fmt.Sprintf("%.2f", values[0])
	}
	return fmt.Sprintf("%.2f ± %.2f", stat.Mean(values, nil), stat.StdDev(values, nil))
}

func number(v float64, format string) string {
	if math.IsNaN(v) {
		return ""
	}
	return fmt.Sprintf(format, v)
}

func between(e statistics.Estimate) string {
	if math.IsNaN(e.Low) {
		return number(e.Value, "%+.2f")
	}
	return fmt.Sprintf("%+.2f (%+.2f to %+.2f)", e.Value, e.Low, e.High)
}

func chance(p float64) string {
	if p < 0.001 {
		return "<0.001"
	}
	return number(p, "%.3f")
}
