package experiment

import (
	"slices"
	"sync"

	"autodropout/benchmarks/internal/report"
	"autodropout/benchmarks/internal/sheet"
	"autodropout/controller"
	"autodropout/train"
)

// record is what a run has to show while it goes on: curves, trials and the
// pattern. Its methods may be called from several goroutines.
type record struct {
	mu       sync.Mutex
	version  int // grows with what is new
	losses   map[string][]sheet.Losses
	epochs   map[string][][]train.Validation
	searches []searchRecord
	pattern  *report.Pattern // nil: none yet
	ended    bool            // all is known
}

// searchRecord is what a search has done.
type searchRecord struct {
	row Row
	controller.Report
}

// curve takes in the losses so far of the training of a row with seed k.
func (r *record) curve(row Row, k, total int, losses []float32) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.losses == nil {
		r.losses = map[string][]sheet.Losses{}
	}
	curves := r.losses[row.Key]
	if len(curves) <= k {
		curves = append(curves, make([]sheet.Losses, k+1-len(curves))...)
	}
	curves[k] = sheet.Losses{Total: total, Values: losses}
	r.losses[row.Key] = curves
	r.version++
}

// loss adds the loss of one more step.
func (r *record) loss(row Row, k int, loss float32) {
	r.mu.Lock()
	defer r.mu.Unlock()
	curve := &r.losses[row.Key][k]
	curve.Values = append(curve.Values, loss)
}

// curves returns the losses of a row's trainings, by seed.
func (r *record) curves(row Row) []sheet.Losses {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.losses[row.Key])
}

// validation takes in what the training of a row with seed k was scored after an epoch.
func (r *record) validation(row Row, k int, v train.Validation) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.epochs == nil {
		r.epochs = map[string][][]train.Validation{}
	}
	seeds := r.epochs[row.Key]
	if len(seeds) <= k {
		seeds = append(seeds, make([][]train.Validation, k+1-len(seeds))...)
	}
	seeds[k] = slices.DeleteFunc(seeds[k], func(before train.Validation) bool { return before.Steps >= v.Steps })
	seeds[k] = append(seeds[k], v)
	r.epochs[row.Key] = seeds
}

// validations returns what a row's trainings were scored after their epochs, by seed.
func (r *record) validations(row Row) (seeds [][]train.Validation) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, epochs := range r.epochs[row.Key] {
		seeds = append(seeds, slices.Clone(epochs))
	}
	return seeds
}

// search takes in what a search has done so far.
func (r *record) search(row Row, report controller.Report) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.of(row)
	s.Trials, s.Results, s.References = slices.Clone(report.Trials), slices.Clone(report.Results), report.References
	r.version++
}

// refer takes in that so many of the first trials of a row's search are the reference.
func (r *record) refer(row Row, references int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.of(row).References = references
}

// trial adds a trial that has finished.
func (r *record) trial(row Row, t *controller.Trial, result *controller.Result) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.of(row)
	if more := t.Index + 1 - len(s.Trials); more > 0 {
		s.Trials = append(s.Trials, make([]controller.Trial, more)...)
		s.Results = append(s.Results, make([]*controller.Result, more)...)
	}
	s.Trials[t.Index], s.Results[t.Index] = *t, result
	r.version++
}

// of returns the record of a row's search. The caller holds mu.
func (r *record) of(row Row) *searchRecord {
	for i := range r.searches {
		if r.searches[i].row.searchKey() == row.searchKey() {
			return &r.searches[i]
		}
	}
	r.searches = append(r.searches, searchRecord{row: row})
	return &r.searches[len(r.searches)-1]
}

// searched returns the searches.
func (r *record) searched() (all []searchRecord) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range r.searches {
		s.Trials, s.Results = slices.Clone(s.Trials), slices.Clone(s.Results)
		all = append(all, s)
	}
	return all
}

// drawn takes in the pattern that the run stands for so far.
func (r *record) drawn(p *report.Pattern) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.pattern = p
	r.version++
}

// end takes in that there will be nothing new.
func (r *record) end() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ended = true
	r.version++
}

// news returns the version, the pattern, and whether all is known.
func (r *record) news() (version int, pattern *report.Pattern, ended bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.version, r.pattern, r.ended
}
