package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"
)

// TestGrowthPoints measures the smallest point of each kind of growth in this process.
func TestGrowthPoints(t *testing.T) {
	for _, g := range growths() {
		t.Run(g.name, func(t *testing.T) {
			for i, n := range g.values[1:] {
				if g.work(n) <= g.work(g.values[i]) {
					t.Errorf("%d is no more work than %d", n, g.values[i])
				}
			}
			if g.name == "width" || g.name == "depth" { // as batch
				return
			}
			n, folder := g.values[0], t.TempDir()
			if g.make != nil {
				if err := g.make(folder, n); err != nil {
					t.Fatal(err)
				}
			}
			var out bytes.Buffer
			c := config{run: "growth", point: fmt.Sprintf("%s:%d:%s", g.name, n, folder)}
			if err := c.measure(t.Context(), &out); err != nil {
				t.Fatal(err)
			}
			var facts growthFacts
			if err := json.Unmarshal(out.Bytes(), &facts); err != nil || !(facts.CPU > 0 && facts.CPU < 60) || !(facts.Memory >= 0) {
				t.Errorf("%s: error %v", out.String(), err)
			}
		})
	}
}
