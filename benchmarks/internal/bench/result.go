package bench

import (
	"encoding/json"

	"gonum.org/v1/gonum/stat"

	"autodropout/internal/atomicfile"
)

// Result is what a run found, the schema of result.json for every benchmark.
type Result struct {
	Task        string          `json:"task"`    // "image classification"
	Dataset     string          `json:"dataset"` // "CIFAR-10"
	Split       string          `json:"split"`   // where the metric was taken: "test"
	Metric      string          `json:"metric"`  // "error"
	Unit        string          `json:"unit"`    // "%"
	Model       string          `json:"model"`   // "WRN-28-10"
	Preset      string          `json:"preset"`
	Seed        int             `json:"seed"`
	Command     string          `json:"command"`
	Date        string          `json:"date"` // when the run ended, RFC 3339
	Commit      string          `json:"commit"`
	CPU         string          `json:"cpu"`
	SIMD        string          `json:"simd"`
	Seconds     float64         `json:"seconds"` // of computing, over all parts of a resumed run
	Rows        []Row           `json:"rows"`
	BestPattern json.RawMessage `json:"best_pattern"` // null where nothing was searched
}

// Row is one method's part of a Result.
type Row struct {
	Method  string    `json:"method"`
	Mean    *float64  `json:"mean"`    // null when a training diverged
	Std     *float64  `json:"std"`     // sample standard deviation, null below two values
	Values  []float64 `json:"values"`  // one per seed that did not diverge
	Seconds float64   `json:"seconds"` // of the whole row, search included
	Paper   *Paper    `json:"paper"`   // null where no number is confirmed
}

// Paper is a published number with the setting it belongs to.
type Paper struct {
	Value   float64 `json:"value"`
	Setting string  `json:"setting"`
}

// NewRow sums up the values of a method, one per seed. A training that diverged
// has no value, counts in diverged, and leaves the row without a mean.
func NewRow(method string, values []float64, diverged int, seconds float64, paper *Paper) Row {
	row := Row{Method: method, Values: append([]float64{}, values...), Seconds: seconds, Paper: paper}
	if diverged > 0 || len(values) == 0 {
		return row
	}
	mean, std := stat.MeanStdDev(values, nil)
	row.Mean = &mean
	if len(values) > 1 {
		row.Std = &std
	}
	return row
}

// Save writes the result as result.json.
func (r *Result) Save(path string) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return atomicfile.WriteBytes(path, append(text, '\n'))
}
