package controller

import (
	"math"
	"math/rand/v2"
	"slices"

	"autodropout/dropout"
)

// round is a part of the plan of successive rejects (Audibert and Bubeck 2010): from the
// trial first on, so many points are tried in turn, each of which was tried before times.
type round struct{ first, points, before int }

// newRounds returns the plan for so many points, each tried so often on average: after each
// round one of them is rejected; the first tries each at least once. The last two are tried in turn for what is left of the
// budget, and as long as anybody asks.
func newRounds(points, repeats int) []round {
	rounds := []round{{points: points}}
	sum := 0.5
	for i := 2; i <= points; i++ {
		sum += 1 / float64(i)
	}
	for left := points; left > 2; left-- {
		until := max(1, int(math.Ceil(float64(points*(repeats-1))/(sum*float64(left)))))
		last := rounds[len(rounds)-1]
		rounds = append(rounds, round{last.first + left*(until-last.before), left - 1, until})
	}
	return rounds
}

// roundOf returns the index of the round of a trial.
func roundOf(rounds []round, trial int) int {
	i := len(rounds) - 1
	for rounds[i].first > trial {
		i--
	}
	return i
}

// before returns how often the point of a trial was tried before.
func before(rounds []round, trial int) int {
	r := rounds[roundOf(rounds, trial)]
	return r.before + (trial-r.first)/r.points
}

// rejects tries given points in the rounds of successive rejects: those with the worst
// means are left out first. A round begins with what every search with so many trials in
// flight knows, so that it does not matter which were quick.
type rejects struct {
	points   [][]int
	rounds   []round
	inFlight int
	rewards  map[int]float64 // by trial
}

func newRejects(c Config, space dropout.Space) *rejects {
	points := c.points(space)
	return &rejects{points, newRounds(len(points), c.Repeats), c.InFlight, map[int]float64{}}
}

// points returns those that a search takes which is given points, all of a small space
// where none are.
func (c *Config) points(space dropout.Space) [][]int {
	if c.Points != nil {
		return c.Points
	}
	points := make([][]int, space.Size().Int64())
	for i := range points {
		points[i], _, _ = grid{space: space}.sample(i, nil)
	}
	return points
}

func (r *rejects) sample(trial int, _ *rand.Rand) (point []int, logProbs []float32, entropy float64) {
	at := roundOf(r.rounds, trial)
	left := r.left(at)
	point = slices.Clone(r.points[left[(trial-r.rounds[at].first)%len(left)]])
	return point, make([]float32, len(point)), 0
}

// left returns which points are left in a round, in order.
func (r *rejects) left(at int) (left []int) {
	for i := range r.points {
		left = append(left, i)
	}
	var tried []int // the point of each trial
	for i := range at {
		next := r.rounds[i+1].first
		for len(tried) < next {
			tried = append(tried, left[(len(tried)-r.rounds[i].first)%len(left)])
		}
		sums, times := make([]float64, len(r.points)), make([]float64, len(r.points))
		for trial := range max(0, next-r.inFlight+1) { // what trial next knows
			if reward, ok := r.rewards[trial]; ok {
				sums[tried[trial]] += reward
				times[tried[trial]]++
			}
		}
		worst, low := 0, math.Inf(1)
		for j, point := range left {
			if mean := sums[point] / times[point]; mean <= low { // without trials it is no number
				worst, low = j, mean
			}
		}
		left = slices.Delete(left, worst, worst+1)
	}
	return left
}

func (r *rejects) learn(t Trial, reward float64) (ratio float64) {
	r.rewards[t.Index] = reward
	return 1
}
