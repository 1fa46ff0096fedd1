package dropout

import (
	"math/rand/v2"
	"sync"

	"autodropout/internal/seed"
)

// Fresh is a control for a search: it has another random pattern at every step, as
// TrivialAugment has another augmentation (Müller and Hutter 2021), and searches
// nothing.
type Fresh struct {
	share float64
	space Space
	draw  func(rng *rand.Rand) (Policy, error)

	mu   sync.Mutex
	at   [2]uint64 // the seed and step of last
	last Policy    // nil: there was no step yet
}

// NewFresh returns the policy of the patterns of a space that are drawn from [Mild] with
// the given share, for the network with the given sites.
func NewFresh(space Space, share float64, sites []Site) (*Fresh, error) {
	probs, err := Mild(space, share)
	if err != nil {
		return nil, err
	}
	f := &Fresh{share: share, space: space}
	f.draw = func(rng *rand.Rand) (Policy, error) {
		pattern, err := Decode(space, space.Draw(probs, rng))
		if err != nil {
			return nil, err
		}
		return pattern.Policy(sites)
	}
	// What the sites do not allow shows now.
	if _, err := f.draw(seed.New(0, "dropout fresh")); err != nil {
		return nil, err
	}
	return f, nil
}

// Mask draws a mask of the step's pattern.
func (f *Fresh) Mask(site string, shape []int, s Stream) Mask {
	return f.pattern(s).Mask(site, shape, s)
}

// pattern returns the policy of a step, which is nearly always that of the call
// before.
func (f *Fresh) pattern(s Stream) Policy {
	f.mu.Lock()
	defer f.mu.Unlock()
	if at := [2]uint64{s.Seed, s.Step}; f.last == nil || f.at != at {
		policy, err := f.draw(seed.New(s.Seed, "dropout fresh", s.Step))
		if err != nil {
			panic(err) // the first one was made for the same sites
		}
		f.at, f.last = at, policy
	}
	return f.last
}
