package progress

import (
	"fmt"
	"slices"
	"time"

	"autodropout/benchmarks/internal/words"
	"autodropout/train"
)

// Piece is one part of the run, a training or a search, counted in steps.
type Piece struct {
	progress *Progress
	name     string
	cost     float64 // estimated seconds of a step
	bar      bar

	// Guarded by progress.mu.
	start               time.Time
	lastLine            time.Time
	total, before, done int     // steps; before this session, and in it
	items               int64   // more than 2^31 words are few days
	epoch               int     // counted from 1
	loss                float64 // moving mean
	valid               string  // what the last validation found
	said                string  // in place of epoch, loss and step
}

// Piece begins a piece of total steps, each of which should take cost seconds.
func (p *Progress) Piece(name string, total int, cost float64) *Piece {
	now := time.Now()
	t := &Piece{progress: p, name: name, cost: cost, start: now, lastLine: now, total: total}
	p.mu.Lock()
	p.pieces = append(p.pieces, t)
	p.mu.Unlock()
	if p.bars != nil {
		t.bar = p.bars.add(name, total, p.locked(t.status), false)
	}
	return t
}

// Skip reports steps that were done in an earlier session.
func (t *Piece) Skip(steps int) {
	p := t.progress
	p.mu.Lock()
	t.before += steps
	p.planned -= float64(steps) * t.cost
	p.mu.Unlock()
	t.advance(steps)
}

// Say sets what is said about the piece beside its speed, such as how many trials
// of a search have ended.
func (t *Piece) Say(text string) {
	t.progress.mu.Lock()
	defer t.progress.mu.Unlock()
	t.said = text
}

// Step reports a step.
func (t *Piece) Step(s train.Step) {
	p := t.progress
	p.mu.Lock()
	const keep = 0.95 // of the mean, from step to step
	if t.done == 0 {
		t.loss = float64(s.Loss)
	}
	t.loss = keep*t.loss + (1-keep)*float64(s.Loss)
	t.epoch = s.Epoch + 1
	t.items += int64(s.Size)
	p.mu.Unlock()
	t.Add(1)
}

// Epoch reports what a training was scored after an epoch, and writes a line of it unless
// the last one is too recent. The score is in words.
func (t *Piece) Epoch(v train.Validation, score string) {
	p := t.progress
	p.mu.Lock()
	t.valid = fmt.Sprintf("validation loss %.3f (%s)", v.Loss, score)
	due := time.Since(t.lastLine) >= lineEvery
	if due {
		t.lastLine = time.Now()
	}
	p.mu.Unlock()
	if due {
		p.Logf("%s: epoch %d: training loss %.3f, %s", t.name, v.Epoch+1, v.Train, t.valid)
	}
}

// Add reports steps of which nothing else is known.
func (t *Piece) Add(steps int) {
	p := t.progress
	p.mu.Lock()
	t.done += steps
	p.done += float64(steps) * t.cost
	if p.bars == nil && !p.quiet && time.Since(t.lastLine) >= lineEvery {
		t.lastLine = time.Now()
		fmt.Fprintf(p.out, "%s: %s; whole run: %s\n", t.name, t.status(unlimited), p.run(unlimited))
	}
	p.mu.Unlock()
	t.advance(steps)
}

// advance moves the bars. The lock must be free: a bar may be waiting for it,
// in the middle of drawing a text.
func (t *Piece) advance(steps int) {
	if t.bar == nil {
		return
	}
	t.bar.IncrBy(steps)
	t.progress.mu.Lock()
	share := t.progress.share()
	t.progress.mu.Unlock()
	t.progress.whole.SetCurrent(int64(share * (wholeParts - 1))) // the last part is Close
}

// End ends the piece. It says how far a piece came that is not finished.
func (t *Piece) End() {
	if t.bar != nil {
		t.bar.Abort(true)
		t.bar.Wait()
	}
	p := t.progress
	p.mu.Lock()
	p.pieces = slices.DeleteFunc(p.pieces, func(other *Piece) bool { return other == t })
	stopped, status := t.before+t.done < t.total, t.status(unlimited)
	p.mu.Unlock()
	if stopped {
		p.Logf("%s: stopped at %s", t.name, status)
	}
}

// status describes a piece that is under way, in so many letters. The caller holds
// progress.mu.
func (t *Piece) status(width int) string {
	var parts []part
	if t.said != "" {
		parts = append(parts, part{t.said, 6})
	} else {
		if t.done > 0 {
			parts = append(parts, part{fmt.Sprintf("epoch %d", t.epoch), 3}, part{fmt.Sprintf("loss %.3f", t.loss), 5})
			if t.valid != "" {
				parts = append(parts, part{t.valid, 4})
			}
		}
		parts = append(parts, part{fmt.Sprintf("step %d of %d", t.before+t.done, t.total), 2})
	}
	if t.done > 0 {
		elapsed := time.Since(t.start).Seconds()
		left := float64(t.total-t.before-t.done) * elapsed / float64(t.done)
		if t.items > 0 { // those of workers are not known
			parts = append(parts, part{words.Speed(float64(t.items)/elapsed, t.progress.item), 1})
		}
		parts = append(parts, part{words.Duration(left) + " left", 7})
	}
	return fitted(parts, width)
}
