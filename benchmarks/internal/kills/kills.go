// Package kills tests that benchmarks lose nothing: it kills them, resumes them,
// and compares all that they leave with what an uninterrupted run leaves.
package kills

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"autodropout/benchmarks/internal/cli"
	"autodropout/benchmarks/internal/runfolder"
)

const (
	// programEnv tells a test program to be the benchmark that it tests.
	programEnv = "AUTODROPOUT_TEST_BENCHMARK"
	// killsEnv is the number of kills of [Test].
	killsEnv = "AUTODROPOUT_KILLS"
)

// Main is the TestMain of a benchmark whose tests run it as a program of its own.
func Main(m *testing.M, run func(ctx context.Context, args []string, stdout, stderr io.Writer) int) {
	if os.Getenv(programEnv) != "" {
		cli.Main(run)
	}
	os.Exit(m.Run())
}

// Command returns the benchmark as a program, by way of [Main], and what it will
// have printed.
func Command(t testing.TB, args ...string) (command *exec.Cmd, stdout, stderr *bytes.Buffer) {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	command = exec.Command(program, args...)
	command.Env = append(os.Environ(), programEnv+"=1")
	stdout, stderr = new(bytes.Buffer), new(bytes.Buffer)
	command.Stdout, command.Stderr = stdout, stderr
	return command, stdout, stderr
}

// Test runs a benchmark again and again, kills each run at random moments, at
// least once, resumes it until it ends, and demands that it leaves what an
// uninterrupted run does. It stops after as many runs as the environment variable
// AUTODROPOUT_KILLS says, or 5. The settings are for a run of about a second.
func Test(t *testing.T, settings ...string) {
	runs := 5
	if text := os.Getenv(killsEnv); text != "" {
		var err error
		if runs, err = strconv.Atoi(text); err != nil {
			t.Fatalf("%s=%s is not a number", killsEnv, text)
		}
	}
	settings = append(settings, "-checkpoint-every", "20ms")
	dir := t.TempDir()
	whole := filepath.Join(dir, "whole")
	began := time.Now()
	if !finish(t, whole, settings, time.Hour) {
		t.Fatal("the uninterrupted run was killed")
	}
	span := time.Since(began)
	seed := uint64(began.UnixNano())
	rng := rand.New(rand.NewPCG(seed, 0))
	t.Logf("an uninterrupted run takes %v; the moments have seed %d", span.Round(time.Millisecond), seed)
	kills := 0
	for run := 0; run < runs; {
		folder := filepath.Join(dir, "killed")
		deaths := 0
		for !finish(t, folder, settings, time.Duration(rng.Float64()*float64(span))) {
			deaths++
		}
		Compare(t, folder, whole)
		if err := os.RemoveAll(folder); err != nil {
			t.Fatal(err)
		}
		if deaths > 0 {
			run++
			kills += deaths
		}
		if t.Failed() {
			t.Fatalf("run %d differs, which was killed %d times", run, deaths)
		}
	}
	t.Logf("%d runs were killed %d times; all ended as the uninterrupted one", runs, kills)
}

// finish begins the run in a folder, or resumes it, and reports whether it ended
// before it was killed after the given time.
func finish(t *testing.T, folder string, settings []string, after time.Duration) bool {
	t.Helper()
	args := slices.Concat(settings, []string{"-out", folder})
	if _, err := os.Stat(runfolder.Folder(folder).Path(runfolder.Config)); err == nil {
		args = []string{"-resume", "-out", folder, "-checkpoint-every", "20ms"}
	}
	command, stdout, stderr := Command(t, args...)
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(after, func() { command.Process.Kill() })
	defer timer.Stop()
	err := command.Wait()
	if err == nil {
		return true
	}
	if status, ok := command.ProcessState.Sys().(syscall.WaitStatus); !ok || !status.Signaled() || status.Signal() != syscall.SIGKILL {
		t.Fatalf("%v: %v\n%s%s", args, err, stdout, stderr)
	}
	return false
}
