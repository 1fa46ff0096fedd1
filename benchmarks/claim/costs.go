package main

import (
	"fmt"

	"autodropout/benchmarks/internal/words"
)

// costs adds what the runs took.
func (p *page) costs(runs []*run) {
	var rows [][]string
	for _, r := range runs {
		if !r.begun {
			continue
		}
		tried, trainings := 0, 0
		for _, s := range r.searches {
			tried += s.tried()
		}
		for _, key := range r.Method {
			trainings += len(r.scores[key]) + r.diverged[key]
		}
		state := "goes on"
		if r.finished != nil {
			state = r.finished.Date[:len("2006-01-02")] + ", " + r.finished.CPU + ", " + r.finished.SIMD
		}
		rows = append(rows, []string{r.name, fmt.Sprint(tried), fmt.Sprint(trainings), words.Duration(r.seconds), state})
	}
	if rows == nil {
		return
	}
	p.say("## What it took")
	p.table([]string{"run", "trials", "final trainings", "time of all", "finished"}, rows)
	p.say("Times are sums over trainings. They are longer where the machine did other work beside them.")
}
