package dropout

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// describe returns the description of a policy: its kind, its settings, and what
// it does at each site.
func describe[V any](kind string, sites map[string]V, settings ...string) string {
	parts := append([]string{kind}, settings...)
	for _, name := range slices.Sorted(maps.Keys(sites)) {
		parts = append(parts, fmt.Sprintf("%s: %+v", name, sites[name]))
	}
	return strings.Join(parts, ", ")
}

// Describe implements [Policy].
func (d *Dropout) Describe() string {
	return describe("dropout", d.sites, fmt.Sprintf("p %d/65536", d.threshold))
}

// Describe implements [Policy].
func (d *SpatialDropout) Describe() string {
	return describe("spatial dropout", d.sites, fmt.Sprintf("p %v", d.p))
}

// Describe implements [Policy].
func (d *DropBlock) Describe() string {
	return describe("DropBlock", d.sites, fmt.Sprintf("size %d", d.size), fmt.Sprintf("keep %v", d.keep))
}

// Describe implements [Policy].
func (d *StochasticDepth) Describe() string { return describe("stochastic depth", d.keep) }

// Describe implements [Policy].
func (p *ConvPolicy) Describe() string {
	blocks := make(map[string]BlockPattern, len(p.sites))
	for name, site := range p.sites {
		blocks[name] = site.pattern
	}
	return describe("pattern of a ConvNet", blocks)
}

// Describe implements [Policy].
func (p *SequencePolicy) Describe() string { return describe("pattern of a Transformer", p.sites) }

// Describe implements [Policy].
func (d *SequenceDropout) Describe() string { return describe("sequence dropout", d.sites) }

// String describes what happens at the site.
func (s sequenceSite) String() string {
	text := fmt.Sprintf("%v %+v", s.kind, s.pattern.mask(1))
	if s.pattern.Schedule != Constant {
		text += fmt.Sprintf(" %v", s.pattern.Schedule)
	}
	return text
}

// Describe implements [Policy].
func (f *Fresh) Describe() string {
	return fmt.Sprintf("fresh patterns, share: %g, space: %+v", f.share, f.space)
}

// Describe implements [Policy].
func (r ramp) Describe() string { return "ramp of " + r.policy.Describe() }

// Describe implements [Policy].
func (c combined) Describe() string {
	var parts []string
	for _, p := range c {
		parts = append(parts, p.Describe())
	}
	return strings.Join(parts, "; ")
}
