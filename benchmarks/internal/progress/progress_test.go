package progress

import (
	"slices"
	"strings"
	"testing"
	"time"

	"autodropout/train"
)

// since moves the clocks of a task back, so that it seems to have run that long.
func (t *Piece) since(task, run time.Duration) {
	t.lastLine = time.Now().Add(-lineEvery)
	t.start = time.Now().Add(-task)
	t.progress.start = time.Now().Add(-run)
}

func TestProgressWithoutTerminal(t *testing.T) {
	var b strings.Builder
	p := New(&b, 100, "img", false)
	task := p.Piece("training", 10, 5)
	task.Skip(4) // of an earlier session
	task.Step(train.Step{Epoch: 2, Size: 64, Loss: 2})
	if b.Len() > 0 {
		t.Errorf("a line comes too early: %q", b.String())
	}
	task.since(2*time.Second, 20*time.Second)
	task.Step(train.Step{Epoch: 2, Size: 64, Loss: 1})
	// 20 seconds were planned before, 80 remain, of which 10 took 20 seconds.
	const status = "epoch 3, loss 1.950, step 6 of 10, 64 img/s, 4.0s left"
	want := "training: " + status + "; whole run: 2m20s left, "
	if got := b.String(); !strings.HasPrefix(got, want) || !strings.HasSuffix(got, "B of memory\n") {
		t.Errorf("got %q, want %q and the memory", got, want)
	}
	p.Best("none, error 4.00 %")
	lines, done := p.Now()
	if len(lines) != 2 || lines[0] != "training: "+status || !strings.HasSuffix(lines[1], "best so far: none, error 4.00 %") || done != 10./80 {
		t.Errorf("now there are the lines %q, and %v is done", lines, done)
	}
	b.Reset()
	p.Logf("%d done", 1)
	task.End()
	p.Close()
	if want := "1 done\ntraining: stopped at " + status + "\n"; b.String() != want {
		t.Errorf("got %q, want %q", b.String(), want)
	}
	b.Reset()
	task = p.Piece("short", 1, 5)
	task.Step(train.Step{})
	task.End()
	if b.String() != "" {
		t.Errorf("a finished task prints %q", b.String())
	}
	if lines, _ := p.Now(); len(lines) != 1 {
		t.Errorf("after the last task there are the lines %q", lines)
	}
}

// TestUnknownLength: of a run whose pieces nobody has timed, such as programs, it is not said that nothing
// is left.
func TestUnknownLength(t *testing.T) {
	p := New(&strings.Builder{}, 0, "training", false)
	task := p.Piece("search", 10, 0)
	task.Add(4)
	task.since(20*time.Second, 20*time.Second)
	if lines, done := p.Now(); len(lines) != 2 || !strings.HasSuffix(lines[0], "30s left") || strings.Contains(lines[1], "left") || done != 0 {
		t.Errorf("the lines are %q, and %v is done", lines, done)
	}
}

// TestEpochs says what a training was scored, at once where the last line is old.
func TestEpochs(t *testing.T) {
	var b strings.Builder
	p := New(&b, 100, "img", false)
	task := p.Piece("training", 10, 5)
	task.Step(train.Step{Loss: 2})
	task.Epoch(train.Validation{Epoch: 0, Train: 2.5, Loss: 2.25}, "error 80.00 %")
	if b.Len() > 0 {
		t.Errorf("a line comes too early: %q", b.String())
	}
	task.since(2*time.Second, 20*time.Second)
	task.Epoch(train.Validation{Epoch: 1, Train: 1.5, Loss: 1.25}, "error 50.00 %")
	if want := "training: epoch 2: training loss 1.500, validation loss 1.250 (error 50.00 %)\n"; b.String() != want {
		t.Errorf("got %q, want %q", b.String(), want)
	}
	if lines, _ := p.Now(); !strings.Contains(lines[0], "loss 2.000, validation loss 1.250 (error 50.00 %), step 1 of 10") {
		t.Errorf("now it says %q", lines[0])
	}
}

func TestQuietProgress(t *testing.T) {
	var b strings.Builder
	p := New(&b, 100, "img", true)
	task := p.Piece("training", 10, 5)
	task.since(time.Second, time.Second)
	task.Step(train.Step{})
	p.Logf("a line")
	task.End()
	p.Close()
	if b.String() != "" {
		t.Errorf("a quiet progress prints %q", b.String())
	}
}

func TestProgressOfSearch(t *testing.T) {
	p := New(&strings.Builder{}, 100, "img", false)
	task := p.Piece("search", 10, 5)
	task.Say("2 of 8 trials, 4 in flight, best 17.50 %")
	if lines, _ := p.Now(); !slices.Contains(lines, "search: 2 of 8 trials, 4 in flight, best 17.50 %") {
		t.Errorf("the lines are %q", lines)
	}
}
