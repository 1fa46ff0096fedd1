package bench

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"

	"gonum.org/v1/gonum/stat"

	"autodropout/benchmarks/internal/runfolder"
	"autodropout/benchmarks/internal/usage"
	"autodropout/controller"
	"autodropout/dropout"
	"autodropout/internal/seed"
	"autodropout/train"
)

// finding is what a search found.
type finding[P Pattern] struct {
	method  Method
	policy  Policy
	pattern *P      // the best one; nil: the search was for a rate
	reward  float64 // of what was found
	seconds float64
}

// search runs the search of a method, or what is left of it. Where an earlier row
// shares it, there is nothing to do.
func (e *Experiment[P]) search(ctx context.Context, m Method) (*finding[P], error) {
	for _, f := range e.found {
		if f.method.searchKey() == m.searchKey() {
			return f, nil
		}
	}
	folder := e.searchFolder(m)
	if err := os.MkdirAll(string(folder), 0o777); err != nil {
		return nil, err
	}
	space, err := e.space(m)
	if err != nil {
		return nil, err
	}
	events, err := e.newSearchEvents(m)
	if err != nil {
		return nil, err
	}
	defer events.file.Close()
	progress := e.progress.Load()
	task := progress.Task(m.Title+", search", e.Plan.Trials*e.Subject.Steps(Child), e.cost[Child])
	defer task.End()
	config := controller.Config{
		Path:      folder.Path(runfolder.Trials),
		Trials:    e.sampled(m),
		Workers:   e.concurrency(),
		Task:      e.about.Trial,
		Seed:      seed.Derive(uint64(e.Plan.Seed), "search"),
		Algorithm: m.Search,
		InFlight:  e.Plan.InFlight,
		Async:     e.Plan.Async,
		Notify:    e.notify(m, task, events),
	}
	if m.Near != nil {
		if config.Start, err = m.Near(space); err != nil {
			return nil, err
		}
	}
	if err := e.begin(m, space, &config); err != nil {
		return nil, err
	}
	if before, err := controller.ReadLog(config.Path); err == nil {
		e.record.search(m, before.Report)
	}
	report, err := e.try(ctx, m, m.searchKey(), config, space, task)
	if err != nil {
		return nil, err
	}
	if err := events.err; err != nil {
		return nil, err
	}
	e.record.search(m, *report)
	f := &finding[P]{method: m}
	for _, r := range report.Results {
		f.seconds += r.Seconds / float64(e.concurrency())
	}
	if again := e.Plan.Trials - e.sampled(m); again > 0 {
		config.Path, config.Trials, config.Seed = folder.Path(runfolder.Finalists), again, seed.Derive(config.Seed, "finalists")
		config.Algorithm, config.Points = controller.Grid, finalists(report, e.Plan.Finalists)
		config.Notify = e.notify(m, task, nil)
		if report, err = e.try(ctx, m, m.searchKey()+finalistsSuffix, config, space, task); err != nil {
			return nil, err
		}
		for _, r := range report.Results {
			f.seconds += r.Seconds / float64(e.concurrency())
		}
	}
	var point []int
	point, f.reward = chosen(report)
	f.policy, f.pattern, err = e.candidate(m, space, point, dropout.Origin{
		Task:   e.about.Dataset,
		Model:  e.about.Child,
		Search: fmt.Sprintf("%s, best of %d trials", m.Search, e.Plan.Trials),
		Reward: f.reward,
		Note:   rewardNote(e.about.Trial),
	})
	if err != nil {
		return nil, err
	}
	e.record.mu.Lock()
	e.found = append(e.found, f)
	e.record.mu.Unlock()
	if f.pattern == nil {
		progress.Logf("%s: the best rate is %g, mean %s %s", m.Title, m.Rated.Rates[point[0]], e.about.Reward.Shown, e.about.Reward.Show(f.reward))
		return f, nil
	}
	if err := e.draw(); err != nil {
		return nil, err
	}
	return f, (*f.pattern).Save(folder.Path(runfolder.Pattern))
}

// checkStart returns why searches cannot begin with patterns of the given share.
func (e *Experiment[P]) checkStart() error {
	for _, m := range e.Rows {
		if e.Plan.StartShare == 0 || m.Search == "" || m.Search == controller.Grid || m.Near != nil {
			continue
		}
		space, err := e.space(m)
		if err != nil {
			return err
		}
		if _, err := dropout.Mild(space, e.Plan.StartShare); err != nil {
			return usage.Errorf("-start-share: %v", err)
		}
	}
	return nil
}

