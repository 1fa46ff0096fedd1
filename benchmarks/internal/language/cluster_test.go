package language

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"autodropout/benchmarks/internal/benchtest"
	"autodropout/benchmarks/internal/runfolder"
)

// corpusIn writes a small corpus whose validation text ends with the given words.
func corpusIn(t *testing.T, last string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	line := "the cat sat on the mat and the dog lay at the door\n"
	for name, text := range map[string]string{"train.txt": strings.Repeat(line, 30), "valid.txt": strings.Repeat(line, 10) + last, "test.txt": strings.Repeat(line, 10)} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestWorkerWithOtherData: a word more in what the coordinator validates with, and
// a worker is refused before it trains anything. One with the same words in another
// folder is not.
func TestWorkerWithOtherData(t *testing.T) {
	address := benchtest.FreeAddress(t)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan int)
	var out, errs bytes.Buffer
	go func() {
		args := tiny(filepath.Join(t.TempDir(), "run"), "-data", corpusIn(t, ""), "-train-size", "0", "-test-size", "0", "-method", "random", "-trials", "1", "-serve", "-listen", address)
		ended <- try.Run(ctx, args, &out, &errs)
	}()
	code, stdout, stderr := program.Call(t, "-worker", "-nats", "nats://"+address, "-data", corpusIn(t, "the mat\n"))
	if code != 1 || !strings.Contains(stderr, "the data of this worker") || strings.Count(stderr, "\n") != 1 {
		t.Errorf("a worker with other data: exit code %d\n%s%s", code, stdout, stderr)
	}
	if code, stdout, stderr = program.Call(t, "-worker", "-nats", "nats://"+address, "-data", corpusIn(t, "")); code != 0 || !strings.Contains(stderr, "random, trial 1: valid perplexity") {
		t.Errorf("a worker with the same data: exit code %d\n%s%s", code, stdout, stderr)
	}
	defer cancel()
	if code := <-ended; code != 0 {
		t.Errorf("the coordinator: exit code %d\n%s%s", code, &out, &errs)
	}
}

// TestWorkerWithOtherPattern: where trials choose the strength of a given pattern, a worker whose
// file has another one is refused.
func TestWorkerWithOtherPattern(t *testing.T) {
	address := benchtest.FreeAddress(t)
	ctx, cancel := context.WithCancel(t.Context())
	dir, ended := t.TempDir(), make(chan int, 1)
	given, folder := strongPattern(t, dir, 0.2), filepath.Join(dir, "run")
	var out, errs bytes.Buffer
	go func() {
		ended <- try.Run(ctx, tiny(folder, "-method", "autodropout", "-pattern", given, "-tune-pattern", "-tune-trials", "1", "-serve", "-listen", address), &out, &errs)
	}()
	defer cancel()
	kept := filepath.Join(folder, runfolder.Given)
	for _, err := os.Stat(kept); err != nil && ctx.Err() == nil; _, err = os.Stat(kept) {
		time.Sleep(10 * time.Millisecond)
	}
	strongPattern(t, dir, 0.4)
	if code, stdout, stderr := program.Call(t, "-worker", "-nats", "nats://"+address); code != 1 || !strings.Contains(stderr, "the data of this worker") {
		t.Fatalf("a worker with another pattern: exit code %d\n%s%s", code, stdout, stderr)
	}
	strongPattern(t, dir, 0.2)
	if code, stdout, stderr := program.Call(t, "-worker", "-nats", "nats://"+address); code != 0 {
		t.Errorf("a worker with the pattern: exit code %d\n%s%s", code, stdout, stderr)
	}
	if code := <-ended; code != 0 {
		t.Errorf("the coordinator: exit code %d\n%s%s", code, &out, &errs)
	}
}
