package controller

import (
	"context"
	"math"
	"slices"

	"autodropout/dropout"
)

// Trial is one pattern to be tried.
type Trial struct {
	Index int    `json:"trial"`
	Point []int  `json:"tokens"` // of the space
	Seed  uint64 `json:"seed"`   // for everything random in the evaluation

	// LogProbs are the natural logarithms of the probabilities with which the
	// controller made the choices, and Entropy its mean entropy over the choices,
	// in nats.
	LogProbs []float32 `json:"log_probs"`
	Entropy  float64   `json:"entropy"`

	Identity string `json:"identity,omitempty"` // of the search when it was sampled, see [Config]
}

// Outcome is what an evaluation found.
type Outcome struct {
	Reward float64 // the higher the better, such as the validation accuracy
	Note   string  // a few words for people, kept in the log

	// Failure says why the training itself gave no reward, for example because it diverged;
	// the result of its trial is then that it failed. "": there is a reward.
	Failure string

	// Identity is what it was computed with, see [Config]; "": the identity of the search.
	Identity string

	// Seconds is how long the evaluation took, where the call that returned this
	// also waited for something else, such as a worker; 0: as long as the call.
	Seconds float64

	Values map[string]float64 // what was measured beside the reward, by name
	Output string             // what a program that evaluated printed last
}

// Evaluator trains a child network with a trial's pattern and measures it. It
// must depend on the trial only (not on time, order or core count) for the
// search to be reproducible, must be safe for concurrent use, and must return
// an error soon after ctx is cancelled; the trial then counts as not run.
//
// Any other error is trouble of the machine, its disk or its data, and says nothing of the
// trial: the trial is evaluated again after a while. After several such errors in a row the
// search ends and can be resumed. For a failure, or a reward that is not a finite float32,
// the trial itself is to blame: it has failed, and the controller treats that as the worst
// result so far. A panic is not recovered; the search can be resumed after it.
type Evaluator func(ctx context.Context, t Trial) (Outcome, error)

// Result is a finished trial.
type Result struct {
	Trial   int     `json:"trial"`
	Reward  float64 `json:"reward"` // 0 if it failed
	Note    string  `json:"note,omitempty"`
	Error   string  `json:"error,omitempty"` // why it failed
	Seconds float64 `json:"seconds"`         // of evaluation

	Identity string             `json:"identity,omitempty"` // what it was computed with, see [Config]
	Values   map[string]float64 `json:"values,omitempty"`   // measured beside the reward
	Output   string             `json:"output,omitempty"`   // what a program that evaluated printed last
}

// Failed reports whether the evaluation ended without a usable reward.
func (r Result) Failed() bool { return r.Error != "" }

// Event tells of progress. It is about a sampled trial when Trial is set and
// Result is not, about a finished one when both are, and otherwise a Notice:
// one sentence for the user, such as how much of an earlier run was found.
type Event struct {
	Trial  *Trial
	Result *Result
	Notice string
	Status Status
}

// Lesson is how a result reached the controller.
type Lesson struct {
	Trial int

	// Behind is how many results were applied between the sampling of the trial
	// and its own result.
	Behind int

	// Ratio is the importance ratio: the probability of the trial's point under
	// the network that learns from it over that under the network that sampled them,
	// before it is truncated. It is 1 where no network learns.
	Ratio float64
}

// Failure is a reason for which trials have failed.
type Failure struct {
	Reason string
	Trials int // how many
}

// Failures returns why trials have failed, the most frequent reason first.
func (r *Report) Failures() []Failure {
	var all []Failure
	for _, result := range r.Results {
		if result == nil || !result.Failed() {
			continue
		}
		i := slices.IndexFunc(all, func(f Failure) bool { return f.Reason == result.Error })
		if i < 0 {
			i, all = len(all), append(all, Failure{Reason: result.Error})
		}
		all[i].Trials++
	}
	slices.SortStableFunc(all, func(a, b Failure) int { return b.Trials - a.Trials })
	return all
}

// Status is where a search stands.
type Status struct {
	Trials   int     // the budget
	Finished int     // failed ones included
	Failed   int     // without a usable reward
	InFlight int     // waiting for a worker or running
	Best     *Result // nil while no trial has succeeded
	Entropy  float64 // of the network when the last trial was sampled, in nats per choice
}

// Report is what a search has done.
type Report struct {
	Trials     []Trial   // by index
	Results    []*Result // by index of the trial, nil while it is in flight
	References int       // how many of the first trials are those of [Config].Reference
	network    *network  // as the applied results left it; nil where none learns
}

// Weights returns the weights of the controller's network after the applied results; nil
// with algorithms that have no network, such as Random. The caller must not change them.
func (r *Report) Weights() []float32 {
	if r.network == nil {
		return nil
	}
	return r.network.params.Flat()
}

// Best returns the trial with the highest reward, the first of them if there
// are several. It returns false while no trial has succeeded.
func (r *Report) Best() (t Trial, result Result, ok bool) {
	best := best(r.Results)
	if best == nil {
		return Trial{}, Result{}, false
	}
	return r.Trials[best.Trial], *best, true
}

// Chosen returns the point with the best mean reward among those that were tried most
// often, and that mean: the outcome of [Rejects] and [Grid]. If no trial has succeeded, the
// point is nil.
func (r *Report) Chosen() (point []int, reward float64) {
	type tries struct {
		point        []int
		times        int
		sum, success float64
	}
	var all []tries
	most := 0
	for i, result := range r.Results {
		if result == nil {
			continue
		}
		at := slices.IndexFunc(all, func(t tries) bool { return slices.Equal(t.point, r.Trials[i].Point) })
		if at < 0 {
			at, all = len(all), append(all, tries{point: r.Trials[i].Point})
		}
		t := &all[at]
		t.times++
		if !result.Failed() {
			t.sum, t.success = t.sum+result.Reward, t.success+1
			most = max(most, t.times)
		}
	}
	const unequal = 1 // a budget need not end with a whole turn
	for _, t := range all {
		if mean := t.sum / t.success; t.times >= most-unequal && t.success > 0 && (point == nil || mean > reward) {
			point, reward = t.point, mean
		}
	}
	return point, reward
}

// Log is what the log of a search says.
type Log struct {
	Config Config // with every default filled in
	Space  dropout.Space
	Report // without weights
}

// Finished is a trial that has finished, on the curves of its search.
type Finished struct {
	Trial
	Result Result
	Best   float64 // the highest reward of all trials up to this one; NaN while none has succeeded
}

// Curve returns the trials that have finished, by index.
func (r *Report) Curve() (curve []Finished) {
	best := math.NaN()
	for i, result := range r.Results {
		if result == nil {
			continue
		}
		if !result.Failed() && !(result.Reward <= best) {
			best = result.Reward
		}
		curve = append(curve, Finished{r.Trials[i], *result, best})
	}
	return curve
}

func best(results []*Result) *Result {
	var best *Result
	for _, r := range results {
		if r != nil && !r.Failed() && (best == nil || r.Reward > best.Reward) {
			best = r
		}
	}
	return best
}
