package train

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"autodropout/internal/safetensors"
)

// saved runs a training that saves after every step, and returns what makes
// others with its files.
func saved(t *testing.T, keep int) (build func() (*Trainer, *[]string), checkpoint string) {
	t.Helper()
	checkpoint = filepath.Join(t.TempDir(), "checkpoint")
	build = func() (*Trainer, *[]string) {
		notices := new([]string)
		return exercise(t, func(c *Config) {
			c.Checkpoint, c.CheckpointEvery, c.KeepCheckpoints = checkpoint, time.Nanosecond, keep
			c.Notify = func(notice string) { *notices = append(*notices, notice) }
		}), notices
	}
	trainer, _ := build()
	mustRun(t, trainer)
	return build, checkpoint
}

// damage changes a byte in the middle of a file.
func damage(t *testing.T, path string) {
	t.Helper()
	text := []byte(readFile(t, path))
	text[len(text)-100] ^= 4
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestResumeFallsBack(t *testing.T) {
	build, checkpoint := saved(t, 4)
	whole, notices := build()
	if found, err := whole.Resume(); !found || err != nil || whole.Done() != whole.Total() || len(*notices) > 0 {
		t.Fatalf("resumed %v after %d steps with error %v and notices %q", found, whole.Done(), err, *notices)
	}
	damage(t, checkpoint)
	if err := os.Truncate(checkpoint+".1", 1000); err != nil {
		t.Fatal(err)
	}
	trainer, notices := build()
	if found, err := trainer.Resume(); !found || err != nil || trainer.Done() != trainer.Total()-2 {
		t.Fatalf("resumed %v after %d steps with error %v", found, trainer.Done(), err)
	}
	if len(*notices) != 2 || !strings.Contains((*notices)[0], checkpoint+": the checksum is wrong") || !strings.Contains((*notices)[1], checkpoint+".1: ") {
		t.Errorf("the notices are %q", *notices)
	}
	mustRun(t, trainer)
	if readFile(t, checkpoint) != finalBytes(t, whole) {
		t.Error("continued from an older checkpoint the training ends otherwise")
	}
	for _, name := range []string{".damaged", ".damaged.2"} {
		if _, err := os.Stat(checkpoint + name); err != nil {
			t.Errorf("the damaged files are not both kept: %v", err)
		}
	}
	if err := RemoveCheckpoints(checkpoint); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(filepath.Dir(checkpoint)); err != nil || len(left) > 0 {
		t.Errorf("files stay behind: %v, error %v", left, err)
	}
	fresh, _ := build()
	if found, err := fresh.Resume(); found || err != nil {
		t.Errorf("without a checkpoint Resume finds one, %v, or has an error, %v", found, err)
	}
}

func TestResumeWithoutAWholeCheckpoint(t *testing.T) {
	build, checkpoint := saved(t, 1)
	if _, err := os.Stat(checkpoint + ".1"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("two checkpoints are kept, not one (%v)", err)
	}
	damage(t, checkpoint)
	trainer, _ := build()
	var damaged *DamagedError
	if _, err := trainer.Resume(); !errors.As(err, &damaged) || !strings.Contains(err.Error(), "anew") {
		t.Errorf("the error is %v", err)
	}
	// Asked once more it begins anew.
	if found, err := trainer.Resume(); found || err != nil {
		t.Errorf("Resume finds a checkpoint, %v, or has an error, %v", found, err)
	}
}

func TestCheckpointTellsWhatItIs(t *testing.T) {
	build, checkpoint := saved(t, 1)
	trainer, _ := build()
	file, err := safetensors.ReadFile(checkpoint)
	if err != nil {
		t.Fatal(err)
	}
	if file.Metadata[stepKey] != "12" {
		t.Errorf("after 12 steps the checkpoint says %q", file.Metadata[stepKey])
	}
	var config Config
	if err := json.Unmarshal([]byte(file.Metadata[configKey]), &config); err != nil {
		t.Fatal(err)
	}
	if want := trainer.config; config.Batch != want.Batch || config.Augment != want.Augment || config.Seed != want.Seed || config.ClipNorm != want.ClipNorm {
		t.Errorf("the checkpoint has the configuration %+v, want %+v", config, want)
	}
}

func TestTrainingGoesOnWithoutItsDisk(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "later")
	var notices []string
	var trainer *Trainer
	trainer = exercise(t, func(c *Config) {
		c.Checkpoint, c.CheckpointEvery = filepath.Join(dir, "checkpoint"), time.Nanosecond
		c.Notify = func(notice string) { notices = append(notices, notice) }
		c.OnStep = func(s Step) {
			if s.Step == 5 {
				if err := os.Mkdir(dir, 0o777); err != nil {
					t.Error(err)
				}
			}
		}
	})
	mustRun(t, trainer)
	if len(notices) != 5 || !strings.Contains(notices[0], "cannot save "+trainer.config.Checkpoint+": no such file") || !strings.Contains(notices[0], "tries again") {
		t.Errorf("the notices are %q", notices)
	}
	if readFile(t, trainer.config.Checkpoint) != finalBytes(t, trainer) {
		t.Error("the last checkpoint is not that of the end")
	}

	trainer = exercise(t, func(c *Config) { c.Checkpoint = filepath.Join(dir, "none", "checkpoint") })
	var save *SaveError
	if err := trainer.Run(t.Context()); !errors.As(err, &save) || save.Path != trainer.config.Checkpoint || trainer.Done() != trainer.Total() {
		t.Errorf("a training that cannot be saved ends after %d steps with %v", trainer.Done(), err)
	}
}

func TestLogWaitsForItsDisk(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	l, _, err := openLog(path, 0)
	if err != nil {
		t.Fatal(err)
	}
	writable := l.file
	if l.file, err = os.Open(path); err != nil {
		t.Fatal(err)
	}
	const steps = 200
	for i := range steps {
		if err := l.write(Step{Step: i}); err != nil {
			t.Fatal(err)
		}
	}
	if l.flush() == nil {
		t.Error("no error where the log cannot be written")
	}
	l.file.Close()
	l.file = writable
	if err := l.close(); err != nil {
		t.Fatal(err)
	}
	read, err := ReadLog(path)
	if err != nil || len(read) != steps || read[steps-1].Step != steps-1 {
		t.Errorf("the log has %d steps, error %v; want %d", len(read), err, steps)
	}
}

// A clock that is set while a training runs moves neither its times nor its
// checkpoints, as these are differences of monotonic readings.
func TestClock(t *testing.T) {
	trainer := exercise(t, nil)
	mustRun(t, trainer)
	if !strings.Contains(trainer.clock.String(), " m=") {
		t.Errorf("the time of the last step, %v, has no monotonic reading", trainer.clock)
	}
}
