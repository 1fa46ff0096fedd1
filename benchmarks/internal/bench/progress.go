package bench

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
	"golang.org/x/term"
)

// lineEvery is how often a task reports where there is no terminal.
const lineEvery = 15 * time.Second

// Progress tells people how a run advances: with a bar on a terminal, with
// plain lines anywhere else. It is safe for concurrent use.
type Progress struct {
	out  io.Writer
	item string
	bars *mpb.Progress // nil without a terminal

	mu            sync.Mutex
	start         time.Time
	planned, done float64 // estimated seconds of all tasks, and of what is behind us
}

// NewProgress returns the progress of a run whose tasks should take the given
// seconds together. What they really take corrects the estimate as they go. The
// item is what speeds count: "img".
func NewProgress(out io.Writer, seconds float64, item string) *Progress {
	p := &Progress{out: out, item: item, start: time.Now(), planned: seconds}
	if f, ok := out.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		p.bars = mpb.New(mpb.WithOutput(f))
	}
	return p
}

// Logf prints a line, above the bar where there is one.
func (p *Progress) Logf(format string, args ...any) {
	line := fmt.Sprintf(format, args...) + "\n"
	if p.bars != nil {
		io.WriteString(p.bars, line)
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	io.WriteString(p.out, line)
}

// Close ends the progress after its last task.
func (p *Progress) Close() {
	if p.bars != nil {
		p.bars.Wait()
	}
}

// remaining estimates the seconds to the end of the run. The caller holds mu.
func (p *Progress) remaining() float64 {
	left := max(p.planned-p.done, 0)
	const enough = 5 // seconds, before what was measured outweighs the estimate
	if elapsed := time.Since(p.start).Seconds(); elapsed > enough && p.done > 0 {
		left *= elapsed / p.done
	}
	return left
}

// Task is one piece of the run, a training or a search, counted in steps.
type Task struct {
	progress *Progress
	name     string
	cost     float64 // estimated seconds of a step
	bar      *mpb.Bar

	// Guarded by progress.mu.
	start               time.Time
	lastLine            time.Time
	total, before, done int // steps; before this session, and in it
	items               int
}

// Task begins a task of total steps, each of which should take cost seconds.
func (p *Progress) Task(name string, total int, cost float64) *Task {
	now := time.Now()
	t := &Task{progress: p, name: name, cost: cost, start: now, lastLine: now, total: total}
	if p.bars != nil {
		t.bar = p.bars.AddBar(int64(total), mpb.BarRemoveOnComplete(),
			mpb.PrependDecorators(decor.Name(name+" ")),
			mpb.AppendDecorators(decor.Any(func(decor.Statistics) string {
				p.mu.Lock()
				defer p.mu.Unlock()
				return t.status()
			})))
	}
	return t
}

// Skip reports steps that were done in an earlier session.
func (t *Task) Skip(steps int) {
	p := t.progress
	p.mu.Lock()
	t.before += steps
	p.planned -= float64(steps) * t.cost
	p.mu.Unlock()
	t.advance(steps)
}

// Add reports steps that are done and the items they took.
func (t *Task) Add(steps, items int) {
	p := t.progress
	p.mu.Lock()
	t.done += steps
	t.items += items
	p.done += float64(steps) * t.cost
	if p.bars == nil && time.Since(t.lastLine) >= lineEvery {
		t.lastLine = time.Now()
		fmt.Fprintf(p.out, "%s: %s\n", t.name, t.status())
	}
	p.mu.Unlock()
	t.advance(steps)
}

// advance moves the bar. The lock must be free: the bar may be waiting for it,
// in the middle of drawing the status.
func (t *Task) advance(steps int) {
	if t.bar != nil {
		t.bar.IncrBy(steps)
	}
}

// End ends the task. It says how far a task came that is not finished.
func (t *Task) End() {
	if t.bar != nil {
		t.bar.Abort(true)
		t.bar.Wait()
	}
	p := t.progress
	p.mu.Lock()
	stopped, status := t.before+t.done < t.total, t.status()
	p.mu.Unlock()
	if stopped {
		p.Logf("%s: stopped at %s", t.name, status)
	}
}

// status describes a task that is under way. The caller holds progress.mu.
func (t *Task) status() string {
	elapsed := time.Since(t.start).Seconds()
	text := fmt.Sprintf("step %d of %d", t.before+t.done, t.total)
	if t.done > 0 {
		left := float64(t.total-t.before-t.done) * elapsed / float64(t.done)
		if t.items > 0 { // those of workers are not known
			text += ", " + Speed(float64(t.items)/elapsed, t.progress.item)
		}
		text += fmt.Sprintf(", %s left", Duration(left))
	}
	return fmt.Sprintf("%s; %s for the whole run", text, Duration(t.progress.remaining()))
}

// DownloadProgress returns what shows how a download advances, in tenths.
func DownloadProgress(out io.Writer, what string) func(done, total int64) {
	last := 0
	return func(done, total int64) {
		if percent := int(100 * done / max(total, 1)); percent/10 > last/10 {
			last = percent
			fmt.Fprintf(out, "downloading %s: %d %%\n", what, percent)
		}
	}
}