// begin chooses what a search begins with, and says so.
func (e *Experiment[P]) begin(m Method, space dropout.Space, config *controller.Config) (err error) {
	progress := e.progress.Load()
	if m.Search == controller.Grid || config.Start != nil {
		progress.Logf("%s: searching the %v", m.Title, space)
		return nil
	}
	if e.Plan.StartShare != 0 {
		if config.StartProbs, err = dropout.Mild(space, e.Plan.StartShare); err != nil {
			return err
		}
	}
	share, err := dropout.ExpectedShare(space, config.StartProbs)
	if err != nil {
		return err
	}
	progress.Logf("%s: searching the %v; at first a pattern drops %.1f %% of all elements on average", m.Title, space, 100*share)
	return nil
}

// space returns what a method's search chooses from.
func (e *Experiment[P]) space(m Method) (dropout.Space, error) {
	if m.Search == controller.Grid {
		return dropout.Space{Name: "rates", Groups: 1, Choices: []dropout.Choice{{Name: "rate", Values: m.Rated.Rates}}}, nil
	}
	space, err := e.Subject.Space()
	if err == nil && m.Ablated != nil {
		space = m.Ablated(space)
	}
	return space, err
}

// candidate returns the dropout that a point of a method's space stands for, and
// its pattern if it has one.
func (e *Experiment[P]) candidate(m Method, space dropout.Space, tokens []int, origin dropout.Origin) (Policy, *P, error) {
	if m.Search == controller.Grid {
		return m.Rated.Policy(m.Rated.Rates[tokens[0]]), nil, nil
	}
	pattern, err := e.Subject.Decode(space, tokens, origin)
	return e.apply(pattern), &pattern, err
}

// try runs a search, or what is left of it, under a name that workers know it by.
func (e *Experiment[P]) try(ctx context.Context, m Method, name string, config controller.Config, space dropout.Space, task *Task) (report *controller.Report, err error) {
	if e.service == nil {
		report, err = controller.Search(ctx, config, space, e.child(m, space, task))
	} else {
		report, err = e.service.Search(ctx, name, config, space)
	}
	if err != nil {
		return nil, err
	}
	for _, r := range report.Results {
		// Also where a session was killed before it came to this. What is left on
		// failure does no harm.
		train.RemoveCheckpoints(e.searchFolder(m).Trial(r.Trial))
	}
	return report, nil
}

// repeats is how many times each finalist is trained.
const repeats = 3

// finalistsSuffix makes the name of a search that of its finalists' trainings.
const finalistsSuffix = "-finalists"

// checkFinalists returns what is wrong with the number of finalists.
func (e *Experiment[P]) checkFinalists() error {
	if n := repeats * e.Plan.Finalists; n > 0 && n >= e.Plan.Trials {
		return usage.Errorf("-finalists %d takes %d trainings, which leaves nothing of -trials %d to search with", e.Plan.Finalists, n, e.Plan.Trials)
	}
	return nil
}

// sampled returns how many of a method's trials choose their points; the others
// repeat the finalists.
func (e *Experiment[P]) sampled(m Method) int {
	if m.Search == controller.Grid {
		return e.Plan.Trials
	}
	return e.Plan.Trials - repeats*e.Plan.Finalists
}

// finalists returns the n best points of a search, or all where there are fewer.
func finalists(report *controller.Report, n int) (points [][]int) {
	order := slices.Clone(report.Results)
	slices.SortStableFunc(order, func(a, b *controller.Result) int { return cmp.Compare(b.Reward, a.Reward) })
	for _, r := range order {
		tokens := report.Trials[r.Trial].Point
		known := slices.ContainsFunc(points, func(p []int) bool { return slices.Equal(p, tokens) })
		if len(points) < n && !known && !r.Failed() {
			points = append(points, tokens)
		}
	}
	return points
}

// chosen returns the point of a finished search that has the best mean reward over
// its trials, and that mean.
func chosen(report *controller.Report) (point []int, reward float64) {
	var tried [][]int
	var rewards []float64
	for i, r := range report.Results {
		if !r.Failed() {
			tried, rewards = append(tried, report.Trials[i].Point), append(rewards, r.Reward)
		}
	}
	return BestMean(tried, rewards)
}

// BestMean returns the point with the best mean reward over the trials that tried it,
// and that mean: how a search chooses. Without trials the point is nil.
func BestMean(tried [][]int, rewards []float64) (point []int, reward float64) {
	points, of := ByPoint(tried, rewards)
	for i, p := range points {
		if mean := stat.Mean(of[i], nil); point == nil || mean > reward {
			point, reward = p, mean
		}
	}
	return point, reward
}

// ByPoint returns the points that trials tried, in the order of their first ones, and
// the rewards of each.
func ByPoint(tried [][]int, rewards []float64) (points [][]int, of [][]float64) {
	for i, tokens := range tried {
		at := slices.IndexFunc(points, func(p []int) bool { return slices.Equal(p, tokens) })
		if at < 0 {
			at = len(points)
			points, of = append(points, tokens), append(of, nil)
		}
		of[at] = append(of[at], rewards[i])
	}
	return points, of
}

func (e *Experiment[P]) searchFolder(m Method) runfolder.Folder {
	return e.folder.Search(m.searchKey())
}

