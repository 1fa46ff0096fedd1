package controller

import (
	"math/rand/v2"
	"slices"

	"autodropout/dropout"
	"autodropout/internal/seed"
)

// local is hill climbing under noise. The best point so far, the incumbent, is tried
// again and again (one trial in three), so that what it is worth becomes known; the
// other trials change it in one choice. A change that looks better is tried a second
// time, and takes the incumbent's place when the mean of both is better too.
type local struct {
	mutation  mutation
	incumbent tried
	rival     tried // looked better once; nobody where it has no point
}

func newLocal(c Config, space dropout.Space) *local {
	l := &local{mutation: mutation{space, c.old, c.Everywhere}, incumbent: tried{point: c.Start}}
	if c.Start == nil {
		l.incumbent.point, _, _ = beginning{space, nil, c.StartProbs}.sample(0, seed.New(c.Seed, "controller/local"))
	}
	return l
}

// tried is a point with the mean of its rewards.
type tried struct {
	point  []int
	reward float64
	times  int
}

func (t *tried) add(reward float64) {
	t.times++
	t.reward += (reward - t.reward) / float64(t.times)
}

// sample depends on the results and the number of the trial alone, so that a log
// replays: a rival is tried again by every third trial until its second result is
// there.
func (l *local) sample(trial int, rng *rand.Rand) (point []int, logProbs []float32, entropy float64) {
	const turns = 3
	switch {
	case trial%turns == 0:
		point = slices.Clone(l.incumbent.point)
	case trial%turns == 1 && l.rival.point != nil:
		point = slices.Clone(l.rival.point)
	default:
		point = l.mutation.of(l.incumbent.point, rng)
	}
	return point, make([]float32, len(point)), 0
}

func (l *local) learn(t Trial, reward float64) (ratio float64) {
	switch {
	case slices.Equal(t.Point, l.incumbent.point):
		l.incumbent.add(reward)
	case slices.Equal(t.Point, l.rival.point):
		l.rival.add(reward)
		if l.rival.reward > l.incumbent.reward {
			l.incumbent = l.rival
		}
		l.rival = tried{}
	case l.rival.point == nil && (l.incumbent.times == 0 || reward > l.incumbent.reward):
		l.rival = tried{t.Point, reward, 1}
	}
	return 1
}
