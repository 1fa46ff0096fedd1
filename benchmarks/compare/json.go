package main

import (
	"encoding/json"
	"io"
	"math"
	"strconv"

	"autodropout/benchmarks/internal/statistics"
	"autodropout/train"
)

// numbers are an estimate in JSON; what is not known is null.
type numbers struct {
	N         int      `json:"n"`
	Value     *float64 `json:"value"`
	Low       *float64 `json:"low"`
	High      *float64 `json:"high"`
	P         *float64 `json:"p"`
	Corrected *float64 `json:"p_corrected"`
}

func newNumbers(e statistics.Estimate) numbers {
	known := func(v float64) *float64 {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil
		}
		return &v
	}
	return numbers{e.N, known(e.Value), known(e.Low), known(e.High), known(e.P), known(e.Corrected)}
}

// writeJSON writes the same as the page, but for the losses of single steps and the trials
// of searches.
func (c *comparison) writeJSON(w io.Writer) error {
	type jsonRow struct {
		Run      string             `json:"run"`
		Method   string             `json:"method"`
		Title    string             `json:"title"`
		Scores   map[string]float64 `json:"scores"` // by seed
		Diverged int                `json:"diverged"`
		Seconds  float64            `json:"seconds"`
		Mean     numbers            `json:"mean"`
		Gain     numbers            `json:"gain"`
		Paired   bool               `json:"paired"`
		Verdict  string             `json:"verdict"`

		Epochs map[string][]train.Validation `json:"epochs,omitempty"` // by seed
	}
	type jsonGroup struct {
		Dataset string    `json:"dataset"`
		Split   string    `json:"split"`
		Metric  string    `json:"metric"`
		Unit    string    `json:"unit"`
		Against string    `json:"against"`
		Differs []string  `json:"settings_that_differ"`
		Rows    []jsonRow `json:"rows"`
	}
	all := struct {
		Groups   []jsonGroup                  `json:"groups"`
		Settings map[string]map[string]string `json:"settings"` // by run
		Skipped  []string                     `json:"skipped"`
	}{Settings: map[string]map[string]string{}, Skipped: c.Skipped}
	for _, r := range c.runs {
		all.Settings[r.name] = r.settings
	}
	for _, g := range c.Groups {
		j := jsonGroup{Dataset: g.Dataset, Split: g.Split, Metric: g.Metric, Unit: g.Unit, Differs: g.Differs}
		if g.Against != nil {
			j.Against = g.Against.id()
		}
		for _, e := range g.Entries {
			x := jsonRow{
				Run: e.run.name, Method: e.method, Title: e.title, Scores: map[string]float64{}, Diverged: e.diverged, Seconds: e.seconds,
				Mean: newNumbers(e.Mean), Gain: newNumbers(e.Gain), Paired: e.Paired, Verdict: g.verdict(e), Epochs: map[string][]train.Validation{},
			}
			for seed, v := range e.scores {
				x.Scores[strconv.Itoa(seed)] = v
			}
			for seed, epochs := range e.epochs {
				if epochs != nil {
					x.Epochs[strconv.Itoa(seed)] = epochs
				}
			}
			j.Rows = append(j.Rows, x)
		}
		all.Groups = append(all.Groups, j)
	}
	out := json.NewEncoder(w)
	out.SetIndent("", "  ")
	return out.Encode(all)
}
