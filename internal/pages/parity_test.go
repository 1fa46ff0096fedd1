package pages

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// caseOf has the names of golden cases that do not begin as the name of what they test.
var caseOf = map[string]string{"layers/conv1x1": "layers/conv2d", "layers/flips": "layers/views", "layers/flipsandshifts": "layers/views"}

// TestParity holds the table of doc/parity.md to the differences that the golden tests printed: of
// the operations and layers of a row, how many cases there are, and the largest difference.
func TestParity(t *testing.T) {
	differences := map[string]float64{}
	for line := range strings.Lines(read(t, filepath.Join(Root(t), "benchmarks/results/parity/output.txt"))) {
		name, value, found := strings.Cut(strings.TrimSpace(line), " ")
		if difference, err := strconv.ParseFloat(value, 64); found && err == nil {
			differences[name] = difference
		}
	}
	rows, counted := 0, map[string]bool{}
	for line := range strings.Lines(read(t, filepath.Join(Root(t), "doc/parity.md"))) {
		cells := strings.Split(line, " | ")
		if !strings.HasPrefix(line, "| `") || len(cells) < 4 {
			continue
		}
		rows++
		cases, worst := 0, 0.0
		for name, difference := range differences {
			if tests(cells[0], name) {
				cases, worst, counted[name] = cases+1, max(worst, difference), true
			}
		}
		written := "0"
		if worst > 0 {
			written = fmt.Sprintf("%.0e", worst)
		}
		if got := fmt.Sprintf("%d | %s", cases, written); got != cells[2]+" | "+cells[3] {
			t.Errorf("%s: the page has %s | %s, the results %s", cells[0], cells[2], cells[3], got)
		}
	}
	for name := range differences {
		if !counted[name] {
			t.Errorf("no row of the page has %s", name)
		}
	}
	if rows < 30 {
		t.Errorf("only %d rows were found", rows)
	}
}

// tests reports whether a golden case is one of the names in the first cell of a row: for
// operations it is the name, with a variant behind a stroke, for layers it begins with the name.
func tests(cell, name string) bool {
	if other, known := caseOf[name]; known {
		name = other
	}
	layer, isLayer := strings.CutPrefix(name, "layers/")
	operation, _, _ := strings.Cut(name, "/")
	for _, m := range regexp.MustCompile("`([^`]*)`").FindAllStringSubmatch(cell, -1) {
		short := strings.TrimPrefix(m[1][strings.LastIndex(m[1], ".")+1:], "New")
		inLayers := strings.Contains(cell, "`layers.")
		switch {
		case isLayer && inLayers && strings.HasPrefix(layer, strings.ToLower(strings.TrimSuffix(short, "Block"))):
			return true
		case !isLayer && !inLayers && operation == short:
			return true
		}
	}
	return false
}
