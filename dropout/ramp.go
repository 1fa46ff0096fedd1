package dropout

import "autodropout/internal/seed"

// Ramp returns a policy that applies the masks of another one in some steps only: with
// probability Stream.Progress, which grows from 0 to 1. One draw decides for all sites of a
// step. Of nil, no dropout, it is nil.
func Ramp(policy Policy) Policy {
	if policy == nil {
		return nil
	}
	return ramp{policy}
}

type ramp struct{ policy Policy }

// Mask returns the mask that the policy has for the site, in the steps that have
// masks.
func (r ramp) Mask(site string, shape []int, s Stream) Mask {
	if seed.New(s.Seed, "dropout ramp", s.Step).Float64() >= s.Progress {
		return nil
	}
	return r.policy.Mask(site, shape, s)
}
