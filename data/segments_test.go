package data

import (
	"fmt"
	"math"
	"slices"
	"testing"
)

func counting(n int) []int32 {
	words := make([]int32, n)
	for i := range words {
		words[i] = int32(i)
	}
	return words
}

func TestSegments(t *testing.T) {
	s, err := NewSegments(counting(17), 3) // rows 0-4, 5-9, 10-14
	if err != nil {
		t.Fatal(err)
	}
	spans := s.Spans(3)
	if fmt.Sprint(s.Batch(), s.columns, spans) != "3 5 [{0 3} {3 1}]" {
		t.Error(s.Batch(), s.columns, spans)
	}
	for _, c := range []struct {
		span     Span
		extended int
		want     string
	}{
		{spans[0], 2, "[0 1 2 5 6 7 10 11 12] [1 2 3 6 7 8 11 12 13] 0"},
		{spans[1], 0, "[3 8 13] [4 9 14] 0"},
		{spans[1], 2, "[1 2 3 6 7 8 11 12 13] [4 9 14] 2"},
		{spans[1], 9, "[0 1 2 3 5 6 7 8 10 11 12 13] [4 9 14] 3"},
	} {
		inputs, targets := s.Segment(c.span, c.extended)
		if got := fmt.Sprint(inputs, targets, s.Extended(c.span, c.extended)); got != c.want {
			t.Errorf("Segment(%v, %d) = %s, want %s", c.span, c.extended, got, c.want)
		}
	}
}

func TestNewSegmentsRefuses(t *testing.T) {
	for _, c := range []struct{ words, batch int }{{9, 5}, {1, 1}, {10, 0}} {
		if _, err := NewSegments(counting(c.words), c.batch); err == nil {
			t.Errorf("%d words in %d rows were taken", c.words, c.batch)
		}
	}
}

func TestJitteredSpans(t *testing.T) {
	s, err := NewSegments(counting(400_003), 2)
	if err != nil {
		t.Fatal(err)
	}
	spans := s.JitteredSpans(70, 1, 5)
	if !slices.Equal(spans, s.JitteredSpans(70, 1, 5)) {
		t.Error("the same epoch has other spans")
	}
	if slices.Equal(spans, s.JitteredSpans(70, 1, 6)) || slices.Equal(spans, s.JitteredSpans(70, 2, 5)) {
		t.Error("another epoch or seed has the same spans")
	}
	next, short := 0, 0
	var sum, squares float64
	for i, span := range spans {
		if span.Start != next || span.Length > 85 || span.Length < 5 && i < len(spans)-1 {
			t.Fatalf("span %d is %v, want it to begin at %d", i, span, next)
		}
		next += span.Length
		if span.Length < 53 {
			short++
			continue
		}
		sum += float64(span.Length)
		squares += float64(span.Length * span.Length)
	}
	if next != s.columns-1 {
		t.Errorf("%d of %d words are predicted", next, s.columns-1)
	}
	n := float64(len(spans))
	long := n - float64(short)
	mean := sum / long
	// Rounding down takes half a word off the mean.
	if deviation := math.Sqrt(squares/long - mean*mean); math.Abs(mean-69.5) > 0.5 || math.Abs(deviation-5) > 0.4 {
		t.Errorf("long spans have mean %g and deviation %g", mean, deviation)
	}
	if share := float64(short) / n; math.Abs(share-0.05) > 5*math.Sqrt(0.05*0.95/n) {
		t.Errorf("%g of the spans are short", share)
	}
}
