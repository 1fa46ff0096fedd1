package dropout

// Combine returns the policy that acts at each site as the first of policies that
// acts there.
func Combine(policies ...Policy) Policy { return combined(policies) }

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
