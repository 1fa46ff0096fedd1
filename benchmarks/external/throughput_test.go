package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"autodropout/benchmarks/internal/words"
)

const (
	// trialsEnv is the number of trials of TestThroughput.
	trialsEnv = "AUTODROPOUT_TRIALS"
	// programEnv is their program, which answers by itself, such as
	// echo '{"reward": 1}'.
	programEnv = "AUTODROPOUT_PROGRAM"
)

// TestThroughput measures, in turns, how many trials pass in a second whose program does nothing
// but answer, and how many times in a second a loop starts and awaits that program; and the
// same by the time of the processors, of the programs too, which other work beside it changes
// less.
func TestThroughput(t *testing.T) {
	text := os.Getenv(trialsEnv)
	if text == "" {
		t.Skip(trialsEnv + " says for how many trials throughput is measured")
	}
	trials, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	external := program
	program, err := words.Split(os.Getenv(programEnv))
	if err != nil {
		t.Fatalf("%s: %v", programEnv, err)
	}
	together := 2 * runtime.GOMAXPROCS(0)
	space := `{"tokens": [{"name": "lr", "values": [0.1, 0.01]}]}`
	const rounds = 3
	var ratios []float64
	for round := range rounds {
		start := processors(t)
		bare := float64(trials) / loop(t, program, trials, together).Seconds()
		between := processors(t)
		out := filepath.Join(t.TempDir(), "run")
		args := slices.Concat([]string{"-space", space, "-trials", text, "-in-flight", strconv.Itoa(4 * together), "-workers", strconv.Itoa(together), "-method", "random", "-quiet", "-out", out, "--"}, program)
		began, percent := time.Now(), debug.SetGCPercent(garbage)
		code, stdout, stderr := external.Call(t, args...)
		debug.SetGCPercent(percent)
		if code != 0 {
			t.Fatalf("exit code %d\n%s%s", code, stdout, stderr)
		}
		ours := float64(trials) / time.Since(began).Seconds()
		loopTime, ourTime := (between-start).Seconds()/float64(trials), (processors(t)-between).Seconds()/float64(trials)
		ratios = append(ratios, loopTime/ourTime)
		t.Logf("round %d: %.0f programs a second in a loop, %.0f trials a second, %.1f %%; by the time of the processors %.3f ms and %.3f ms, %.1f %%",
			round+1, bare, ours, 100*ours/bare, 1e3*loopTime, 1e3*ourTime, 100*loopTime/ourTime)
	}
	slices.Sort(ratios)
	t.Logf("%d trials of %s, %d at a time: by the time of the processors the median is %.1f %%", trials, strings.Join(program, " "), together, 100*ratios[rounds/2])
}

// loop starts a program so many times, some at a time, and waits for each.
func loop(t *testing.T, program []string, times, together int) time.Duration {
	t.Helper()
	began := time.Now()
	var group errgroup.Group
	group.SetLimit(together)
	for range times {
		group.Go(func() error { return exec.Command(program[0], program[1:]...).Run() })
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	return time.Since(began)
}
