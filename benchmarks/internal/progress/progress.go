// Package progress tells people how a run advances: with bars on a terminal, with
// plain lines anywhere else.
package progress

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"autodropout/benchmarks/internal/machine"
	"autodropout/benchmarks/internal/words"
)

// lineEvery is how often a piece reports where there is no terminal.
const lineEvery = 15 * time.Second

// Progress tells people how a run advances: with bars on a terminal, with plain
// lines anywhere else. It is safe for concurrent use.
type Progress struct {
	out   io.Writer
	item  string
	quiet bool
	bars  display // nil without a terminal
	whole bar     // of the run

	mu            sync.Mutex
	start         time.Time
	planned, done float64  // estimated seconds of all pieces, and of what is behind us
	best          string   // the best result so far, in words
	pieces        []*Piece // under way
}

// New returns the progress of a run whose pieces should take the given
// seconds together, 0 where that is not known. What they really take corrects the estimate as they go. The
// item is what speeds count: "img". A quiet progress prints nothing but warnings.
func New(out io.Writer, seconds float64, item string, quiet bool) *Progress {
	p := &Progress{out: out, item: item, quiet: quiet, start: time.Now(), planned: seconds}
	if !quiet {
		p.bars = openDisplay(out)
	}
	if p.bars != nil {
		p.whole = p.bars.add("whole run", wholeParts, p.locked(p.run), true)
	}
	return p
}

// wholeParts is how finely the bar of the run advances.
const wholeParts = 1000

// display draws bars where there is a terminal. What is written to it comes above
// them. Not every system has one.
type display interface {
	io.Writer
	// add adds a bar, below all others if it is the last, with a name before it and a
	// text behind it, which is told how much room there is.
	add(name string, total int, text func(width int) string, last bool) bar
	Wait() // for the bars to end
}

// bar is a part of a display.
type bar interface {
	IncrBy(n int)
	SetCurrent(n int64)
	Abort(drop bool)
	Wait()
}

// locked returns what a bar shows, which is asked for while the lock is held.
func (p *Progress) locked(text func(width int) string) func(width int) string {
	return func(width int) string {
		p.mu.Lock()
		defer p.mu.Unlock()
		return text(width)
	}
}

// Logf prints a line, above the bars where there are some.
func (p *Progress) Logf(format string, args ...any) {
	if !p.quiet {
		p.Warnf(format, args...)
	}
}

// Warnf prints a line that must be read, above the bars where there are some.
func (p *Progress) Warnf(format string, args ...any) {
	line := Wrapped(p.out, fmt.Sprintf(format, args...)) + "\n"
	if p.bars != nil {
		io.WriteString(p.bars, line)
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	io.WriteString(p.out, line)
}

// Best says what the best result so far is.
func (p *Progress) Best(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.best = text
}

// Close ends the progress after its last piece.
func (p *Progress) Close() {
	if p.bars != nil {
		p.whole.Abort(true)
		p.bars.Wait()
	}
}

// Now returns what runs at the moment, line by line, and the share of the run
// that is done.
func (p *Progress) Now() (lines []string, done float64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, t := range p.pieces {
		lines = append(lines, t.name+": "+t.status(unlimited))
	}
	return append(lines, "whole run: "+p.run(unlimited)), p.share()
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

// share returns how much of the run is done. The caller holds mu.
func (p *Progress) share() float64 {
	if p.planned <= 0 {
		return 0
	}
	return min(p.done/p.planned, 1)
}

// unlimited is room for all that there is to say.
const unlimited = 1 << 20

// run describes where the run is, in so many letters. The caller holds mu.
func (p *Progress) run(width int) string {
	parts := []part{{words.Memory(machine.PeakMemory()) + " of memory", 1}}
	if p.planned > 0 {
		parts = slices.Insert(parts, 0, part{words.Duration(p.remaining()) + " left", 3})
	}
	if p.best != "" {
		parts = append(parts, part{"best so far: " + p.best, 2})
	}
	return fitted(parts, width)
}

// part is one of the things that a line says. Those that matter less are left out first.
type part struct {
	text    string
	matters int
}

// fitted joins as many parts as there is room for.
func fitted(parts []part, width int) string {
	for {
		var texts []string
		least := 0
		for i, p := range parts {
			texts = append(texts, p.text)
			if p.matters < parts[least].matters {
				least = i
			}
		}
		text := strings.Join(texts, ", ")
		if len(parts) <= 1 || utf8.RuneCountInString(text) <= width {
			return text
		}
		parts = slices.Delete(slices.Clone(parts), least, least+1)
	}
}

// Download returns what shows how a download advances, in tenths.
func Download(out io.Writer, what string) func(done, total int64) {
	last := 0
	return func(done, total int64) {
		if percent := int(100 * done / max(total, 1)); percent/10 > last/10 {
			last = percent
			fmt.Fprintf(out, "downloading %s: %d %%\n", what, percent)
		}
	}
}
