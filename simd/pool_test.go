package simd

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestMaxFrom(t *testing.T) {
	forEachTier(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(8, 1))
		nan := float32(math.NaN())
		for n := range 70 {
			best, x, from := make([]float32, n), make([]float32, n), make([]uint32, n)
			for i := range best {
				best[i], x[i], from[i] = float32(rng.IntN(4)), float32(rng.IntN(4)), uint32(i)
				switch rng.IntN(9) {
				case 0:
					best[i] = nan
				case 1:
					x[i] = nan
				}
			}
			wantBest, wantFrom := slices.Clone(best), slices.Clone(from)
			maxFromGeneric(wantBest, wantFrom, x, 1000)
			MaxFrom(best, from, x, 1000)
			if fmt.Sprint(best) != fmt.Sprint(wantBest) || !slices.Equal(from, wantFrom) {
				t.Errorf("%d elements: maxima %v from %v, want %v from %v", n, best, from, wantBest, wantFrom)
			}
		}
	})
}

// TestSquares wants what the loops over pixels say on every tier, whatever the numbers of
// channels, and everything else untouched.
func TestSquares(t *testing.T) {
	forEachTier(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(8, 2))
		for _, n := range []int{1, 7, 8, 16, 24, 33, 64} {
			for _, count := range []int{1, 2, 5} {
				checkSquares(t, rng, n, count)
			}
		}
		checkSquares(t, rng, 16, maxCall/32) // several calls
	})
}

func checkSquares(t *testing.T, rng *rand.Rand, n, count int) {
	t.Helper()
	random := func(n int) []float32 {
		x := make([]float32, n)
		for i := range x {
			x[i] = float32(rng.IntN(5))
			if rng.IntN(12) == 0 {
				x[i] = nan
			}
		}
		return x
	}
	const canary = 77
	s := Squares{Row: 2*n*count + rng.IntN(3), Step: n + rng.IntN(4), N: n, Count: count}
	s.Pixels = random(s.Row + 2*n*count)
	length := (count-1)*s.Step + n
	largest, from := make([]float32, length+1), make([]byte, length+1)
	Fill(largest, canary)
	for i := range from {
		from[i] = canary
	}
	s.Largest, s.From = largest[:length], from[:length]
	s.Max()
	back := Squares{Pixels: make([]float32, len(s.Pixels)+1), Row: s.Row, Largest: largest, From: from, Step: s.Step, N: n, Count: count}
	Fill(back.Pixels, canary)
	back.Spread()
	for i := range largest {
		square, channel := i/s.Step, i%s.Step
		if channel >= n || square >= count {
			if largest[i] != canary || from[i] != canary {
				t.Fatalf("%d squares of %d channels: wrote between the pixels", count, n)
			}
			continue
		}
		at := func(pixel int) int { return pixel/2*s.Row + (2*square+pixel%2)*n + channel }
		want := 0
		for pixel := range 4 {
			if v := s.Pixels[at(pixel)]; v > s.Pixels[at(want)] || v != v {
				want = pixel
			}
		}
		if int(from[i]) != want || !sameBits(largest[i], s.Pixels[at(want)]) {
			t.Fatalf("%d squares of %d channels: square %d, channel %d: %v from pixel %d, want %v from %d", count, n, square, channel, largest[i], from[i], s.Pixels[at(want)], want)
		}
		for pixel := range 4 {
			wanted := float32(0)
			if pixel == want {
				wanted = largest[i]
			}
			if got := back.Pixels[at(pixel)]; !sameBits(got, wanted) {
				t.Fatalf("%d squares of %d channels: pixel %d of square %d became %v, want %v", count, n, pixel, square, got, wanted)
			}
			back.Pixels[at(pixel)] = canary
		}
	}
	if i := slices.IndexFunc(back.Pixels, func(x float32) bool { return x != canary }); i >= 0 {
		t.Fatalf("%d squares of %d channels: wrote beside the pixels, at %d", count, n, i)
	}
}

func TestSquaresPanic(t *testing.T) {
	good := Squares{Pixels: make([]float32, 16), Row: 8, Largest: make([]float32, 4), From: make([]byte, 4), Step: 2, N: 2, Count: 2}
	good.Max()
	for name, spoil := range map[string]func(*Squares){
		"pixels": func(s *Squares) { s.Pixels = s.Pixels[:15] }, "rows": func(s *Squares) { s.Row = 7 }, "step": func(s *Squares) { s.Step = 1 },
		"largest": func(s *Squares) { s.Largest = s.Largest[:3] }, "from": func(s *Squares) { s.From = s.From[:3] },
	} {
		bad := good
		spoil(&bad)
		for _, call := range []func(){bad.Max, bad.Spread} {
			func() {
				defer func() {
					if recover() == nil {
						t.Errorf("%s: no panic", name)
					}
				}()
				call()
			}()
		}
	}
	Squares{}.Max()
}
