package statistics

import (
	"fmt"
	"math"
	"strings"

	"gonum.org/v1/gonum/stat"
)

// Number writes v, or nothing where it is unknown. A zero has no sign.
func Number(v float64, format string) string {
	if math.IsNaN(v) {
		return ""
	}
	text := fmt.Sprintf(format, v)
	if strings.Trim(text, "+-0.") == "" {
		text = strings.TrimLeft(text, "+-")
	}
	return text
}

// Chance writes a p-value, or nothing where it is unknown.
func Chance(p float64) string {
	if p < 0.001 {
		return "<0.001"
	}
	return Number(p, "%.3f")
}

// Spread writes the mean of values with their standard deviation, where there are several.
func Spread(values []float64) string {
	switch len(values) {
	case 0:
		return ""
	case 1:
		return fmt.Sprintf("%.2f", values[0])
	}
	return fmt.Sprintf("%.2f ± %.2f", stat.Mean(values, nil), stat.StdDev(values, nil))
}

// Interval writes the interval of an estimate, or nothing where it has none.
func (e Estimate) Interval(format string) string {
	if math.IsNaN(e.Low) {
		return ""
	}
	return Number(e.Low, format) + " to " + Number(e.High, format)
}

// Difference writes an estimate with its interval, where it has one.
func (e Estimate) Difference(format string) string {
	text, between := Number(e.Value, format), e.Interval(format)
	low, high, _ := strings.Cut(between, " to ")
	switch {
	case between == "":
		return text
	case low == high:
		return text + ", no spread"
	}
	return text + " (" + between + ")"
}