// concurrency returns how many trials run at a time in this process. Where workers
// train them, their time counts.
func (e *Experiment[P]) concurrency() int {
	if e.service != nil {
		return 1
	}
	workers := e.Plan.Workers
	if workers == 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	return min(workers, e.Plan.InFlight)
}

// child returns the evaluator, which trains a network with a trial's pattern.
func (e *Experiment[P]) child(m Method, space dropout.Space, task *Task) controller.Evaluator {
	return func(ctx context.Context, t controller.Trial) (controller.Outcome, error) {
		title := fmt.Sprintf("%s, trial %d", m.Title, t.Index+1)
		common := e.common(title, e.searchFolder(m).Trial(t.Index))
		common.OnStep = func(s train.Step) { e.stepped(task, s) }
		return e.trainTrial(ctx, m, space, t, title, common, task)
	}
}

// trainTrial trains a trial, or what is left of it, and scores it.
func (e *Experiment[P]) trainTrial(ctx context.Context, m Method, space dropout.Space, t controller.Trial, title string, common train.Common, task *Task) (controller.Outcome, error) {
	policy, _, err := e.candidate(m, space, t.Point, dropout.Origin{})
	if err != nil {
		return controller.Outcome{}, err
	}
	common.Seed = seed.Derive(t.Seed, "child training")
	if e.Plan.Async { // its workers may have any instruction set
		common.AcceptChanges = []string{"arithmetic"}
	}
	training, err := e.prepareTrial(func() (*Training, error) {
		return e.Subject.Prepare(Child, seed.Derive(t.Seed, "child model"), policy, common)
	}, common, task)
	if err != nil {
		return controller.Outcome{}, err
	}
	if err := e.complete(ctx, title, training); err != nil {
		return failure(err)
	}
	score, err := training.Score(ctx)
	if err != nil {
		return failure(err)
	}
	if !score.Finite() {
		return controller.Outcome{Failure: fmt.Sprintf("the reward %v, at a loss of %v, is not finite", score.Value, score.Loss)}, nil
	}
	return controller.Outcome{Reward: score.Value}, nil
}

// failure tells what a training itself did, which is the result of its trial, from
// what happened to it.
func failure(err error) (controller.Outcome, error) {
	var diverged *train.DivergedError
	if errors.As(err, &diverged) {
		return controller.Outcome{Failure: err.Error()}, nil
	}
	return controller.Outcome{}, err
}

// prepareTrial returns a training, continued where an earlier session or worker
// has left it. One that cannot be continued begins anew, since it is the trial
// that counts.
func (e *Experiment[P]) prepareTrial(prepare func() (*Training, error), common train.Common, task *Task) (*Training, error) {
	training, err := prepare()
	if err != nil {
		return nil, err
	}
	found, err := training.Resume()
	if err != nil {
		common.Notify(fmt.Sprintf("it begins anew: %v", err))
		train.RemoveCheckpoints(common.Checkpoint) // what is left will be replaced
		return prepare()
	}
	if found {
		task.Skip(training.Done())
		common.Notify(fmt.Sprintf("continuing after step %d", training.Done()))
	}
	return training, nil
}

// notify returns what shows the events of a search. Without events for TensorBoard
// it is of finalists, which are not among the search's trials.
func (e *Experiment[P]) notify(m Method, task *Task, events *searchEvents) func(controller.Event) {
	reward, progress := e.about.Reward, e.progress.Load()
	first := true
	return func(event controller.Event) {
		if event.Notice != "" {
			progress.Logf("%s: %s", m.Title, event.Notice)
		}
		if first {
			task.Skip(event.Status.Finished * e.Subject.Steps(Child))
			first = false
		}
		best := ""
		if event.Status.Best != nil {
			best = reward.Show(event.Status.Best.Reward)
		}
		task.Say(searchStatus(event.Status, best))
		if r := event.Result; r != nil {
			train.RemoveCheckpoints(e.searchFolder(m).Trial(r.Trial)) // see search for what is left
			if events != nil {
				e.record.trial(m, event.Trial, r)
				events.trial(event)
			}
			if e.service != nil {
				task.Add(e.Subject.Steps(Child))
			}
			text := reward.Shown + " " + reward.Show(r.Reward)
			if r.Failed() {
				text = "failed: " + r.Error
			}
			if best != "" {
				text += fmt.Sprintf(" (best so far %s)", best)
			}
			what := "trial"
			if events == nil {
				what = "finalists, trial"
			}
			progress.Logf("%s: %s %d of %d: %s", m.Title, what, r.Trial+1, event.Status.Trials, text)
		}
	}
}

// searchStatus says where a search stands.
func searchStatus(s controller.Status, best string) string {
	text := fmt.Sprintf("%d of %d trials, %d in flight", s.Finished, s.Trials, s.InFlight)
	if best != "" {
		text += ", best " + best
	}
	return text
}
