package dropout

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
)

// Share returns the share of the elements of maps of a size that the pattern is
// expected to drop, over all of its placements and a whole training. It is computed, not
// sampled.
func (b BlockPattern) Share(height, width int) float64 {
	switch {
	case b.Size == 0:
		return 0
	case b.Scatter > 0:
		return b.scatteredShare(height, width)
	}
	t, sum := newTiling(b, height, width), 0.0
	for _, c := range t.cells {
		sum += t.y.covered(int(c.y)+t.y.low) * t.x.covered(int(c.x)+t.x.low)
	}
	return sum / float64(len(t.cells)) * b.Schedule.mean()
}

// scatteredShare is Share where blocks are scattered.
func (b BlockPattern) scatteredShare(height, width int) (sum float64) {
	for _, part := range b.Schedule.parts() {
		blocks := b.scatter(height, width, part.value)
		sum += part.p * blocks.share()
	}
	return sum
}

// Share returns the share of the elements of a sequence that the pattern is expected
// to drop, over a whole training.
func (b TokenPattern) Share() float64 {
	return b.Drop * float64(b.Size) / float64(b.Size+b.Stride) * b.Schedule.mean()
}

// covered returns the probability that a block covers cell i. Axes are placed
// independently.
func (a *axis) covered(i int) float64 {
	if a.span == 0 {
		return float64(a.size) / float64(a.pitch)
	}
	// The anchor is one of as many cells, from -(span-1) to extent-1.
	n := 0
	for offset := max(0, i-a.extent+1); offset <= min(a.span-1, i+a.span-1); offset++ {
		if offset%a.pitch < a.size {
			n++
		}
	}
	return float64(n) / float64(a.span+a.extent-1)
}

// firstSide is the side of the maps of a ConvNet's first stage that shares are
// computed for; it halves from stage to stage. Patterns are relative to the side, so
// that others differ by rounding only.
const firstSide = 32

// stageSide returns the side of the maps of a stage that shares are computed for.
func stageSide(stage int) int { return max(4, firstSide>>stage) }

// expectation returns the function from probabilities to the expected share, and
// which choices a share is reached by, with the direction of each.
func (s Space) expectation() (expected func(probs [][]float64) float64, tilted map[string]float64, err error) {
	switch {
	case s.isSequence():
		return s.sequenceShare, map[string]float64{"drop": -1}, nil
	case s.isConv():
		return s.convShare(), map[string]float64{"size": -1, "stride": 1, "scatter": -1}, nil
	}
	return nil, nil, fmt.Errorf("the share that patterns of the %s space drop is not known", s.Name)
}

// weighted is a value of a choice with its probability.
type weighted struct{ value, p float64 }

// likely returns the values of a choice with their probabilities, 0 for certain where
// there is no such choice.
func (s Space) likely(name string, probs [][]float64) (all []weighted) {
	for i, c := range s.Choices {
		if c.Name == name {
			for j, v := range c.Values {
				all = append(all, weighted{v, probs[i][j]})
			}
			return all
		}
	}
	return []weighted{{0, 1}}
}

func (s Space) sequenceShare(probs [][]float64) float64 {
	share, drop, strength := 0.0, 0.0, 0.0
	for _, size := range s.likely("size", probs) {
		for _, stride := range s.likely("stride", probs) {
			share += size.p * stride.p * size.value / (size.value + stride.value)
		}
	}
	for _, d := range s.likely("drop", probs) {
		drop += d.p * d.value
	}
	for _, schedule := range s.likely("schedule", probs) {
		strength += schedule.p * Schedule(schedule.value).mean()
	}
	return share * drop * strength
}

