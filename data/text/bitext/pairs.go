package bitext

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"unicode/utf8"

	"autodropout/internal/bom"
	"autodropout/internal/parallel"
)

// Pair is a sentence and its translation.
type Pair struct{ Source, Target string }

// maxLine is the length of the longest line that is read, in bytes.
const maxLine = 1 << 20

// Read yields the pairs of two texts with a sentence on each line. It holds no more than a
// pair. It ends with an error when a text cannot be read, has a line of more than a
// megabyte, or more lines than the other one.
func Read(source, target io.Reader) iter.Seq2[Pair, error] {
	return zip(lines(source), lines(target))
}

// lines yields lines without what ends them.
func lines(r io.Reader) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		s := bufio.NewScanner(bom.NewReader(r))
		s.Buffer(make([]byte, 1<<16), maxLine)
		number := 0
		for s.Scan() {
			number++
			if !yield(s.Text(), nil) {
				return
			}
		}
		if err := s.Err(); errors.Is(err, bufio.ErrTooLong) {
			yield("", fmt.Errorf("line %d is longer than %d bytes: cut it into sentences", number+1, maxLine))
		} else if err != nil {
			yield("", fmt.Errorf("cannot read line %d: %w", number+1, err))
		}
	}
}

// zip pairs the lines of two texts.
func zip(source, target iter.Seq2[string, error]) iter.Seq2[Pair, error] {
	return func(yield func(Pair, error) bool) {
		next, stop := iter.Pull2(target)
		defer stop()
		count := 0
		for s, err := range source {
			if err != nil {
				yield(Pair{}, fmt.Errorf("bitext: the source text: %w", err))
				return
			}
			t, err, ok := next()
			if err != nil {
				yield(Pair{}, fmt.Errorf("bitext: the target text: %w", err))
				return
			}
			if !ok {
				yield(Pair{}, fmt.Errorf("bitext: the target text ends after %d lines, the source text goes on: they must have the same number", count))
				return
			}
			count++
			if !yield(Pair{s, t}, nil) {
				return
			}
		}
		if _, err, ok := next(); err != nil {
			yield(Pair{}, fmt.Errorf("bitext: the target text: %w", err))
		} else if ok {
			yield(Pair{}, fmt.Errorf("bitext: the source text ends after %d lines, the target text goes on: they must have the same number", count))
		}
	}
}

// Filter says which pairs of tokenised sentences are kept, as Moses' script for
// cleaning corpora does.
type Filter struct {
	// Min and Max bound the number of tokens of both sides.
	Min, Max int
	// Ratio is how many times as many tokens one side may have as the other; 0 is
	// any number.
	Ratio float64
}

// Skipped counts pairs that are left out, by the first reason that holds.
type Skipped struct {
	NotUTF8 int `json:"not_utf8"` // one side is not UTF-8
	Empty   int `json:"empty"`    // one side has no token
	Length  int `json:"length"`   // one side is too short or too long
	Ratio   int `json:"ratio"`    // one side is too long for the other
}

// Total returns the number of all pairs that are left out.
func (s Skipped) Total() int { return s.NotUTF8 + s.Empty + s.Length + s.Ratio }

// String says how many pairs are left out for which reason.
func (s Skipped) String() string {
	return fmt.Sprintf("%d pairs skipped: %d not UTF-8, %d empty, %d of a length and %d of a ratio of lengths that is not wanted",
		s.Total(), s.NotUTF8, s.Empty, s.Length, s.Ratio)
}

// Keep reports whether a pair is kept, or else counts it in skipped.
func (f Filter) Keep(p Pair, skipped *Skipped) bool {
	source, target := tokens(p.Source), tokens(p.Target)
	long, short := max(source, target), min(source, target)
	switch {
	case !p.valid():
		skipped.NotUTF8++
	case short == 0:
		skipped.Empty++
	case short < f.Min || long > f.Max:
		skipped.Length++
	case f.Ratio > 0 && float64(long) > f.Ratio*float64(short):
		skipped.Ratio++
	default:
		return true
	}
	return false
}

// valid reports whether both sides are UTF-8.
func (p Pair) valid() bool { return utf8.ValidString(p.Source) && utf8.ValidString(p.Target) }

func tokens(line string) (n int) {
	for range strings.FieldsSeq(line) {
		n++
	}
	return n
}

// chunk is the number of pairs that are in memory at a time.
const chunk = 4096

// convert yields pairs with f applied, on all cores and in order. F must not
// depend on what it was called with before.
func convert(ctx context.Context, pairs iter.Seq2[Pair, error], f func(Pair) Pair) iter.Seq2[Pair, error] {
	return func(yield func(Pair, error) bool) {
		held := make([]Pair, 0, chunk)
		flush := func() bool {
			parallel.Range(len(held), 64, func(from, to int) {
				for i := from; i < to; i++ {
					held[i] = f(held[i])
				}
			})
			for _, p := range held {
				if !yield(p, nil) {
					return false
				}
			}
			held = held[:0]
			return true
		}
		for p, err := range pairs {
			if err == nil {
				err = context.Cause(ctx)
			}
			if err != nil {
				if flush() {
					yield(Pair{}, err)
				}
				return
			}
			if held = append(held, p); len(held) == chunk && !flush() {
				return
			}
		}
		flush()
	}
}
