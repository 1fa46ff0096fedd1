package main

import (
	"fmt"
	"slices"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/stat"

	"autodropout/benchmarks/internal/statistics"
	"autodropout/benchmarks/internal/words"
)

// costs adds what the runs took, in all and for each search.
func (p *page) costs(runs []*run) {
	var rows, searches [][]string
	for _, r := range runs {
		if !r.begun {
			continue
		}
		tried, trainings, seconds := 0, 0, r.seconds
		for _, key := range r.Method {
			trainings += len(r.scores[key]) + r.diverged[key]
			s := r.searches[key]
			if s == nil {
				continue
			}
			tried += s.tried()
			seconds += floats.Sum(s.seconds)
			searches = append(searches, append([]string{r.name, "`" + key + "`", string(s.Config.Algorithm), of(r.trials(key))}, r.cost(s)...))
		}
		state := []string{"goes on", ""}
		if f := r.finished; f != nil {
			state = []string{f.Date[:len("2006-01-02")] + ", " + f.CPU + ", " + f.SIMD, f.Commit[:min(len(f.Commit), 7)]}
		}
		rows = append(rows, append([]string{r.name, fmt.Sprint(tried), fmt.Sprint(trainings), words.Duration(seconds)}, state...))
	}
	if rows == nil {
		return
	}
	p.say("## What it took")
	p.table([]string{"run", "trials", "final trainings", "core time", "finished", "commit"}, rows)
	p.say("Each training has one core. Core time is the sum over all trainings of a run, scoring included, by the clock: it is longer where the machine did other work beside them.")
	p.speed(runs)
	p.say("Each search, with the trainings that try its best patterns again. GFLOP counts the matrix products and convolutions, forward and backward, of training the trials, as [the study](study.md) does.")
	p.table([]string{"run", "row", "algorithm", "trials", "GFLOP", "core hours", "trials an hour"}, searches)
}

// cost writes the operations of a search, its core hours, and its trials an hour.
func (r *run) cost(s *search) []string {
	task := s.Config.Task
	operations := r.flops.Training(task.Network, task.Data, task.Train, task.Epochs)
	return []string{statistics.Number(float64(s.tried())*operations/1e9, "%.0f"), fmt.Sprintf("%.2f", floats.Sum(s.seconds)/3600), perHour(s.seconds)}
}

// perHour writes how many trainings of the median time fit into an hour of one core: other
// work beside some of them changes the median little. It is nothing where there are none.
func perHour(seconds []float64) string {
	if len(seconds) == 0 {
		return ""
	}
	sorted := slices.Sorted(slices.Values(seconds))
	return fmt.Sprintf("%.0f", 3600/stat.Quantile(0.5, stat.Empirical, sorted, nil))
}

// speed adds how many trials of each setting an hour of a core has.
func (p *page) speed(runs []*run) {
	var names []string
	all := map[string][]float64{}
	for _, r := range runs {
		name, _, _ := r.setting()
		if name == headroom {
			name = r.name
		}
		for _, key := range r.Method {
			if s := r.searches[key]; s != nil {
				all[name] = append(all[name], s.seconds...)
			}
		}
		if len(all[name]) > 0 && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	var rows [][]string
	for _, name := range names {
		rows = append(rows, []string{name, fmt.Sprint(len(all[name])), perHour(all[name])})
	}
	p.say("Trials of each setting that fit into an hour of one core, by the median time of those that were tried:")
	p.table([]string{"setting", "tried", "an hour"}, rows)
}
