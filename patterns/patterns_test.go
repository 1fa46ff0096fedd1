package patterns

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// run is what the table says about a run, from its result.json.
type run struct {
	Unit, Metric string
	Rows         []struct {
		Method string
		Mean   float64
	}
}

func readRun(t *testing.T, folder string) run {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(folder, "result.json"))
	if err != nil {
		t.Fatal(err)
	}
	var r run
	if err := json.Unmarshal(data, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

// score returns the mean of a row.
func (r run) score(t *testing.T, method string) float64 {
	t.Helper()
	for _, row := range r.Rows {
		if row.Method == method {
			return row.Mean
		}
	}
	t.Fatalf("the run has no row %s", method)
	return 0
}

// found returns the patterns that the searches of a run found: that of each row,
// where they are kept, and the best one.
func found(t *testing.T, folder string) (patterns [][]byte) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(folder, "*", "pattern.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range append(paths, filepath.Join(folder, "best-pattern.json")) {
		pattern, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		patterns = append(patterns, pattern)
	}
	return patterns
}

// TestTable compares the table of README.md and the patterns with the runs.
func TestTable(t *testing.T) {
	f, err := os.Open("README.md")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var listed []string
	for lines := bufio.NewScanner(f); lines.Scan(); {
		cells := strings.Split(lines.Text(), " | ")
		name, ok := strings.CutPrefix(cells[0], "| `")
		if !ok {
			continue
		}
		name = strings.Trim(name, "`")
		listed = append(listed, name)
		folder := filepath.Join("..", "benchmarks", "results", strings.Trim(cells[1], "`"))
		r := readRun(t, folder)
		unit := strings.TrimSpace(r.Unit + " " + r.Metric)
		without, with := r.score(t, "none"), r.score(t, cells[2])
		want := fmt.Sprintf("%.2f %s | %.2f %s | %.2f |", without, unit, with, unit, without-with)
		if got := strings.Join(cells[3:], " | "); got != want {
			t.Errorf("%s: the table says %s, the run %s", name, got, want)
		}
		pattern, err := files.ReadFile(name + ".json")
		if err != nil {
			t.Error(err)
			continue
		}
		if !slices.ContainsFunc(found(t, folder), func(p []byte) bool { return bytes.Equal(p, pattern) }) {
			t.Errorf("%s.json is not what its run found", name)
		}
	}
	if !slices.Equal(listed, Names()) {
		t.Errorf("the table has %v, the folder %v", listed, Names())
	}
}

// TestSchedules demands that README.md says which patterns need the length of a training in
// PyTorch.
func TestSchedules(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	var scheduled []string
	for _, name := range Names() {
		pattern, err := files.ReadFile(name + ".json")
		if err != nil {
			t.Fatal(err)
		}
		if regexp.MustCompile(`"schedule": "(up|down|off)"`).Match(pattern) {
			scheduled = append(scheduled, "`"+name+"`")
		}
	}
	if want := strings.Join(scheduled, " and ") + " have a schedule"; !strings.Contains(string(readme), want) {
		t.Errorf("README.md does not say: %s", want)
	}
}

func TestLoad(t *testing.T) {
	for _, name := range Names() {
		if _, err := Load(name); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Load("none"); err == nil || !strings.Contains(err.Error(), "cifar10-few-wrn-10-1") {
		t.Errorf("error %v does not say which there are", err)
	}
}
