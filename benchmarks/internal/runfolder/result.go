package runfolder

import (
	"encoding/json"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"

	"autodropout/internal/atomicfile"
)

// Result is what a run found, the schema of result.json for every benchmark.
type Result struct {
	Task        string          `json:"task"`               // "image classification"
	Dataset     string          `json:"dataset"`            // "CIFAR-10"
	Split       string          `json:"split"`              // where the metric was taken: "test"
	Metric      string          `json:"metric"`             // "error"
	Unit        string          `json:"unit"`               // "%"
	Decimals    int             `json:"decimals,omitempty"` // of the metric, as it is written; 0: two
	Floor       float64         `json:"floor,omitempty"`    // the least value to be expected of any model, where it is known
	Also        []string        `json:"also,omitempty"`     // measures beside the metric: "valid BLEU"
	Notes       []string        `json:"notes,omitempty"`    // what the reader of the table should know
	Model       string          `json:"model"`              // "WRN-28-10"
	Preset      string          `json:"preset"`
	Seed        int             `json:"seed"`
	Command     string          `json:"command"`
	Date        string          `json:"date"` // when the run ended, RFC 3339
	Commit      string          `json:"commit"`
	CPU         string          `json:"cpu"`
	SIMD        string          `json:"simd"`
	Seconds     float64         `json:"seconds"` // of computing, over all parts of a resumed run; what runs beside each other counts as if one after another
	Memory      int64           `json:"memory"`  // most bytes of the last part
	Summary     string          `json:"summary"` // what was learned, in a paragraph
	Rows        []Row           `json:"rows"`
	BestPattern json.RawMessage `json:"best_pattern"` // null where nothing was searched
}

// Row is one method's part of a Result.
type Row struct {
	Method  string      `json:"method"`
	Mean    *float64    `json:"mean"`            // null when a training diverged
	Std     *float64    `json:"std"`             // sample standard deviation, null below two values
	Values  []float64   `json:"values"`          // one per seed that did not diverge
	Valid   []float64   `json:"valid,omitempty"` // the same on the validation split, where it was taken
	Also    [][]float64 `json:"also,omitempty"`  // the same for each of the measures beside the metric
	Seconds float64     `json:"seconds"`         // of the whole row, search included
	Paper   *Paper      `json:"paper"`           // null where no number is confirmed
}

// Paper is a published number with the setting it belongs to.
type Paper struct {
	Value   float64 `json:"value"`
	Valid   float64 `json:"valid,omitempty"` // on the validation split, where it was published
	Setting string  `json:"setting"`
}

// NewRow sums up the scores of a method, one per seed. A training that diverged
// has no score, counts in diverged, and leaves the row without a mean.
func NewRow(method string, scores []Score, diverged int, seconds float64, paper *Paper) Row {
	row := Row{Method: method, Values: []float64{}, Seconds: seconds, Paper: paper}
	for _, s := range scores {
		row.Values = append(row.Values, s.Value)
		if s.Valid != 0 {
			row.Valid = append(row.Valid, s.Valid)
		}
		if row.Also == nil && s.Also != nil {
			row.Also = make([][]float64, len(s.Also))
		}
		for i, value := range s.Also {
			row.Also[i] = append(row.Also[i], value)
		}
	}
	if diverged == 0 {
		row.Mean, row.Std = MeanStd(row.Values)
	}
	return row
}

// MeanStd returns the mean of values and their sample standard deviation, nil
// where there are too few, or where it is too large for a number.
func MeanStd(values []float64) (mean, std *float64) {
	if len(values) == 0 {
		return nil, nil
	}
	m, s := stat.MeanStdDev(values, nil)
	if len(values) > 1 && !finite(m, s) {
		// Squares of large perplexities overflow.
		const exponent = 600
		small := make([]float64, len(values))
		for i, v := range values {
			small[i] = math.Ldexp(v, -exponent)
		}
		m, s = stat.MeanStdDev(small, nil)
		m, s = math.Ldexp(m, exponent), math.Ldexp(s, exponent)
	}
	if len(values) == 1 || !finite(s) {
		return &m, nil
	}
	return &m, &s
}

func finite(values ...float64) bool {
	return !slices.ContainsFunc(values, func(v float64) bool { return math.IsNaN(v) || math.IsInf(v, 0) })
}

// Save writes the result to the folder.
func (h *Held) Save(r *Result) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return atomicfile.WriteBytes(h.Path(result), append(text, '\n'))
}
