package main

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/BurntSushi/toml"

	"autodropout/benchmarks/internal/runfolder"
	"autodropout/benchmarks/internal/sheet"
	"autodropout/benchmarks/internal/usage"
	"autodropout/train"
)

// run is what is known of a run.
type run struct {
	folder   runfolder.Folder
	name     string            // the end of its path, no other run's
	settings map[string]string // by name
	program  string            // of its command: "cifar"; "" if it is not known
	result   *runfolder.Result // nil: it has not ended
	rows     []*row
}

// row is a method of a run.
type row struct {
	run      *run
	method   string
	title    string
	scores   map[int]float64 // by seed
	diverged int
	seconds  float64
	epochs   [][]train.Validation // what its trainings were scored after their epochs, by seed; nil: not known
}

// values returns the scores by seed.
func (r *row) values() []float64 {
	values := make([]float64, 0, len(r.scores))
	for seed := range r.highest() + 1 {
		if v, ok := r.scores[seed]; ok {
			values = append(values, v)
		}
	}
	return values
}

func (r *row) highest() int {
	most := -1
	for seed := range r.scores {
		most = max(most, seed)
	}
	return most
}

// id names the row among those of all runs.
func (r *row) id() string { return r.run.name + "/" + r.method }

// readRuns reads the runs in the folders that the options choose, and says in sentences which
// folders hold none.
func readRuns(o options) (runs []*run, skipped []string, err error) {
	for _, path := range o.folders {
		info, err := os.Stat(path)
		if err != nil {
			return nil, nil, fmt.Errorf("cannot read a run: %w", err)
		}
		if !info.IsDir() {
			continue // runs/* may match files
		}
		r := &run{folder: runfolder.Folder(path)}
		switch err := r.read(); {
		case errors.Is(err, fs.ErrNotExist):
			skipped = append(skipped, fmt.Sprintf("%s has no %s, and is no run.", path, runfolder.Config))
			continue
		case err != nil:
			return nil, nil, err
		}
		if r.chosen(o) {
			runs = append(runs, r)
		}
	}
	if len(runs) == 0 {
		return nil, nil, usage.Errorf("none of the folders holds a run that -where and -methods choose: give the folders of runs, such as runs/*")
	}
	name(runs)
	return runs, skipped, nil
}

// chosen reports whether the options ask for the run, and removes the rows that they do not ask for.
func (r *run) chosen(o options) bool {
	for _, s := range o.settings {
		if r.settings[s.name] != s.value {
			return false
		}
	}
	if o.rows != "" {
		keys := strings.Split(o.rows, ",")
		r.rows = slices.DeleteFunc(r.rows, func(row *row) bool { return !slices.Contains(keys, row.method) })
		return len(r.rows) > 0
	}
	return true
}

// name gives runs the ends of their paths as names, as much of them as tells them apart.
func name(runs []*run) {
	for length := 1; length < 100; length++ {
		count := map[string]int{}
		for _, r := range runs {
			whole, err := filepath.Abs(string(r.folder))
			if err != nil {
				whole = string(r.folder)
			}
			parts := strings.Split(filepath.ToSlash(whole), "/")
			r.name = strings.Join(parts[max(0, len(parts)-length):], "/")
			count[r.name]++
		}
		if len(count) == len(runs) {
			return
		}
	}
}

func (r *run) read() error {
	text, command, err := r.folder.Settings()
	if err != nil {
		return err
	}
	var values map[string]any
	if _, err := toml.Decode(text, &values); err != nil {
		return fmt.Errorf("%s is not the configuration of a run: %w: copy the file that the run wrote", r.folder.Path(runfolder.Config), err)
	}
	r.settings = map[string]string{}
	for key, value := range values {
		r.settings[key] = fmt.Sprint(value)
	}
	for word := range strings.FieldsSeq(command) {
		if word != "go" && word != "run" {
			r.program = filepath.Base(filepath.FromSlash(word))
			break
		}
	}
	if r.result, err = r.folder.Result(); err != nil {
		return err
	}
	units, err := r.folder.Units()
	if err != nil {
		return err
	}
	r.readRows(units)
	for _, x := range r.rows {
		if err := x.readEpochs(); err != nil {
			return err
		}
	}
	return nil
}

// readRows makes rows of final trainings. A run of which only the result was kept has them too.
func (r *run) readRows(units []runfolder.Unit) {
	for _, u := range units {
		at := slices.IndexFunc(r.rows, func(x *row) bool { return x.method == u.Method })
		if at < 0 {
			at = len(r.rows)
			r.rows = append(r.rows, &row{run: r, method: u.Method, title: u.Method, scores: map[int]float64{}})
		}
		x := r.rows[at]
		x.seconds += u.Seconds
		if u.Diverged || math.IsNaN(u.Value) {
			x.diverged++
		} else {
			x.scores[u.Seed] = u.Value
		}
	}
	if len(units) > 0 || r.result == nil {
		return
	}
	for _, old := range r.result.Rows {
		x := &row{run: r, method: old.Method, title: old.Method, scores: map[int]float64{}, seconds: old.Seconds}
		if old.Mean == nil { // a training has diverged: whose seeds the values are of is not known
			seeds, _ := strconv.Atoi(r.settings["seeds"])
			x.diverged = max(1, seeds-len(old.Values))
		}
		for seed, v := range old.Values {
			x.scores[seed] = v
		}
		r.rows = append(r.rows, x)
	}
}

// losses returns the losses of the row's trainings, of those whose logs are there.
func (r *row) losses() (sheet.Row, error) {
	found := sheet.Row{Title: r.id()}
	for seed := range r.highest() + 1 {
		steps, err := train.ReadLog(r.run.folder.Log(runfolder.Training(r.method, seed)))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return found, err
		}
		values := make([]float32, len(steps))
		for i, s := range steps {
			values[i] = s.Loss
		}
		found.Losses = append(found.Losses, sheet.Losses{Total: len(values), Values: values})
	}
	return found, nil
}

// readEpochs reads what the row's trainings were scored after their epochs, of those whose
// logs are there.
func (r *row) readEpochs() error {
	for seed := range r.highest() + 1 {
		epochs, err := train.ReadValidations(r.run.folder.Validations(runfolder.Training(r.method, seed)))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		r.epochs = append(r.epochs, make([][]train.Validation, seed+1-len(r.epochs))...)
		r.epochs[seed] = epochs
	}
	return nil
}

// hasLosses reports whether the log of a training of the row is there.
func (r *row) hasLosses() bool {
	for seed := range r.highest() + 1 {
		if there(r.run.folder.Log(runfolder.Training(r.method, seed))) {
			return true
		}
	}
	return false
}

// trials returns the log of the row's search.
func (r *row) trials() string { return r.run.folder.Search(r.method).Path(runfolder.Trials) }

// searched reports whether the log of the row's search is there.
func (r *row) searched() bool { return there(r.trials()) }

func there(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
