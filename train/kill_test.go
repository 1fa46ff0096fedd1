package train

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// killEnv tells the test program to be the victim of the test it runs.
const killEnv = "AUTODROPOUT_TEST_KILL"

func TestKill(t *testing.T) {
	dir := os.Getenv(killEnv)
	victim := dir != ""
	if !victim {
		dir = t.TempDir()
	}
	build := func(pause time.Duration) *Trainer {
		return exercise(t, func(c *Config) {
			c.Epochs = 10
			c.Checkpoint, c.CheckpointEvery = filepath.Join(dir, "checkpoint"), time.Nanosecond
			c.Log = filepath.Join(dir, "log")
			c.OnStep = func(Step) { time.Sleep(pause) }
		})
	}
	if victim {
		mustRun(t, build(20*time.Millisecond))
		return
	}
	kill(t, dir)
	resumed := build(0)
	// Killed between two renamings, the newest checkpoint has an older one's name.
	if found, err := resumed.Resume(); !found || err != nil {
		t.Fatalf("a checkpoint is found: %v (error %v)", found, err)
	}
	if done := resumed.Done(); done == 0 || done == resumed.Total() {
		t.Fatalf("the victim died after %d of %d steps, not in between", done, resumed.Total())
	}
	mustRun(t, resumed)
	whole := exercise(t, func(c *Config) { c.Epochs = 10 })
	mustRun(t, whole)
	if readFile(t, resumed.config.Checkpoint) != finalBytes(t, whole) {
		t.Error("the final checkpoint differs from that of a training without a kill")
	}
	if steps, err := ReadLog(resumed.config.Log); err != nil || len(steps) != whole.Total() {
		t.Errorf("the log has %d steps, error %v; want %d", len(steps), err, whole.Total())
	}
}

// kill starts the victim and kills it once it has saved a checkpoint.
func kill(t *testing.T, dir string) {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command(program, "-test.run=^"+t.Name()+"$")
	command.Env = append(os.Environ(), killEnv+"="+dir)
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(time.Minute)
	for {
		if _, err := os.Stat(filepath.Join(dir, "checkpoint")); err == nil {
			break
		}
		if time.Now().After(deadline) {
			command.Process.Kill()
			t.Fatal("the victim saved no checkpoint")
		}
		time.Sleep(time.Millisecond)
	}
	time.Sleep(50 * time.Millisecond)
	command.Process.Kill()
	if err := command.Wait(); err == nil {
		t.Fatal("the victim ended before it was killed")
	}
}
