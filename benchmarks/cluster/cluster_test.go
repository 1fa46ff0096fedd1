package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"autodropout/benchmarks/internal/benchtest"
	"autodropout/controller"
	"autodropout/controller/cluster"
	"autodropout/internal/pages"
)

// TestMain lets the test program be the program, for TestProcess.
func TestMain(m *testing.M) {
	if os.Getenv(programEnv) != "" {
		os.Exit(run(context.Background(), os.Args[1:], os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

const programEnv = "AUTODROPOUT_TEST_CLUSTER"

func parsed(t *testing.T, args ...string) config {
	t.Helper()
	c, err := parse(args, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestWrongFlags(t *testing.T) {
	for args, want := range map[string]string{
		"":                           "say what to do",
		"-run dance":                 "-run",
		"-run server":                "-folder",
		"-run kills -workers 1,2":    "one number of workers",
		"-run kills -every 0s":       "-every",
		"-run simulate -spread 3":    "-spread",
		"-run simulate -deaths -1":   "-deaths",
		"-run simulate -reach 1":     "-reach",
		"-run simulate -workers 0":   "-workers",
		"-run simulate more":         "not a flag",
		"-run throughput -trials -1": "-trials",
	} {
		var stdout, stderr bytes.Buffer
		if code := run(t.Context(), strings.Fields(args), &stdout, &stderr); code != 2 || !strings.Contains(stderr.String(), want) || strings.Count(stderr.String(), "\n") != 1 {
			t.Errorf("%q: exit code %d\n%s", args, code, &stderr)
		}
	}
}

// TestPool simulates workers whose times are known.
func TestPool(t *testing.T) {
	c := parsed(t, "-run", "simulate", "-spread", "0", "-deaths", "0", "-trials", "50")
	for _, m := range []mode{{4, 4, false}, {4, 4, true}, {4, 2, false}} {
		p, lessons, err := c.play(m, controller.Random)
		if err != nil {
			t.Fatal(err)
		}
		want := float64(min(m.workers, m.inFlight)) / float64(m.workers)
		if steady, whole := p.utilisation(); math.Abs(steady-want) > 1e-9 || math.Abs(whole-want) > 1e-9 {
			t.Errorf("%+v: trials of one length keep workers busy %v of the time, %v to the end, want %v", m, steady, whole, want)
		}
		if len(lessons) != 200 || p.busy != 200*medianTrial || p.lost != 0 {
			t.Errorf("%+v: %d results after %v s of training", m, len(lessons), p.busy)
		}
	}
	// What is trained again after a death does not count.
	c.deaths = 1
	p, lessons, err := c.play(mode{4, 8, true}, controller.Random)
	if err != nil {
		t.Fatal(err)
	}
	if trained := p.busy - p.lost; len(lessons) != 200 || math.Abs(trained-200*medianTrial) > 1e-3 || p.lost <= 0 {
		t.Errorf("with deaths, %d results took %v s of training and %v in vain", len(lessons), trained, p.lost)
	}
	// Workers that are away do not work: 120 s and half of the time between checkpoints for each hour.
	if steady, _ := p.utilisation(); math.Abs(steady-3600./(3600+120+15)) > 0.01 {
		t.Errorf("with a death an hour workers are busy %v of the time", steady)
	}
}

// TestUtilisation holds searches with 256 workers to 95 %, in order and as results
// come, and makes sure that in order it does not come for free.
func TestUtilisation(t *testing.T) {
	c := parsed(t, "-run", "simulate")
	for _, async := range []bool{false, true} {
		inFlight, found, err := c.enough(t.Context(), 256, async)
		if err != nil || !found {
			t.Fatalf("async %v: no number of trials in flight keeps 256 workers busy: %v", async, err)
		}
		p, _, err := c.play(mode{256, inFlight, async}, controller.Random)
		if err != nil {
			t.Fatal(err)
		}
		if steady, _ := p.utilisation(); steady < 0.95 || async != (inFlight == 256) || inFlight > 3*256 {
			t.Errorf("async %v: with %d trials in flight 256 workers are busy %v of the time", async, inFlight, steady)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := c.enough(ctx, 256, false); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled, the error is %v", err)
	}
}

func TestSimulate(t *testing.T) {
	var stdout bytes.Buffer
	c := parsed(t, "-run", "simulate", "-workers", "1,3", "-trials", "5")
	c.fewest = 12
	if err := c.simulate(t.Context(), &stdout); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"| 1 | in order | 1 | 100.0 %", "| 1 | async | 1 |", "| 3 | in order | 3 |"} {
		if !strings.Contains(stdout.String(), want) {
			t.Errorf("the table does not have %q:\n%s", want, &stdout)
		}
	}
}

func TestThroughput(t *testing.T) {
	var stdout, stderr bytes.Buffer
	if code := run(t.Context(), strings.Fields("-run throughput -workers 2 -trials 5"), &stdout, &stderr); code != 0 || !strings.Contains(stdout.String(), "| 2 | ") {
		t.Errorf("exit code %d\n%s%s", code, &stdout, &stderr)
	}
}

// TestProcess kills a server, which starts again with what it has acknowledged.
func TestProcess(t *testing.T) {
	t.Setenv(programEnv, "1")
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	address := benchtest.FreeAddress(t)
	args := []string{"-run", "server", "-listen", address, "-folder", filepath.Join(t.TempDir(), "nats")}
	p, err := launch("server", program, args, args, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	defer p.end()
	for round := range 2 {
		conn, err := cluster.Connect(t.Context(), cluster.Address{URL: "nats://" + address}, func(string, ...any) {})
		if err != nil {
			t.Fatal(err)
		}
		_, err = cluster.Open(t.Context(), conn, "run", cluster.Job{Settings: "first", Run: "first"}, time.Minute)
		if round == 0 && err != nil {
			t.Fatal(err)
		}
		if _, err := cluster.Open(t.Context(), conn, "run", cluster.Job{Settings: "second", Run: "second"}, time.Minute); err == nil {
			t.Error("the server has forgotten a run")
		}
		conn.Close()
		if err := p.kill(10 * time.Millisecond); err != nil {
			t.Fatal(err)
		}
	}
	if p.killed < 1 || p.failed() != nil {
		t.Errorf("the process was killed %d times and ended with %v", p.killed, p.failed())
	}
}

// TestEndInAPause ends a process that is killed and has not started again: it never does.
func TestEndInAPause(t *testing.T) {
	t.Setenv(programEnv, "1")
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	args := []string{"-run", "server", "-listen", "127.0.0.1:0", "-folder", t.TempDir()}
	p, err := launch("server", program, args, args, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.kill(200 * time.Millisecond); err != nil {
		t.Fatal(err)
	}
	p.end()
	if err := <-p.ended; !errors.Is(err, os.ErrProcessDone) {
		t.Errorf("the process ended with %v", err)
	}
}

// The commands that pages print, with simulations of some milliseconds where they do not
// say what to run.
func TestPrintedCommands(t *testing.T) {
	for _, args := range pages.Printed(t, "benchmarks/cluster") {
		if !slices.Contains(args, "-run") {
			args = append(args, "-run", "simulate", "-workers", "1,3")
		}
		var stdout, stderr bytes.Buffer
		if code := run(t.Context(), append(args, "-trials", "5"), &stdout, &stderr); code != 0 {
			t.Errorf("%v: exit code %d\n%s%s", args, code, &stdout, &stderr)
		}
	}
}
