//go:build unix

package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"autodropout/benchmarks/internal/kills"
)

// TestSignals stops a training, which saves and says how to go on. The program that started it
// may pass on what the terminal has sent to both.
func TestSignals(t *testing.T) {
	for signal, code := range map[syscall.Signal]int{syscall.SIGINT: 130, syscall.SIGTERM: 143} {
		folder := filepath.Join(t.TempDir(), "run")
		checkpoint := filepath.Join(folder, "checkpoints", "none-0.safetensors")
		command, stdout, stderr := kills.Command(t, tiny(folder, "-epochs", "100000", "-method", "none", "-checkpoint-every", "1ms")...)
		if err := command.Start(); err != nil {
			t.Fatal(err)
		}
		await(t, checkpoint)
		command.Process.Signal(signal)
		time.Sleep(5 * time.Millisecond)
		command.Process.Signal(signal)
		command.Wait()
		if got := command.ProcessState.ExitCode(); got != code {
			t.Errorf("%v: exit code %d, want %d\n%s%s", signal, got, code, stdout, stderr)
		}
		if want := "Stopped. Continue with: go run ./benchmarks/cifar -resume -out " + folder + "\n"; !strings.Contains(stdout.String(), want) {
			t.Errorf("%v: the output does not have %q:\n%s", signal, want, stdout)
		}
		if code, _, stderr := call(t, "-resume", "-out", folder, "-steps", "1"); code != 0 || !strings.Contains(stderr, "continuing after step") {
			t.Errorf("%v: resumed it ends with code %d and prints\n%s", signal, code, stderr)
		}
	}
}

// TestSecondSignal does not wait for a step that takes long.
func TestSecondSignal(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "run")
	command, stdout, stderr := kills.Command(t, tiny(folder, "-train-size", "1000", "-batch", "1000", "-method", "none")...)
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	await(t, filepath.Join(folder, "logs", "none-0.jsonl")) // a step begins
	time.Sleep(100 * time.Millisecond)
	command.Process.Signal(syscall.SIGINT)
	time.Sleep(100 * time.Millisecond)
	command.Process.Signal(syscall.SIGTERM)
	command.Wait()
	if code := command.ProcessState.ExitCode(); code != 143 || strings.Contains(stdout.String(), "Continue with") {
		t.Errorf("exit code %d after a second signal\n%s%s", code, stdout, stderr)
	}
}

// await waits for a file.
func await(t *testing.T, path string) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		if _, err := os.Stat(path); err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s does not come", path)
		}
	}
}
