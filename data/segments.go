package data

import (
	"fmt"

	"autodropout/internal/seed"
)

// Segments cuts a text for training by truncated back-propagation through time. The text is
// split into rows of equal length, read side by side: a batch is a few columns of all rows,
// and the next batch continues where it ends.
type Segments struct {
	tokens         []int32
	batch, columns int
}

// NewSegments splits a text into batch rows; fewer than batch words at its end
// are left out. It is an error when a row has not even a word and its successor.
func NewSegments(tokens []int32, batch int) (*Segments, error) {
	if batch < 1 {
		return nil, fmt.Errorf("data: a text is split into at least 1 row, not %d", batch)
	}
	columns := len(tokens) / batch
	if columns < 2 {
		return nil, fmt.Errorf("data: a text of %d words is too short for a batch of %d, which needs at least %d", len(tokens), batch, 2*batch)
	}
	return &Segments{tokens: tokens, batch: batch, columns: columns}, nil
}

// Batch returns the number of rows.
func (s *Segments) Batch() int { return s.batch }

// Span is a run of columns: words from Start on are given, and those one to the
// right of them are predicted.
type Span struct{ Start, Length int }

// Spans returns runs of length columns that predict every word once; the last
// one may be shorter.
func (s *Segments) Spans(length int) []Span {
	return s.spans(func() int { return max(length, 1) })
}

// JitteredSpans returns runs of random lengths that predict every word once, as
// Merity et al. (arXiv 1708.02182) have them and Transformer-XL's recipe for the
// Penn Treebank: the mean is length with probability 0.95, otherwise half of it,
// the standard deviation 5, and a run has at least 5 columns (the last one may
// have fewer) and at most length+15. The learning rate of a step should be
// scaled by the Length of its run over length. The runs depend on base and epoch
// only.
func (s *Segments) JitteredSpans(length int, base uint64, epoch int) []Span {
	const deviation, least = 5, 5
	rng := seed.New(base, "spans", uint64(epoch))
	return s.spans(func() int {
		mean := float64(length)
		if rng.Float64() >= 0.95 {
			mean /= 2
		}
		jitter := float64(rng.NormFloat64() * deviation) // rounded: not one fused operation
		return min(max(int(mean+jitter), least), length+3*deviation)
	})
}

// spans asks for lengths until the rows end.
func (s *Segments) spans(length func() int) []Span {
	var spans []Span
	for start := 0; start < s.columns-1; {
		n := min(length(), s.columns-1-start)
		spans = append(spans, Span{start, n})
		start += n
	}
	return spans
}

// Segment returns the words of a span, row after row: targets
// (Batch, span.Length), and inputs (Batch, extended+span.Length), where extended
// words of context stand before those of the span. At the beginning of the rows
// there are fewer, as many as [Segments.Extended] says.
func (s *Segments) Segment(span Span, extended int) (inputs, targets []int) {
	before := s.Extended(span, extended)
	for row := range s.batch {
		words := s.tokens[row*s.columns : (row+1)*s.columns]
		for _, id := range words[span.Start-before : span.Start+span.Length] {
			inputs = append(inputs, int(id))
		}
		for _, id := range words[span.Start+1 : span.Start+1+span.Length] {
			targets = append(targets, int(id))
		}
	}
	return inputs, targets
}

// Extended returns how many words of context stand before a span when extended
// are wanted.
func (s *Segments) Extended(span Span, extended int) int { return min(extended, span.Start) }
