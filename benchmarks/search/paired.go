package main

import (
	"math"

	"autodropout/benchmarks/internal/runfolder"
)

// pairing is what it is worth that trainings share a seed: the first weights and the order
// of the data.
type pairing struct {
	Rows, Seeds int
	Single      float64 // standard deviation of a training about the mean of its row
	Difference  float64 // of the difference of two rows with one seed about its mean
}

// Saves returns how many times as many trainings a comparison needs whose rows have
// seeds of their own.
func (p *pairing) Saves() float64 { return 2 * p.Single * p.Single / (p.Difference * p.Difference) }

// pairs measures it on the final trainings of a run, of rows with all seeds.
func pairs(folder runfolder.Folder) (*pairing, error) {
	units, err := folder.Units()
	if err != nil {
		return nil, err
	}
	values := map[string]map[int]float64{}
	var rows []string
	most := 0
	for _, u := range units {
		if u.Diverged {
			continue
		}
		if values[u.Method] == nil {
			values[u.Method] = map[int]float64{}
			rows = append(rows, u.Method)
		}
		values[u.Method][u.Seed] = u.Value
		most = max(most, len(values[u.Method]))
	}
	p := &pairing{Seeds: most}
	var single, difference, freeSingle, freePair float64
	about := func(of func(seed int) float64) (squares float64) {
		mean := 0.0
		for s := range most {
			mean += of(s) / float64(most)
		}
		for s := range most {
			squares += (of(s) - mean) * (of(s) - mean)
		}
		return squares
	}
	for i, a := range rows {
		if len(values[a]) < most {
			continue
		}
		p.Rows++
		single += about(func(s int) float64 { return values[a][s] })
		freeSingle += float64(most - 1)
		for _, b := range rows[:i] {
			if len(values[b]) == most {
				difference += about(func(s int) float64 { return values[a][s] - values[b][s] })
				freePair += float64(most - 1)
			}
		}
	}
	p.Single, p.Difference = math.Sqrt(single/freeSingle), math.Sqrt(difference/freePair)
	return p, nil
}
