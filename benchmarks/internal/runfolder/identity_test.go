package runfolder

import (
	"errors"
	"math"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"autodropout/benchmarks/internal/usage"
)

// TestOneOfTwoCreates has two processes begin a run in one folder at the same time:
// one of them works there, alone.
func TestOneOfTwoCreates(t *testing.T) {
	for range 25 {
		f := Folder(filepath.Join(t.TempDir(), "run"))
		var held [2]*Held
		var errs [2]error
		var both sync.WaitGroup
		for i := range held {
			both.Go(func() { held[i], errs[i] = f.Create("seeds = 1\n", "try") })
		}
		both.Wait()
		winner, loser := 0, 1
		if errs[0] != nil {
			winner, loser = 1, 0
		}
		var wrong *usage.Error
		if errs[winner] != nil || !errors.As(errs[loser], &wrong) {
			t.Fatalf("two that begin a run have the errors %v and %v", errs[winner], errs[loser])
		}
		if _, err := f.Hold(); err == nil || !strings.Contains(err.Error(), "another process works in") {
			t.Fatalf("beside the winner the folder can be held: error %v", err)
		}
		if err := held[winner].Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := f.Create("", "try"); err == nil || !strings.Contains(err.Error(), "not empty") {
			t.Fatalf("a run can be made where there is one: error %v", err)
		}
	}
}

// TestIdentify refuses what gives other results, takes what may, and forgets neither.
func TestIdentify(t *testing.T) {
	h := hold(t, create(t))
	began := Identity{Data: "00c0ffee", SIMD: "avx2", Build: "commit a"}
	identify := func(now Identity, accept bool, words ...string) {
		t.Helper()
		sentences, err := h.Identify(now, accept)
		if err != nil {
			t.Fatal(err)
		}
		if text := strings.Join(sentences, " "); len(sentences) != len(words) {
			t.Errorf("it says %q, want %d sentences", text, len(words))
		}
		for i, word := range words {
			if i < len(sentences) && !strings.Contains(sentences[i], word) {
				t.Errorf("it says %q, want %q", sentences[i], word)
			}
		}
	}
	identify(began, false)
	identify(began, false)
	other := began
	other.Data = "1badb002"
	var wrong *usage.Error
	for _, words := range []string{"the data had the checksum 00c0ffee and has 1badb002", "-accept-changes"} {
		if _, err := h.Identify(other, false); !errors.As(err, &wrong) || !strings.Contains(err.Error(), words) {
			t.Errorf("with other data the error is %v, want one with %q", err, words)
		}
	}
	slower := began
	slower.SIMD = "generic"
	if _, err := h.Identify(slower, false); err == nil || !strings.Contains(err.Error(), "the instruction set was avx2 and is generic") {
		t.Errorf("with another instruction set the error is %v", err)
	}
	identify(began, false) // what was refused is forgotten
	identify(slower, true, "avx2 and is generic")
	identify(slower, false, "avx2 and is generic")
	slower.Build = "commit b"
	identify(slower, false, "avx2 and is generic", "built from something else")
}

func TestFinite(t *testing.T) {
	if !(Score{Value: 1, Also: []float64{2}}).Finite() {
		t.Error("whole numbers are not finite")
	}
	for _, s := range []Score{{Value: math.Inf(1)}, {Valid: math.NaN()}, {Loss: math.Inf(-1)}, {Also: []float64{1, math.NaN()}}} {
		if s.Finite() {
			t.Errorf("%+v is finite", s)
		}
	}
}

// TestHugeScores: squares of perplexities may be more than a number holds, and the
// result has to be written.
func TestHugeScores(t *testing.T) {
	row := NewRow("none", []Score{{Value: 1e300}, {Value: 3e300}}, 0, 1, nil)
	if *row.Mean != 2e300 || math.Abs(*row.Std/1e300-math.Sqrt2) > 1e-12 {
		t.Errorf("the mean is %v and the deviation %v", *row.Mean, *row.Std)
	}
	row = NewRow("none", []Score{{Value: math.MaxFloat64}, {Value: -math.MaxFloat64}}, 0, 1, nil)
	if row.Std != nil {
		t.Errorf("the deviation is %v", *row.Std)
	}
	if err := hold(t, create(t)).Save(&Result{Rows: []Row{row}}); err != nil {
		t.Error(err)
	}
}
