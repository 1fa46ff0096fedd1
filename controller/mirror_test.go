package controller

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// TestMirror compares what a mirror was given, in two sessions, with the file.
func TestMirror(t *testing.T) {
	config := Config{Path: filepath.Join(t.TempDir(), "trials.jsonl"), Trials: 3, Network: smallNetwork}
	mustSearch(t, config, smallSpace, evaluateSmall)
	var mirrored strings.Builder
	lines := 0
	config.Mirror = func(line int, text []byte) error {
		if line != lines {
			t.Errorf("line %d comes where line %d belongs", line, lines)
		}
		lines++
		mirrored.WriteString(timeless(text)) // as readLog has it
		if log := readLog(t, config.Path); !strings.HasPrefix(log, mirrored.String()) {
			t.Errorf("line %d is mirrored before it is on disk", line)
		}
		return nil
	}
	known := lines
	config.Notify = func(Event) { known = lines }
	config.Trials = 6
	mustSearch(t, config, smallSpace, func(ctx context.Context, trial Trial) (Outcome, error) {
		if !strings.Contains(mirrored.String(), timeless(encode(record{Sampled: &trial}))) {
			t.Errorf("trial %d runs before it is mirrored", trial.Index)
		}
		return evaluateSmall(ctx, trial)
	})
	if log := readLog(t, config.Path); mirrored.String() != log || lines != 13 || known != lines {
		t.Errorf("%d lines, %d of them before the last event, are mirrored as\n%s\nthe log is\n%s", lines, known, mirrored.String(), log)
	}
}

func TestMirrorFails(t *testing.T) {
	broken := errors.New("the other machine is gone")
	for _, last := range []int{0, 1, 4} {
		config := Config{Path: filepath.Join(t.TempDir(), "trials.jsonl"), Trials: 3, Network: smallNetwork}
		config.Mirror = func(line int, _ []byte) error {
			if line == last {
				return broken
			}
			return nil
		}
		_, err := Search(t.Context(), config, smallSpace, evaluateSmall)
		if !errors.Is(err, broken) {
			t.Errorf("with a mirror that fails at line %d the error is %v", last, err)
		}
		// The first three trials are sampled, and written, together.
		if n := strings.Count(readLog(t, config.Path), "\n"); n < last+1 || last == 0 && n != 1 || last == 1 && n != 4 {
			t.Errorf("with a mirror that fails at line %d the log has %d lines", last, n)
		}
	}
}

// TestMirrorGoesOn: a mirror that fails once has the lines of the log, and none out of
// its place, also of the trials that finish while the search is being stopped.
func TestMirrorGoesOn(t *testing.T) {
	config := Config{Path: filepath.Join(t.TempDir(), "trials.jsonl"), Trials: 6, InFlight: 6, Workers: 6, Network: smallNetwork}
	broken := errors.New("the other machine is gone")
	var mirrored []string
	failed := false
	config.Mirror = func(line int, text []byte) error {
		if line == 7 && !failed { // the first result
			failed = true
			return broken
		}
		if line != len(mirrored) {
			t.Errorf("line %d follows %d lines", line, len(mirrored))
		}
		mirrored = append(mirrored, string(text))
		return nil
	}
	var begun sync.WaitGroup
	begun.Add(config.Trials)
	_, err := Search(t.Context(), config, smallSpace, func(ctx context.Context, trial Trial) (Outcome, error) {
		begun.Done()
		begun.Wait()
		if trial.Index > 0 {
			<-ctx.Done() // when the mirror has failed
		}
		return evaluateSmall(context.Background(), trial)
	})
	if !errors.Is(err, broken) {
		t.Errorf("the error is %v", err)
	}
	text, err := os.ReadFile(config.Path)
	if err != nil {
		t.Fatal(err)
	}
	if string(text) != strings.Join(mirrored, "") || len(mirrored) != 13 {
		t.Errorf("%d lines are mirrored of the log with %d", len(mirrored), strings.Count(string(text), "\n"))
	}
}

func TestSecondsOfTheEvaluator(t *testing.T) {
	report := mustSearch(t, Config{Trials: 2, Network: smallNetwork}, smallSpace, func(_ context.Context, trial Trial) (Outcome, error) {
		return Outcome{Reward: 1, Seconds: float64(100 * trial.Index)}, nil
	})
	if s := report.Results[0].Seconds; s <= 0 || s > 10 {
		t.Errorf("an evaluator that does not say its time took %v s", s)
	}
	if s := report.Results[1].Seconds; s != 100 {
		t.Errorf("an evaluator that took 100 s elsewhere took %v s", s)
	}
}
