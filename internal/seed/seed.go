// Package seed derives independent random streams from one base seed.
//
// A stream is named by its use ("init", "augment", ...) and by any numbers that
// place it, such as the epoch and the example. Because every use has a stream
// of its own, adding one never changes the numbers another one draws, and a
// resumed run needs no generator state.
package seed

import (
	"math/rand/v2"
)

// Derive returns the seed of the stream that use and n name under base.
// Different arguments give unrelated seeds; equal ones always the same seed.
func Derive(base uint64, use string, n ...uint64) uint64 {
	h := mix(base ^ 0x9e3779b97f4a7c15)
	for i := 0; i < len(use); i++ {
		h = mix(h ^ uint64(use[i]))
	}
	// The length separates ("ab", 1) from ("a", 'b', 1).
	h = mix(h ^ uint64(len(use))<<32)
	for _, v := range n {
		h = mix(h ^ mix(v+0x9e3779b97f4a7c15))
	}
	return h
}

// New returns a generator for the stream that use and n name under base.
func New(base uint64, use string, n ...uint64) *rand.Rand {
	s := Derive(base, use, n...)
	return rand.New(rand.NewPCG(s, mix(s)))
}

// mix is the finaliser of SplitMix64 (Steele, Lea and Flood 2014), a bijection
// in which every input bit reaches every output bit.
func mix(z uint64) uint64 {
	z += 0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}
