package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"autodropout/controller"
	"autodropout/dropout"
)

// TestSearch goes the reader's way in a few short trials: the search, its log, and the
// pattern. A second search has nothing left to try.
func TestSearch(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "own")
	stopped, stop := context.WithCancel(t.Context())
	stop()
	var out strings.Builder
	if err := search(stopped, folder, 4, 1, &out); err == nil || !strings.Contains(err.Error(), "goes on from there") {
		t.Fatalf("stopped, it says %v", err)
	}
	if err := search(t.Context(), folder, 4, 1, &out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{" of 4 is the best", "pattern for [1 1 1] blocks", "seed 2: "} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("it does not say %q:\n%s", want, &out)
		}
	}
	pattern, err := dropout.LoadPattern(filepath.Join(folder, "pattern.json"))
	if err != nil {
		t.Fatal(err)
	}
	_, sites := newModel(4)
	if _, err := pattern.Policy(sites); err != nil {
		t.Error(err)
	}
	log := filepath.Join(folder, "trials.jsonl")
	logged, err := controller.ReadLog(log)
	if err != nil {
		t.Fatal(err)
	}
	best, _, _ := logged.Best()
	if want := fmt.Sprintf("trial %d of 4 is the best", best.Index+1); !strings.Contains(out.String(), want) {
		t.Errorf("it does not say %q, counted from 1:\n%s", want, &out)
	}
	before, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	if err := search(t.Context(), folder, 4, 1, &out); err != nil {
		t.Fatal(err)
	}
	if after, err := os.ReadFile(log); err != nil || string(after) != string(before) {
		t.Errorf("a search that has ended goes on: %v", err)
	}
}

// TestSitesAct wants every site to be reached.
func TestSitesAct(t *testing.T) {
	_, sites := newModel(4)
	reached := map[string]bool{}
	if _, err := score(t.Context(), stripes("some", 1, 2), recorder(reached), 1, 1); err != nil {
		t.Fatal(err)
	}
	for _, site := range sites {
		if !reached[site.Name] {
			t.Errorf("nothing can be dropped at %s", site.Name)
		}
	}
}

// recorder notes the sites that are asked for.
type recorder map[string]bool

func (r recorder) Mask(site string, _ []int, _ dropout.Stream) dropout.Mask {
	r[site] = true
	return nil
}

func (r recorder) Describe() string { return "none" }
