package simd

import (
	"fmt"

	"autodropout/internal/race"
)

// MaxFrom updates maxima and where they come from: where x[i] is larger than
// best[i], or NaN, it becomes best[i], and place from[i]. All slices have the
// length of best.
func MaxFrom(best []float32, from []uint32, x []float32, place uint32) {
	from, x = from[:len(best)], x[:len(best)]
	for len(best) > 0 {
		n := min(len(best), maxCall)
		maxFrom(best[:n], from[:n], x[:n], place)
		best, from, x = best[n:], from[n:], x[n:]
	}
}

// Squares are count squares of 2x2 pixels that lie side by side, with n channels each, and
// a pixel for each of them. In a square pixel 1 is right of pixel 0, pixels 2 and 3 are
// below these.
type Squares struct {
	Pixels []float32 // of both rows: each follows the one on its left
	Row    int       // from a row to the next one, in elements

	Largest []float32 // a pixel for each square
	From    []byte    // of the same place: which pixel, for every channel
	Step    int       // from one such pixel to the next, in elements

	N, Count int
}

// Max sets Largest to the largest element of each square, for each channel by itself, and
// From to the pixel that it comes from: the first of equal ones, and the last NaN.
func (s Squares) Max() {
	if !s.check("Max") {
		return
	}
	race.ReadRows(s.Pixels, 2, 2*s.N*s.Count, s.Row)
	race.WriteRows(s.Largest, s.Count, s.N, s.Step)
	race.WriteRows(s.From, s.Count, s.N, s.Step)
	s.calls(func(p Squares) { maxSquares(p.Largest, p.From, p.Step, p.Pixels, p.Row, p.N, p.Count) })
}

// Spread sets the pixel that From names to the element of Largest and the other pixels of
// each square to 0, for each channel by itself.
func (s Squares) Spread() {
	if !s.check("Spread") {
		return
	}
	race.WriteRows(s.Pixels, 2, 2*s.N*s.Count, s.Row)
	race.ReadRows(s.Largest, s.Count, s.N, s.Step)
	race.ReadRows(s.From, s.Count, s.N, s.Step)
	s.calls(func(p Squares) { spreadSquares(p.Pixels, p.Row, p.Largest, p.From, p.Step, p.N, p.Count) })
}

// check reports whether there is anything to do.
func (s *Squares) check(name string) bool {
	if s.N <= 0 || s.Count <= 0 {
		return false
	}
	need := (s.Count-1)*s.Step + s.N
	if s.Step < s.N || s.Row < 2*s.N*s.Count || len(s.Pixels) < s.Row+2*s.N*s.Count || len(s.Largest) < need || len(s.From) < need {
		panic(fmt.Sprintf("simd: Squares.%s: %d squares of %d channels, %d apart and with rows of %d, in %d elements, with %d and %d for one of each",
			name, s.Count, s.N, s.Step, s.Row, len(s.Pixels), len(s.Largest), len(s.From)))
	}
	return true
}

// calls cuts the squares into pieces for the assembly.
func (s Squares) calls(call func(p Squares)) {
	count := max(1, maxCall/(4*s.N))
	for first := 0; first < s.Count; first += count {
		p := s
		p.Count = min(count, s.Count-first)
		p.Pixels, p.Largest, p.From = s.Pixels[2*s.N*first:], s.Largest[first*s.Step:], s.From[first*s.Step:]
		call(p)
	}
}
