package controller

import (
	"math"
	"math/rand/v2"
	"slices"

	"autodropout/dropout"
)

// coordinate is coordinate ascent under noise. Its points come in batches: the first is
// what the search begins with, each other one the best point so far with one choice
// changed, in all groups at once or in one, to each of some values. Each point is tried
// in consecutive trials, with the same seeds. A batch is a function of the results that
// every search with so many trials in flight knows when it begins, so that it does not
// matter which were quick, and a log replays.
type coordinate struct {
	config  Config
	space   dropout.Space
	changes []change
	rewards map[int]float64 // by trial

	points [][]int // of all batches that have begun, in order
	starts int     // of them, those of the first batch
	seen   int     // of them, those that the best was chosen from, in order
	best   int     // of the points
	next   int     // of the changes
}

// change is a choice that is changed, in one group or, where that is negative, in all.
type change struct{ choice, group int }

func newCoordinate(c Config, space dropout.Space) *coordinate {
	s := &coordinate{config: c, space: space, rewards: map[int]float64{}}
	for group := -1; group < space.Groups; group++ {
		for i, choice := range space.Choices {
			if (c.Only == nil || slices.Contains(c.Only, choice.Name)) && (group >= 0 || space.Groups > 1) {
				s.changes = append(s.changes, change{i, group})
			}
		}
	}
	switch {
	case c.Starts != nil:
		s.points = c.Starts
	case c.Start != nil:
		s.points = [][]int{c.Start}
	default:
		s.points = [][]int{newLocal(c, space).incumbent.point}
	}
	s.starts = len(s.points)
	return s
}

// sample begins the batches that are over when the trial is sampled, each with what was
// known then.
func (s *coordinate) sample(trial int, _ *rand.Rand) (point []int, logProbs []float32, entropy float64) {
	for trial/s.config.Repeats >= len(s.points) {
		s.settle(len(s.points)*s.config.Repeats - s.config.InFlight + 1)
		s.points = append(s.points, s.batch()...)
	}
	point = slices.Clone(s.points[trial/s.config.Repeats])
	return point, make([]float32, len(point)), 0
}

// settle chooses the best point after a batch, knowing the trials below a limit: that of
// the batch whose rewards are higher by most, on average over the seeds that both have,
// where that is more than the standard error. The first batch has no other to compare
// with, and its best mean will do. Points without a result wait for the next batch.
func (s *coordinate) settle(limit int) {
	rival, lead := s.best, 0.0
	for i := s.seen; i < len(s.points); i++ {
		difference, se := s.compare(i, s.best, limit)
		if difference > lead && (i < s.starts || difference > se) {
			rival, lead = i, difference
		}
	}
	s.best, s.seen = rival, len(s.points)
	if !s.config.old {
		s.seen = max(0, limit+s.config.Repeats-1) / s.config.Repeats
	}
}

// compare returns by how much the rewards of point a are higher than those of b, seed by
// seed, with the standard error, which is 0 where there is one seed.
func (s *coordinate) compare(a, b, limit int) (difference, se float64) {
	n, squares := 0., 0.
	for k := range s.config.Repeats {
		i, j := a*s.config.Repeats+k, b*s.config.Repeats+k
		x, ok := s.rewards[i]
		y, both := s.rewards[j]
		if !ok || !both || max(i, j) >= limit {
			continue
		}
		n++
		d := x - y - difference
		difference += d / n
		squares += d * (x - y - difference)
	}
	if n > 1 {
		se = math.Sqrt(squares / (n - 1) / n)
	}
	return difference, se
}

// batch returns the next points that were not tried yet: the best one with the next
// change that leads to any. Where none does, the best one is tried again.
func (s *coordinate) batch() (points [][]int) {
	tried := slices.Clone(s.points)
	for i := range tried {
		tried[i] = s.space.Canonical(tried[i])
	}
	for range s.changes {
		c := s.changes[s.next]
		s.next = (s.next + 1) % len(s.changes)
		for _, v := range some(len(s.space.Choices[c.choice].Values)) {
			point := slices.Clone(s.points[s.best])
			for group := range s.space.Groups {
				if c.group < 0 || c.group == group {
					point[group*len(s.space.Choices)+c.choice] = v
				}
			}
			same := s.space.Canonical(point)
			if !slices.ContainsFunc(tried, func(p []int) bool { return slices.Equal(p, same) }) {
				tried, points = append(tried, same), append(points, point)
			}
		}
		if points != nil {
			return points
		}
	}
	return [][]int{s.points[s.best]}
}

// some returns the indices of n values, of eight spread evenly over them where there are
// more: neighbours on a fine grid differ by less than noise.
func some(n int) (indices []int) {
	const most = 8
	for i := range min(n, most) {
		if n > most {
			i = i * (n - 1) / (most - 1)
		}
		indices = append(indices, i)
	}
	return indices
}

func (s *coordinate) learn(t Trial, reward float64) (ratio float64) {
	s.rewards[t.Index] = reward
	return 1
}
