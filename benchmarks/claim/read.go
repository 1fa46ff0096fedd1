package main

import (
	"cmp"
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

	"autodropout/benchmarks/internal/flops"
	"autodropout/benchmarks/internal/runfolder"
	"autodropout/controller"
)

// metric is what a program's table has.
type metric struct {
	name, unit string
	of         func(reward float64) float64        // what a reward stands for, on validation data; nil: something else
	gain       func(worse, better float64) float64 // of one value over another, in points
	points     string                              // what gains are called
	enough     float64                             // the gain that the protocol must be able to see
}

func difference(worse, better float64) float64 { return worse - better }

// ratio is in percent of the better value.
func ratio(worse, better float64) float64 { return 100 * math.Log(worse/better) }

var language = metric{"perplexity", "", func(reward float64) float64 { return 80 / reward }, ratio, "%", 1}

// metrics are those of the programs that a plan may have.
var metrics = map[string]*metric{
	"cifar":     {"error", "%", func(reward float64) float64 { return 100 * (1 - reward) }, difference, "points", 0.5},
	"ptb":       &language,
	"wikitext2": &language,
	"iwslt":     {"BLEU", "", nil, func(worse, better float64) float64 { return better - worse }, "BLEU", 0.5},
}

// settings are those of a run's configuration that the page needs.
type settings struct {
	Method                   []string // keys of the rows
	Pattern                  string   // of a file; "": the run searches its own
	Tune                     bool
	Seeds, Trials, Finalists int
	TuneTrials               int  `toml:"tune-trials"`
	TunePattern              bool `toml:"tune-pattern"`
}

// run is what there is of a planned run.
type run struct {
	planned
	settings
	flops    flops.Settings // the same, to count operations by
	folder   runfolder.Folder
	begun    bool
	finished *runfolder.Result          // nil: it goes on
	scores   map[string]map[int]float64 // of the final trainings, by row and seed
	diverged map[string]int             // final trainings, by row
	searches map[string]*search         // by row
	seconds  float64                    // of all trainings
}

// search is the log of a row's search.
type search struct {
	*controller.Log
	again   *controller.Log // of the finalists; nil: none was tried
	seconds []float64       // of each trial, then of the finalists'
}

// tried returns how many trials have finished.
func (s *search) tried() int {
	n := len(s.Curve())
	if s.again != nil {
		n += len(s.again.Curve())
	}
	return n
}

// setting returns the first part of a run's name, and the search seed of its last.
func (r *planned) setting() (setting, part string, seed int) {
	setting, part, _ = strings.Cut(r.name, "/")
	if before, number, ok := cutLast(part, "-"); ok {
		if n, err := strconv.Atoi(number); err == nil {
			return setting, before, n
		}
	}
	return setting, part, 0
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

// read reads what there is of the runs of a plan.
func (p plan) read(results string) (runs []*run, err error) {
	for _, planned := range p {
		r := &run{planned: planned, folder: runfolder.Folder(filepath.Join(results, filepath.FromSlash(planned.name))),
			scores: map[string]map[int]float64{}, diverged: map[string]int{}, searches: map[string]*search{}}
		runs = append(runs, r)
		if _, err := os.Stat(r.folder.Path(runfolder.Config)); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		r.begun = true
		if err := errors.Join(r.readSettings(), r.readUnits(), r.readSearches()); err != nil {
			return nil, err
		}
		if r.finished, err = r.folder.Result(); err != nil {
			return nil, err
		}
	}
	return runs, nil
}

func (r *run) readSettings() error {
	text, _, err := r.folder.Settings()
	if err != nil {
		return err
	}
	for _, v := range []any{&r.settings, &r.flops} {
		if _, err := toml.Decode(text, v); err != nil {
			return fmt.Errorf("%s is not the configuration of a run: %w: copy the file that the run wrote", r.folder.Path(runfolder.Config), err)
		}
	}
	if r.Pattern != "" { // it takes the place of those that would have to be searched
		r.Method = append(slices.DeleteFunc(r.Method, func(row string) bool { return !byHand(row) && row != "none" || row == "places" }), given)
	}
	return nil
}

func (r *run) readUnits() error {
	units, err := r.folder.Units()
	for _, u := range units {
		r.seconds += u.Seconds
		if u.Diverged {
			r.diverged[u.Method]++
			continue
		}
		if r.scores[u.Method] == nil {
			r.scores[u.Method] = map[int]float64{}
		}
		r.scores[u.Method][u.Seed] = u.Value
	}
	return err
}

func (r *run) readSearches() (err error) {
	for _, row := range r.Method {
		s := &search{}
		of := r.folder.Search(row)
		if s.Log, err = s.read(of.Path(runfolder.Trials)); err != nil {
			return err
		}
		if s.again, err = s.read(of.Path(runfolder.Finalists)); err != nil {
			return err
		}
		if s.Log != nil {
			r.searches[row] = s
		}
	}
	return nil
}

// read returns a log and adds the times of its trials. It returns nil where a search has
// not begun.
func (s *search) read(path string) (*controller.Log, error) {
	log, err := controller.ReadLog(path)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, controller.ErrEmptyLog) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	for _, t := range log.Curve() {
		s.seconds = append(s.seconds, t.Result.Seconds)
	}
	return log, nil
}

// given is the row of a pattern that a run takes from another one.
const given = "pattern"

// The rows with patterns that were searched, and those that are compared with nobody; all
// others are dropout made by hand.
var (
	searched = []string{"random", "autodropout", "evolution", "ppo", "reinforce", "near", given}
	controls = []string{"none", "shuffled"}
)

func byHand(row string) bool {
	return !slices.Contains(searched, row) && !slices.Contains(controls, row)
}

// trials returns how many trials a row has, and is planned to have.
func (r *run) trials(row string) (tried, planned int) {
	s := r.searches[row]
	switch {
	case s != nil:
		tried = s.tried()
		if s.Config.Algorithm == controller.Grid && r.TuneTrials > 0 {
			return tried, r.TuneTrials
		}
		return tried, r.Trials
	case row == given && r.TunePattern, row != "places" && byHand(row) && r.Tune:
		return 0, cmp.Or(r.TuneTrials, r.Trials)
	case row != given && slices.Contains(searched, row) || row == "places":
		return 0, r.Trials
	}
	return 0, 0
}
