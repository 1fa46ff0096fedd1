//go:build unix

package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nkeys"

	"autodropout/benchmarks/internal/benchtest"
	"autodropout/controller"
)

// task is one of a Slurm array: the script as Slurm starts it.
type task struct {
	*exec.Cmd
	output *bytes.Buffer
	ended  chan error
}

// submit starts a task of the script of doc/cluster in a folder.
func submit(ctx context.Context, t *testing.T, folder string, number int, environment ...string) *task {
	t.Helper()
	script, err := filepath.Abs("../../doc/cluster/external-slurm.sh")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(script); err != nil { // so that go test knows when it has changed
		t.Fatal(err)
	}
	s := &task{exec.CommandContext(ctx, "bash", script), new(bytes.Buffer), make(chan error, 1)}
	s.Dir, s.Stdout, s.Stderr = folder, s.output, s.output
	s.Env = append(os.Environ(), append(environment, fmt.Sprint("SLURM_ARRAY_TASK_ID=", number))...)
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { s.ended <- s.Wait() }()
	return s
}

// TestSlurm starts a coordinator and two workers by the script as Slurm does, workers first, stops the
// coordinator in the middle and submits it again. No Slurm takes part.
func TestSlurm(t *testing.T) {
	for _, tool := range []string{"bash", "openssl"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("the script needs %s", tool)
		}
	}
	folder := t.TempDir()
	pair, err := nkeys.CreateUser()
	if err != nil {
		t.Fatal(err)
	}
	seed, err := pair.Seed()
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"external": "exec env AUTODROPOUT_TEST_BENCHMARK=1 '" + self(t) + "' \"$@\"\n",
		"nk":       fmt.Sprintf("[ \"$*\" = '-gen user' ] && echo %s\n", seed),
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte("#!/bin/sh\n"+text), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	_, port, _ := strings.Cut(benchtest.FreeAddress(t), ":")
	environment := []string{
		"HOST_NAME=localhost", "PORT=" + port, "PROGRAM=" + self(t) + " " + programWord + " pause=50ms",
		"SETTINGS=-space convnet -stages 1,1 -trials 12 -in-flight 4 -method random -quiet",
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	var workers []*task
	for number := 1; number <= 2; number++ {
		workers = append(workers, submit(ctx, t, folder, number, environment...))
	}
	coordinator := submit(ctx, t, folder, 0, environment...)
	log := filepath.Join(folder, "run", "random", "trials.jsonl")
	finished := func() int {
		text, _ := os.ReadFile(log)
		return strings.Count(string(text), `{"finished":`)
	}
	for finished() < 2 {
		select {
		case err := <-coordinator.ended:
			t.Fatalf("the coordinator has ended: %v\n%s", err, coordinator.output)
		case <-time.After(10 * time.Millisecond):
		}
	}
	if err := coordinator.Process.Signal(syscall.SIGTERM); err != nil { // the script has become the program
		t.Fatal(err)
	}
	<-coordinator.ended
	if n := finished(); n == 12 {
		t.Fatal("the search had ended before it was stopped")
	}
	again := submit(ctx, t, folder, 0, environment...)
	for _, s := range append([]*task{again}, workers...) {
		if err := <-s.ended; err != nil {
			t.Errorf("%v: %v\n%s", s.Env[len(s.Env)-1], err, s.output)
			cancel() // the others would wait
		}
	}
	found, err := controller.ReadLog(log)
	if err != nil || len(found.Results) != 12 || finished() != 12 {
		t.Errorf("the log has %d results: %v", finished(), err)
	}
	for _, s := range workers {
		if !strings.Contains(s.output.String(), "No more trials for this worker.") {
			t.Errorf("a worker says\n%s", s.output)
		}
	}
	if _, err := os.Stat(filepath.Join(folder, "run", "result.json")); err != nil {
		t.Error(err)
	}
}
