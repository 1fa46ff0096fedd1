package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"autodropout/benchmarks/internal/benchtest"
	"autodropout/controller"
)

// found is all of a run that must not depend on who trained the trials.
func found(t *testing.T, folder string) string {
	t.Helper()
	var b strings.Builder
	for _, name := range []string{"random", "autodropout"} {
		report, err := controller.ReadLog(filepath.Join(folder, name, "trials.jsonl"))
		if err != nil {
			t.Fatal(err)
		}
		for i, trial := range report.Trials {
			fmt.Fprintln(&b, trial, report.Results[i].Reward, report.Results[i].Error)
		}
		weights, err := os.ReadFile(filepath.Join(folder, "weights", name+"-0.safetensors"))
		if err != nil {
			t.Fatal(err)
		}
		b.Write(weights)
	}
	pattern, err := os.ReadFile(filepath.Join(folder, "best-pattern.json"))
	if err != nil {
		t.Fatal(err)
	}
	b.Write(pattern)
	return b.String()
}

type ended struct {
	code           int
	stdout, stderr bytes.Buffer
}

// begin runs the benchmark in the background.
func begin(t *testing.T, args ...string) <-chan *ended {
	t.Helper()
	done := make(chan *ended, 1)
	go func() {
		e := &ended{}
		e.code = run(t.Context(), args, &e.stdout, &e.stderr)
		done <- e
	}()
	return done
}

// TestCluster compares a run whose trials, of patterns and of rates, are trained by workers, one of which
// stops in the middle of a trial, with one that trains them itself.
func TestCluster(t *testing.T) {
	dir := t.TempDir()
	plain, served := filepath.Join(dir, "plain"), filepath.Join(dir, "served")
	rows := []string{"-method", "dropout,random,autodropout", "-tune", "-trials", "6", "-finalists", "1", "-trial-seeds", "2", "-reference", "none"}
	mustCall(t, tiny(plain, rows...)...)

	address := benchtest.FreeAddress(t)
	url := "nats://" + address
	coordinator := begin(t, tiny(served, append(rows, "-serve", "-listen", address)...)...)
	// 5 steps of the first trial, 2 of the second.
	first := <-begin(t, "-worker", "-nats", url, "-steps", "7", "-workers", "1")
	if first.code != 0 || !strings.Contains(first.stdout.String(), "No more trials") {
		t.Errorf("the first worker ended with code %d\n%s%s", first.code, &first.stdout, &first.stderr)
	}
	workers := []<-chan *ended{begin(t, "-worker", "-nats", url), begin(t, "-worker", "-nats", url, "-data", "synthetic")}
	continued := false
	for _, worker := range workers {
		w := <-worker
		if w.code != 0 {
			t.Errorf("a worker ended with code %d\n%s%s", w.code, &w.stdout, &w.stderr)
		}
		continued = continued || strings.Contains(w.stderr.String(), "continuing after step 2\n")
	}
	c := <-coordinator
	if c.code != 0 || !strings.Contains(c.stdout.String(), "-worker -nats "+url) || !strings.Contains(c.stdout.String(), "| AutoDropout") {
		t.Errorf("the coordinator ended with code %d\n%s%s", c.code, &c.stdout, &c.stderr)
	}
	if !continued {
		t.Error("the trial of the worker that stopped was not continued by another")
	}
	if found(t, served) != found(t, plain) {
		t.Error("the run with workers found something else than the run without")
	}
	report, err := controller.ReadLog(filepath.Join(served, "random", "trials.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	if note := report.Results[0].Note; note == "" {
		t.Error("the log does not say which instruction set a trial was trained with")
	}

	// Without -serve the run goes on as any other.
	if stdout := mustCall(t, "-resume", "-out", served); !strings.Contains(stdout, "| AutoDropout") {
		t.Errorf("resumed the run prints\n%s", stdout)
	}
}

func TestWrongClusterFlags(t *testing.T) {
	dir := t.TempDir()
	out := filepath.Join(dir, "out")
	for _, c := range []struct {
		args string
		code int
		want string
	}{
		{"-serve -worker", 2, "exclude each other"},
		{"-nats nats://127.0.0.1:1", 2, "-nats is of use with -serve or -worker only"},
		{"-job a", 2, "-job is of use"},
		{"-worker -epochs 3", 2, "-epochs cannot be combined with -worker"},
		{"-worker -preset study", 2, "-preset cannot be combined"},
		{"-worker -out " + out, 2, "-out cannot be combined"},
		{"-worker -listen 127.0.0.1:0", 2, "-listen is for -serve"},
		{"-worker -lost-after 1s", 2, "-lost-after is for -serve"},
		{"-serve -nats nats://127.0.0.1:1 -listen 127.0.0.1:0", 2, "-listen is for -serve with a server of its own"},
		{"-serve -lost-after 1ms", 2, "too short"},
		{"-serve -job a.b", 2, "-job"},
		{"-serve -nats-tls-cert a.pem", 2, "need each other"},
		{"-worker -nats-creds " + filepath.Join(dir, "none"), 1, "none"},
		{"-worker -nats-tls-ca " + filepath.Join(dir, "none"), 1, "none"},
		{"-serve -method none -data synthetic", 2, "nothing to do"},
		{"-serve -listen 0.0.0.0:0 -data synthetic", 1, "can be reached from other machines"},
	} {
		args := strings.Fields(c.args)
		if slices.Contains(args, "-serve") {
			args = append(args, "-out", filepath.Join(t.TempDir(), "run"))
		}
		code, stdout, stderr := call(t, args...)
		if code != c.code || !strings.Contains(stderr, c.want) || strings.Count(stderr, "\n") != 1 || strings.Contains(stdout, "To do") {
			t.Errorf("%s: exit code %d, want %d and one line with %q:\n%s%s", c.args, code, c.code, c.want, stdout, stderr)
		}
	}
	if config := filepath.Join(dir, "c.toml"); os.WriteFile(config, []byte("nats = \"nats://127.0.0.1:1\"\n"), 0o600) == nil {
		if code, _, stderr := call(t, "-config", config); code != 2 || !strings.Contains(stderr, `no setting "nats"`) {
			t.Errorf("a configuration file with an address: exit code %d\n%s", code, stderr)
		}
	}
}
