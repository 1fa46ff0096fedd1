package dropout

import "slices"

// Canonical returns the point with every choice that has no effect, given the others of its
// group, set to its first value. The masks of the pattern stay the same, bit for bit. For
// example, the stride of scattered blocks has no effect, and neither has anything else
// about blocks of size 0. In a space without patterns every choice has an effect.
func (s Space) Canonical(point []int) []int {
	point = slices.Clone(point)
	conv := s.isConv()
	if !conv && !s.isSequence() {
		return point
	}
	for g := range s.Groups {
		var idle []string
		if conv {
			idle = blockPattern(s.group(convFields, g, point)).idle(g == s.Groups-1)
		} else {
			idle = tokenPattern(s.group(sequenceFields, g, point)).idle(places[g])
		}
		for j, c := range s.Choices {
			if slices.Contains(idle, c.Name) {
				// Of a size it counts whether it is 0.
				point[g*len(s.Choices)+j] = slices.IndexFunc(c.Values, func(v float64) bool { return c.Name != "size" || v > 0 })
			}
		}
	}
	return point
}

// idle returns the choices that do not count beside the others: of the size only whether
// it is 0 then. The last block of a network has the place before the classifier.
func (b BlockPattern) idle(last bool) (names []string) {
	single := b.Place == Features && !b.Residual // it acts on maps of one cell only, if at all
	switch {
	case b.Size == 0:
		return []string{"stride", "repeat", "rotate", "shear_x", "shear_y", "share_c", "residual", "place", "cells", "aspect", "scatter", "schedule"}
	case single && !last:
		return []string{"size", "stride", "repeat", "rotate", "shear_x", "shear_y", "share_c", "cells", "aspect", "scatter", "schedule"}
	}
	if b.Cells > 0 || single {
		names = append(names, "size")
	}
	if b.Scatter > 0 || single {
		names = append(names, "stride", "repeat", "rotate", "shear_x", "shear_y")
	}
	if b.Scatter > 0 && single {
		names = append(names, "cells", "aspect")
	}
	return names
}

// idle returns the choices that do not count beside the others at a place.
func (t TokenPattern) idle(place Kind) (names []string) {
	switch {
	case t.Drop == 0:
		return []string{"size", "stride", "share_t", "share_c", "schedule"}
	case place == Words:
		return []string{"size", "stride", "share_t", "share_c"}
	}
	// Blocks of one token share nothing among tokens, but for the number of a block, which
	// the noise of all channels together is drawn by.
	alone := t.Size == 1 && (t.Stride == 0 || !t.ShareC)
	if alone {
		names = append(names, "share_t")
	}
	if t.Stride == 0 && (alone || !t.ShareT) {
		names = append(names, "size")
	}
	return names
}
