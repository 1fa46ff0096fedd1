//go:build unix

package main

import (
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"autodropout/benchmarks/internal/benchtest"
	"autodropout/benchmarks/internal/kills"
	"autodropout/controller"
)

// TestGoesOnElsewhere: the folder of a trial whose worker is stopped is another's, which
// goes on from what the program has saved.
func TestGoesOnElsewhere(t *testing.T) {
	dir, temporary := t.TempDir(), t.TempDir()
	t.Setenv("TMPDIR", temporary) // of the workers
	served := filepath.Join(dir, "served")
	address := benchtest.FreeAddress(t)
	meet := []string{"-nats", "nats://" + address}
	coordinator, stdout, stderr := kills.Command(t, settings(t, []string{"-trials", "1", "-method", "random", "-out", served, "-serve", "-listen", address}, "steps=40", "pause=25ms")...)
	if err := coordinator.Start(); err != nil {
		t.Fatal(err)
	}
	defer coordinator.Process.Kill()
	first, out, _ := kills.Command(t, slices.Concat([]string{"-worker", "-grace", "20s"}, meet)...)
	if err := first.Start(); err != nil {
		t.Fatal(err)
	}
	saved := func() bool { // the program has saved something
		found, _ := filepath.Glob(filepath.Join(temporary, "autodropout-worker-*", "*.folder", "checkpoint"))
		return len(found) > 0
	}
	for began := time.Now(); !saved(); time.Sleep(5 * time.Millisecond) {
		if time.Since(began) > time.Minute {
			t.Fatal("the first worker has no program that saves")
		}
	}
	time.Sleep(200 * time.Millisecond)
	first.Process.Signal(syscall.SIGTERM)
	if err := first.Wait(); err == nil || first.ProcessState.ExitCode() != 143 {
		t.Errorf("the first worker ended with %v\n%s", err, out)
	}
	second, out, errs := kills.Command(t, append([]string{"-worker"}, meet...)...)
	if err := second.Run(); err != nil {
		t.Errorf("the second worker ended with %v\n%s%s", err, out, errs)
	}
	if err := coordinator.Wait(); err != nil {
		t.Fatalf("the coordinator ended with %v\n%s%s", err, stdout, stderr)
	}
	log, err := controller.ReadLog(filepath.Join(served, "random", "trials.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	r := log.Results[0]
	if !strings.Contains(r.Output, "continuing after step ") || strings.Contains(r.Output, "continuing after step 0\n") || !strings.Contains(r.Note, "2 attempts") {
		t.Errorf("the trial was not continued: %+v", r)
	}
}
