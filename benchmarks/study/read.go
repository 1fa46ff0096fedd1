package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/BurntSushi/toml"

	"autodropout/benchmarks/internal/flops"
	"autodropout/benchmarks/internal/runfolder"
	"autodropout/benchmarks/internal/sheet"
	"autodropout/controller"
	"autodropout/dropout"
)

// settings are those of a run's config.toml that the page needs.
type settings struct {
	Method        []string
	Pattern       string
	Tune          bool
	Seeds, Trials int
	TuneTrials    int `toml:"tune-trials"`
	TrainSize     int `toml:"train-size"`

	Depth, Width, Layers, Epochs int
}

// run is what there is of an experiment, finished or not.
type run struct {
	experiment
	settings
	flops    flops.Settings    // the same, to count operations by
	values   map[string]any    // all settings
	command  string            // "" if it is not known
	result   *runfolder.Result // nil: the run has not finished
	rows     []row
	searches []*search
	from     *run // whose searches chose the pattern; nil: its own
}

// row is a row of a table with its final trainings.
type row struct {
	rowKind
	scores   map[int]float64 // by seed
	valid    []float64
	diverged int
	seconds  float64
}

// search is the log of a row's search.
type search struct {
	row       rowKind
	space     dropout.Space
	config    controller.Config
	trials    []controller.Finished // those that have finished, in order
	finalists []controller.Finished // the best ones, trained again
	seconds   float64               // of both
	pattern   dropout.Pattern       // nil: the search has not finished, or tunes a rate
}

// readRuns reads the runs in the folders of root.
func readRuns(root string) (runs []*run, err error) {
	entries, err := os.ReadDir(root)
	if err != nil {
		return nil, fmt.Errorf("cannot read the runs: %w: -results names the folder that holds them", err)
	}
	for _, entry := range entries {
		if entry.IsDir() && !slices.ContainsFunc(experiments, func(e experiment) bool { return e.folder == entry.Name() }) {
			return nil, fmt.Errorf("%s is not a run that the study knows: rename or remove it", filepath.Join(root, entry.Name()))
		}
	}
	for _, e := range experiments {
		folder := runfolder.Folder(filepath.Join(root, e.folder))
		if _, err := os.Stat(string(folder)); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		r := &run{experiment: e}
		for _, part := range []func(folder runfolder.Folder) error{r.readConfig, r.readResult, r.readUnits, r.readSearches} {
			if err := part(folder); err != nil {
				return nil, err
			}
		}
		for _, other := range runs {
			if other.folder == e.source {
				r.from = other
			}
		}
		runs = append(runs, r)
	}
	if len(runs) == 0 {
		return nil, fmt.Errorf("%s holds no run: copy the folders of runs there, under names such as cifar and ptb", root)
	}
	return runs, nil
}

func (r *run) readConfig(folder runfolder.Folder) error {
	path := folder.Path(runfolder.Config)
	text, command, err := folder.Settings()
	if err != nil {
		return fmt.Errorf("cannot read the settings of a run: %w: copy them with the rest of its folder", err)
	}
	r.command = command
	for _, v := range []any{&r.settings, &r.flops, &r.values} {
		if _, err := toml.Decode(text, v); err != nil {
			return fmt.Errorf("%s is not the configuration of a run: %w: copy the file that the run wrote", path, err)
		}
	}
	if r.Seeds < 1 || r.Trials < 1 || len(r.Method) == 0 {
		return fmt.Errorf("%s does not say seeds, trials and method: copy the whole file that the run wrote", path)
	}
	for _, k := range kindsOf(r.Method) {
		if r.plans(k, folder) {
			r.rows = append(r.rows, row{rowKind: k, scores: map[int]float64{}})
		}
	}
	return nil
}

// plans reports whether the settings ask for a row. A given pattern takes the
// place of those that would have to be searched, but for that of random search
// where the folder has another one's for it.
func (r *run) plans(k rowKind, folder runfolder.Folder) bool {
	asked := slices.Contains(r.Method, k.key)
	switch {
	case k.kind == sheet.Random && r.Pattern != "":
		_, err := os.Stat(folder.Search(k.key).Path(runfolder.Pattern))
		return asked && err == nil
	case k.key == "pattern":
		return r.Pattern != "" && !slices.Contains(r.Method, "transferred")
	case k.kind.Searched():
		return asked && r.Pattern == ""
	}
	return asked
}

// row returns the row with a key; nil: the settings do not ask for it.
func (r *run) row(key string) *row {
	for i := range r.rows {
		if r.rows[i].key == key {
			return &r.rows[i]
		}
	}
	return nil
}

// search returns the search of a row; nil: it has not begun, or there is none.
func (r *run) search(key string) *search {
	for _, s := range r.searches {
		if s.row.key == key {
			return s
		}
	}
	return nil
}

