package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestWrongInput(t *testing.T) {
	dir := t.TempDir()
	out := filepath.Join(dir, "out")
	path := func(name string) string { return filepath.Join(dir, name) }
	write := func(name, text string) string {
		if err := os.MkdirAll(filepath.Dir(path(name)), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path(name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path(name)
	}
	used := filepath.Dir(write("used/notes.txt", "mine"))
	file := write("file", "")
	pattern := `{"version": 1, "kind": "convnet", "stages": [[{"size": 2}]]}`
	for _, c := range []struct {
		args string
		code int
		want string
	}{
		{"-data " + path("missing"), 1, "missing"},
		{"-data " + badCIFAR(t, path("cut"), 5000, 0), 1, "data_batch_1.bin"},
		{"-data " + badCIFAR(t, path("labelled"), 10000*3073, 10), 1, "label"},
		{"-pattern " + path("missing.json"), 1, "missing.json"},
		{"-pattern " + write("syntax.json", `{"version": 1,`), 1, "syntax.json"},
		{"-pattern " + write("value.json", pattern), 1, "value.json"},
		{"-pattern " + write("stages.json", onePattern), 1, "stages.json"},
		{"-config " + write("key.toml", "deepth = 10"), 2, "deepth"},
		{"-config " + write("value.toml", "depth = \"deep\""), 2, "depth"},
		{"-config " + path("missing.toml"), 2, "missing.toml"},
		{"-fast", 2, "-fast"},
		{"-epochs many", 2, "-epochs"},
		{"-preset huge", 2, "huge"},
		{"-algorithm sarsa", 2, "reinforce, ppo"},
		{"-method none,magic", 2, "magic"},
		{"-depth 12", 2, "depth"},
		{"-depth 1000000000", 2, "parameters"},
		{"-epochs 9000000000000000000", 2, "-epochs"},
		{"-debug all", 2, "choose nan"},
		{"-checkpoint-every 0s", 2, "a time above 0"},
		{"-checkpoints 0", 2, "at least 1"},
		{"-data synthetic -train-size 1000000000", 1, "too large"},
		{"-search-depth 11", 2, "depth"},
		{"-rate 0", 2, "-rate"},
		{"-rate NaN", 2, "-rate"},
		{"-weight-decay -1", 2, "-weight-decay"},
		{"-clip -1", 2, "-clip"},
		{"-dropout 1", 2, "Dropout"},
		{"-method dropblock -dropblock 0", 2, "DropBlock"},
		{"-data synthetic -train-size 5 -valid-size 0", 1, "too small"},
		{"-data synthetic -train-size 10 -valid-size 0", 1, "holding out"},
		{"-train-size 0 -valid-size 20", 2, "-valid-size 20"},
		{"-data synthetic -out " + used, 2, "not empty"},
		{"-data synthetic -out " + filepath.Join(file, "below"), 1, "output folder"},
		{"-resume", 2, "-out"},
		{"-resume -out " + path("never"), 2, "never"},
	} {
		args := strings.Fields(c.args)
		if !strings.Contains(c.args, "-out") && !strings.Contains(c.args, "-resume") {
			args = append(args, "-out", out)
		}
		code, stdout, stderr := call(t, args...)
		if code != c.code || !strings.Contains(stderr, c.want) || strings.Count(stderr, "\n") != 1 || !strings.HasPrefix(stderr, "cifar: ") {
			t.Errorf("%s: exit code %d, want %d and one line with %q:\n%s", c.args, code, c.code, c.want, stderr)
		}
		if strings.Contains(stdout, "To do") {
			t.Errorf("%s: the run began", c.args)
		}
		if _, err := os.Stat(out); err == nil {
			t.Errorf("%s: the output folder was made", c.args)
		}
	}
	if entries, err := os.ReadDir(used); err != nil || len(entries) != 1 {
		t.Errorf("a folder in use was changed: %v", entries)
	}
}

const onePattern = `{"version": 1, "kind": "convnet", "stages": [[{"size": 0.5, "stride": 0.5, "repeat": 1, "rotate": 0,
	"shear_x": 0, "shear_y": 0, "share_c": true, "residual": false}]]}`

// badCIFAR makes a folder like CIFAR-10 whose first file has the given size and
// first label.
func badCIFAR(t *testing.T, dir string, size int64, label byte) string {
	t.Helper()
	if err := os.MkdirAll(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin", "test_batch.bin"} {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte{label}, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(file, size); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestReadOnlyOutput(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("nothing is read-only for root")
	}
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := call(t, tiny(filepath.Join(dir, "run"))...); code != 1 || !strings.Contains(stderr, "output folder") {
		t.Errorf("exit code %d: %s", code, stderr)
	}
}

func TestHelp(t *testing.T) {
	code, stdout, stderr := call(t, "-h")
	if code != 0 || stderr != "" {
		t.Errorf("exit code %d, errors %q", code, stderr)
	}
	for _, flag := range []string{"data", "preset", "depth", "width", "epochs", "batch", "trials", "seeds", "workers", "seed",
		"async", "pattern", "config", "out", "resume"} {
		if !strings.Contains(stdout, "\n  -"+flag) {
			t.Errorf("the help does not explain -%s", flag)
		}
	}
}

func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	folder := filepath.Join(t.TempDir(), "run")
	var stdout, stderr strings.Builder
	if code := run(ctx, tiny(folder), &stdout, &stderr); code != 130 || !strings.Contains(stdout.String(), "-resume -out "+folder) {
		t.Errorf("exit code %d\n%s%s", code, stdout.String(), stderr.String())
	}
}
