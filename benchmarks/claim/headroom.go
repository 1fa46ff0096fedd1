package main

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/gonum/stat"

	"autodropout/benchmarks/internal/sheet"
	"autodropout/benchmarks/internal/statistics"
	"autodropout/benchmarks/internal/words"
	"autodropout/controller"
	"autodropout/dropout"
)

// headroom is the first part of the names of runs that look whether a setting leaves room
// for several rates: of dropout made by hand, one rate after another is tried in each place.
const headroom = "headroom"

// worth is how many standard errors the best point with a rate for each place has to be
// better by than the best row with one rate, for a setting to be worth a search.
const worth = 3

// headroom adds what is to be gained in each setting that was tried, and which places decide.
func (p *page) headroom(runs []*run) {
	p.say("## What there is to be gained")
	p.say("Coordinate ascent (row `places`) begins with the best hand-made row and gives each place or block a rate of its own, trying each rate with three seeds. Its beginning and its result are then trained again with other seeds: their difference on validation data is what several rates are worth. A setting is worth a search where the difference is %d standard errors or more.", worth)
	var rows, places [][]string
	for _, r := range runs {
		setting, _, _ := r.setting()
		s := r.searches["places"]
		if setting != headroom && (s == nil || s.again == nil) {
			continue
		}
		name := r.name
		if setting == headroom {
			_, name, _ = strings.Cut(r.name, "/")
		}
		state := "not begun"
		if s != nil {
			state = of(r.trials("places")) + " trials"
			places = append(places, r.places(name, s)...)
		}
		cells := []string{name, "", "", "", state}
		if s != nil && s.again != nil {
			r.room(s, cells)
		}
		rows = append(rows, cells)
	}
	p.table([]string{"setting", "one rate", "several rates", "better by", "so"}, rows)
	if places == nil {
		return
	}
	p.say("The rates of each place: what the ascent began with, and what it has found by now. The last column shows how much a place matters: the difference between its best and its worst rate while the other places keep theirs (mean of three seeds; with so many rates, chance alone makes a difference).")
	p.table([]string{"setting", "place", "rates", "began with", "has found", "best and worst differ by"}, places)
}

// tried returns the points of a log's trials that have a reward, and the rewards.
func tried(log *controller.Log) (points [][]int, rewards []float64) {
	for _, t := range log.Curve() {
		if !t.Result.Failed() {
			points, rewards = append(points, t.Point), append(rewards, t.Result.Reward)
		}
	}
	return points, rewards
}

// bestOf returns the best of some points of a log, of all where there are none given.
func bestOf(log *controller.Log, among [][]int) []int {
	var points [][]int
	var rewards []float64
	all, of := tried(log)
	for i, point := range all {
		if among == nil || slices.ContainsFunc(among, func(p []int) bool { return slices.Equal(p, point) }) {
			points, rewards = append(points, point), append(rewards, of[i])
		}
	}
	best, _ := sheet.BestMean(points, rewards)
	return best
}

// room writes into the cells of a line what several rates are worth, by the trainings
// with seeds of their own: of the two points, the first is what the ascent began with.
func (r *run) room(s *search, cells []string) {
	points := s.again.Config.Points
	if len(points) < 2 {
		cells[4] = "nothing better was found"
		return
	}
	m := metrics[r.program]
	var values [2][]float64
	var gains []float64
	trials := s.again.Curve()
	for _, t := range trials {
		if t.Result.Failed() {
			continue
		}
		of := t.Trial.Index % 2
		values[of] = append(values[of], m.of(t.Result.Reward))
		for _, other := range trials {
			if of == 0 && other.Trial.Index == t.Trial.Index+1 && !other.Result.Failed() {
				gains = append(gains, m.gain(m.of(t.Result.Reward), m.of(other.Result.Reward)))
			}
		}
	}
	for i, v := range values {
		cells[1+i] = statistics.Spread(v)
	}
	e := statistics.Mean(gains)
	if math.IsNaN(e.Low) {
		return
	}
	se := e.StandardError()
	cells[3] = fmt.Sprintf("%+.2f ± %.2f %s, %s", e.Value, se, m.points, words.Count(e.N, "seed", "seeds"))
	cells[4] = "no search"
	if e.Value > 0 && e.Value >= worth*se {
		cells[4] = "worth a search"
	}
}

// places returns a line for each place.
func (r *run) places(name string, s *search) (rows [][]string) {
	space := s.Space
	j := slices.IndexFunc(space.Choices, func(c dropout.Choice) bool { return c.Name == space.Rate() })
	began, found := bestOf(s.Log, s.Config.Starts), bestOf(s.Log, nil)
	if j < 0 || began == nil {
		return nil
	}
	points, rewards := sheet.ByPoint(tried(s.Log))
	for g := range space.Groups {
		at := g*len(space.Choices) + j
		// Points that differ there alone.
		alike := map[string][]float64{}
		most := ""
		for i, point := range points {
			other := slices.Clone(point)
			other[at] = 0
			key := fmt.Sprint(other)
			if alike[key] = append(alike[key], stat.Mean(rewards[i], nil)); len(alike[key]) > len(alike[most]) {
				most = key
			}
		}
		values := alike[most]
		if len(values) < 3 {
			continue
		}
		m := metrics[r.program]
		apart := m.gain(m.of(slices.Min(values)), m.of(slices.Max(values)))
		rate := func(point []int) string { return fmt.Sprintf("%.3g", space.Choices[j].Values[point[at]]) }
		rows = append(rows, []string{name, space.Group(g), fmt.Sprint(len(values)), rate(began), rate(found), fmt.Sprintf("%.2f %s", apart, m.points)})
	}
	return rows
}