// convShare returns the function from probabilities to the expected share, with the
// geometry as likely one way as another. What patterns drop that differ in nothing else
// is computed once.
func (s Space) convShare() func(probs [][]float64) float64 {
	known := map[BlockPattern]float64{}
	var looked [][]lookup
	for stage := range s.Stages {
		looked = append(looked, s.lookups(stageSide(stage)))
	}
	share := func(b BlockPattern) float64 {
		if _, ok := known[b]; !ok {
			for stage, blocks := range s.Stages {
				known[b] += b.expectedShare(stageSide(stage), looked[stage]) * s.weight(blocks)
			}
		}
		return known[b]
	}
	return func(probs [][]float64) (sum float64) {
		for b, p := range s.sides(probs) {
			for _, scatter := range s.likely("scatter", probs) {
				for _, schedule := range s.likely("schedule", probs) {
					b.Scatter, b.Schedule = scatter.value, Schedule(schedule.value)
					p := p * scatter.p * schedule.p
					if b.Scatter > 0 {
						sum += p * share(b)
						continue
					}
					for _, stride := range s.likely("stride", probs) {
						for _, repeat := range s.likely("repeat", probs) {
							b.Schedule, b.Stride, b.Repeat = Constant, stride.value, int(repeat.value)
							sum += p * stride.p * repeat.p * share(b) * Schedule(schedule.value).mean()
						}
					}
					b.Stride, b.Repeat = 0, 0
				}
			}
		}
		return sum
	}
}

// weight returns what part of all groups is in a stage with so many blocks.
func (s Space) weight(blocks int) float64 {
	if s.Tied {
		return 1 / float64(len(s.Stages))
	}
	return float64(blocks) / float64(s.Groups)
}

// sides calls yield with the blocks of patterns that drop something: size, cells and
// aspect, with the probability of each. Where Cells counts, Size is 1.
func (s Space) sides(probs [][]float64) iter.Seq2[BlockPattern, float64] {
	return func(yield func(BlockPattern, float64) bool) {
		for _, aspect := range s.likely("aspect", probs) {
			for _, cells := range s.likely("cells", probs) {
				some := 0.0
				for _, size := range s.likely("size", probs) {
					b := BlockPattern{Size: size.value, Cells: int(cells.value), Aspect: Aspect(aspect.value)}
					switch {
					case size.value == 0:
					case b.Cells > 0:
						some += size.p
					case !yield(b, size.p*cells.p*aspect.p):
						return
					}
				}
				if cells.value > 0 && !yield(BlockPattern{Size: 1, Cells: int(cells.value), Aspect: Aspect(aspect.value)}, some*cells.p*aspect.p) {
					return
				}
			}
		}
	}
}

// expectedShare returns the share that a pattern drops of square maps, which is a grid
// of which cells are looked up so often, or scattered.
func (b BlockPattern) expectedShare(side int, looked []lookup) float64 {
	if b.Scatter > 0 {
		return b.scatteredShare(side, side)
	}
	y, x := b.axes(side, side)
	low, high := looked[0].y, looked[0].y
	for _, at := range looked {
		low, high = min(low, at.y, at.x), max(high, at.y, at.x)
	}
	coveredY, coveredX := make([]float64, high-low+1), make([]float64, high-low+1)
	for i := range coveredY {
		coveredY[i], coveredX[i] = y.covered(low+i), x.covered(low+i)
	}
	sum, total := 0.0, 0
	for _, at := range looked {
		sum += float64(at.times) * coveredY[at.y-low] * coveredX[at.x-low]
		total += at.times
	}
	return sum / float64(total)
}

// lookup is how often a cell of a placed pattern is looked up.
type lookup struct{ y, x, times int }

// lookups returns the cells that those of a map look up, over all rotations and shears
// of the space, in an order that is always the same: sums round alike.
func (s Space) lookups(side int) []lookup {
	times := map[[2]int]int{}
	for _, rotate := range s.values("rotate") {
		for _, x := range s.values("shear_x") {
			for _, y := range s.values("shear_y") {
				t := newTiling(BlockPattern{Size: 1, Stride: 1, Repeat: 1, Rotate: rotate, ShearX: x, ShearY: y}, side, side)
				for _, c := range t.cells {
					times[[2]int{int(c.y) + t.y.low, int(c.x) + t.x.low}]++
				}
			}
		}
	}
	var looked []lookup
	for at, n := range times {
		looked = append(looked, lookup{at[0], at[1], n})
	}
	slices.SortFunc(looked, func(a, b lookup) int { return cmp.Or(a.y-b.y, a.x-b.x) })
	return looked
}
