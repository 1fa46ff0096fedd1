package main

import (
	"encoding/json"
	"fmt"
	"io"

	"autodropout/benchmarks/internal/machine"
)

// result is one line of the output. What was measured is one of the embedded
// structs; the fields of the others are absent.
type result struct {
	Name     string  `json:"name"`
	Tier     string  `json:"tier"`
	Threads  int     `json:"threads"`
	GFLOPS   float64 `json:"gflops"`
	Ceiling  float64 `json:"ceiling_gflops"`
	Fraction float64 `json:"fraction"` // of the ceiling
	Batch    int     `json:"batch,omitempty"`

	*gemmShape
	*convPass
	*stepFacts
	*layerFacts
}

func (c *config) result(name string, s speed) result {
	return result{Name: name, Tier: machine.SIMD(), Threads: c.threads, GFLOPS: s.flops / 1e9, Ceiling: s.ceiling / 1e9, Fraction: s.flops / s.ceiling}
}

// printer prints results as they come, in tables or as JSON.
type printer struct {
	w    io.Writer
	json bool
}

// title begins a table whose first columns have the given headings.
func (p *printer) title(title, format string, columns ...any) {
	if !p.json {
		fmt.Fprintf(p.w, "\n%s\n%s %8s %8s %10s\n", title, fmt.Sprintf(format, columns...), "GFLOPS", "ceiling", "of ceiling")
	}
}

// print prints a result; row holds the first columns of its line in the table.
func (p *printer) print(r result, row string) error {
	if p.json {
		return json.NewEncoder(p.w).Encode(r)
	}
	_, err := fmt.Fprintf(p.w, "%s %8.1f %8.1f %8.1f %%\n", row, r.GFLOPS, r.Ceiling, 100*r.Fraction)
	return err
}
