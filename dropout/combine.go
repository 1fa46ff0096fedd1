package dropout

import "slices"

// Combine returns the policy that acts at each site as the first of policies that
// acts there; nil ones act nowhere.
func Combine(policies ...Policy) Policy {
	return combined(slices.DeleteFunc(slices.Clone(policies), func(p Policy) bool { return p == nil }))
}

type combined []Policy

// Mask returns the first mask that a policy has for the site.
func (c combined) Mask(site string, shape []int, s Stream) Mask {
	for _, p := range c {
		if mask := p.Mask(site, shape, s); mask != nil {
			return mask
		}
	}
	return nil
}
