//go:build linux

package controller

import (
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestFullDisk appends to a log where there is no room for the whole line.
func TestFullDisk(t *testing.T) {
	path := filepath.Join(t.TempDir(), "trials.jsonl")
	config := Config{Trials: 2, InFlight: 1, Workers: 1, Algorithm: Random, Path: path}
	mustSearch(t, config, smallSpace, evaluateSmall)
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}

	signal.Ignore(syscall.SIGXFSZ)
	defer signal.Reset(syscall.SIGXFSZ)
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		t.Fatal(err)
	}
	small := limit
	small.Cur = uint64(len(before)) + 10
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &small); err != nil {
		t.Fatal(err)
	}
	config.Trials = 3
	_, err = Search(t.Context(), config, smallSpace, evaluateSmall)
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		t.Fatal(err)
	}
	if err == nil || !strings.Contains(err.Error(), "the trial log cannot be written") {
		t.Errorf("where there is no room the error is %v", err)
	}
	if after, err := os.ReadFile(path); err != nil || string(after) != string(before) {
		t.Errorf("half a line stays behind: %q, error %v", after[len(before):], err)
	}
	if report := mustSearch(t, config, smallSpace, evaluateSmall); report.Results[2] == nil {
		t.Error("the search does not go on")
	}
}
