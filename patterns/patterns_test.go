package patterns

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
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
		without, with := r.score(t, "none"), r.score(t, "AutoDropout")
		want := fmt.Sprintf("%.2f %s | %.2f %s | %.2f |", without, unit, with, unit, without-with)
		if got := strings.Join(cells[2:], " | "); got != want {
			t.Errorf("%s: the table says %s, the run %s", name, got, want)
		}
		pattern, err := files.ReadFile(name + ".json")
		if err != nil {
			t.Error(err)
			continue
		}
		found, err := os.ReadFile(filepath.Join(folder, "best-pattern.json"))
		if err != nil || !bytes.Equal(pattern, found) {
			t.Errorf("%s.json is not what its run found (%v)", name, err)
		}
	}
	if !slices.Equal(listed, Names()) {
		t.Errorf("the table has %v, the folder %v", listed, Names())
	}
}

func TestLoad(t *testing.T) {
	for _, name := range Names() {
		if _, err := Load(name); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Load("none"); err == nil || !strings.Contains(err.Error(), "cifar10-wrn-10-1") {
		t.Errorf("error %v does not say which there are", err)
	}
}