func (r *run) readResult(folder runfolder.Folder) (err error) {
	if r.result, err = folder.Result(); err != nil || r.result == nil {
		return err
	}
	if r.result.Metric != r.metric || r.named && r.result.Dataset != r.dataset {
		return fmt.Errorf("the result in %s has the %s on %s, where the %s on %s belongs: put the run into another folder",
			folder, r.result.Metric, r.result.Dataset, r.metric, r.dataset)
	}
	return nil
}

// readUnits reads the final trainings.
func (r *run) readUnits(folder runfolder.Folder) error {
	units, err := folder.Units()
	if err != nil {
		return err
	}
	for i, u := range units {
		at := r.row(u.Method)
		switch {
		case at == nil:
			return fmt.Errorf("%s: final training %d is of the row %q, for which the settings of the run do not ask", folder, i+1, u.Method)
		case u.Seed < 0 || u.Seed >= r.Seeds:
			return fmt.Errorf("%s: final training %d has seed %d, where the settings have seeds 0 to %d", folder, i+1, u.Seed, r.Seeds-1)
		}
		at.seconds += u.Seconds
		if u.Diverged {
			at.diverged++
			continue
		}
		at.scores[u.Seed] = u.Value
		if u.Valid != 0 {
			at.valid = append(at.valid, u.Valid)
		}
	}
	return nil
}

// readSearches reads the logs of searches that have begun, those of tuned rates too.
func (r *run) readSearches(folder runfolder.Folder) error {
	for _, at := range r.rows {
		of := folder.Search(at.key)
		path := of.Path(runfolder.Trials)
		s := &search{row: at.rowKind}
		log, err := s.read(path)
		if err != nil {
			return err
		}
		if log == nil {
			continue
		}
		s.space, s.config, s.trials = log.Space, log.Config, log.Curve()
		again, err := s.read(of.Path(runfolder.Finalists))
		if err != nil {
			return err
		}
		if again != nil {
			s.finalists = again.Curve()
		}
		switch {
		case s.config.Task.Network == "":
			return fmt.Errorf("%s: the task %q is not one of a benchmark", path, s.config.Task)
		case s.tuned() && s.space.Decisions() != 1:
			return fmt.Errorf("%s is a search in the %s space, where one token with the rates of “%s” belongs: if its patterns are searched, the study's rowKinds must say so", path, s.space.Name, s.row.title)
		case r.named && s.config.Task.Data != r.dataset:
			return fmt.Errorf("%s is of a search on %s, where %s belongs: put the run into another folder", path, s.config.Task.Data, r.dataset)
		}
		pattern := of.Path(runfolder.Pattern)
		if _, err := os.Stat(pattern); err == nil && !s.tuned() {
			if s.pattern, err = dropout.LoadPattern(pattern); err != nil {
				return err
			}
		}
		r.searches = append(r.searches, s)
	}
	return nil
}

// read reads a log and adds the time of its trials. It returns nil where the search
// has not begun, or was copied while its first line was written.
func (s *search) read(path string) (*controller.Log, error) {
	log, err := controller.ReadLog(path)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, controller.ErrEmptyLog):
		return nil, nil
	case err != nil:
		return nil, err
	}
	for _, p := range log.Curve() {
		s.seconds += p.Result.Seconds
	}
	return log, nil
}

// tuned reports whether the search tries the rates of a hand-made row, of which there is one
// for all places.
func (s *search) tuned() bool {
	return s.row.kind == sheet.HandMade && s.config.Algorithm != controller.Coordinate
}

// rewards returns the rewards of the trials from lo to hi-1 that have not failed.
func (s *search) rewards(lo, hi int) []float64 {
	_, rewards := usable(s.trials[lo:hi])
	return rewards
}

// allRewards returns the rewards of all trials that have not failed.
func (s *search) allRewards() []float64 { return s.rewards(0, len(s.trials)) }

// all returns the trials and those of the finalists.
func (s *search) all() []controller.Finished { return slices.Concat(s.trials, s.finalists) }

// usable returns the points and rewards of the trials that have not failed.
func usable(trials []controller.Finished) (tried [][]int, rewards []float64) {
	for _, t := range trials {
		if !t.Result.Failed() {
			tried, rewards = append(tried, t.Point), append(rewards, t.Result.Reward)
		}
	}
	return tried, rewards
}

// best returns the point with the best mean reward, of the finalists where there
// are any, and that mean, as the benchmarks choose.
func (s *search) best() (tokens []int, reward float64, ok bool) {
	if len(s.finalists) == 0 {
		tokens, reward = sheet.BestMean(usable(s.trials))
		return tokens, reward, tokens != nil
	}
	var report controller.Report
	for _, t := range s.finalists {
		report.Trials, report.Results = append(report.Trials, t.Trial), append(report.Results, &t.Result)
	}
	tokens, reward = report.Chosen()
	return tokens, reward, tokens != nil
}
