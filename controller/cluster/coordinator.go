package cluster

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"time"

	"autodropout/controller"
	"autodropout/dropout"
	"autodropout/internal/disk"
)

// Coordinator runs searches whose trials are trained by the workers of a run.
type Coordinator struct {
	store  store
	record record

	mu      sync.Mutex
	waiting map[string]chan struct{} // by the key of a trial that has no result yet
}

// Open begins the run called name, or continues it from what the server has. A trial whose
// worker is silent for the given time is handed out again. A run of that name that has
// ended gives way. One that has not ended is continued even if job.Run differs, since the
// folder in which it began may be lost; its identity is then kept. It is an error when
// another run of that name is under way.
func Open(ctx context.Context, conn *Connection, name string, job Job, silence time.Duration) (*Coordinator, error) {
	return openOn(ctx, conn.engine(name), conn.logf, name, job, silence)
}

// openOn is Open on an engine.
func openOn(ctx context.Context, e engine, logf func(format string, args ...any), name string, job Job, silence time.Duration) (*Coordinator, error) {
	if err := errors.Join(CheckName(name), CheckName(job.Run)); err != nil {
		return nil, err
	}
	c := &Coordinator{
		store:   store{engine: e, name: name, run: job.Run, logf: logf},
		record:  record{Protocol: protocol, Job: job},
		waiting: map[string]chan struct{}{},
	}
	if err := c.open(ctx, silence); err != nil {
		return nil, fmt.Errorf("the run %s cannot be opened on the server: %w", name, err)
	}
	go c.watch(ctx)
	return c, nil
}

func (c *Coordinator) open(ctx context.Context, silence time.Duration) error {
	if err := c.store.create(ctx, silence); err != nil {
		return err
	}
	var before record
	found, err := c.store.get(ctx, jobKey, &before)
	if err != nil {
		return err
	}
	if found {
		differs := before.continues(c.record.Job)
		switch {
		case differs != nil && !before.Done:
			return differs
		case differs != nil || before.Done && before.Run != c.record.Run:
			if err := c.store.remove(ctx); err != nil {
				return err
			}
			if err := c.store.create(ctx, silence); err != nil {
				return err
			}
		default:
			c.record.Run, c.store.run = before.Run, before.Run
		}
	}
	return c.store.put(ctx, jobKey, c.record)
}

// watch wakes those who wait for a result when it is there.
func (c *Coordinator) watch(ctx context.Context) {
	prefix := c.store.key(resultPrefix, "")
	for ctx.Err() == nil {
		keys, err := c.store.watch(ctx, prefix)
		if err != nil {
			_ = pause(ctx, time.Second)
			continue
		}
		c.wake("") // results may have come while nobody watched
		for key := range keys {
			c.wake(strings.TrimPrefix(key, prefix))
		}
	}
}

// wake wakes who waits for the trial with a key, or everybody when it is "".
func (c *Coordinator) wake(key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for waiting, news := range c.waiting {
		if key == "" || key == waiting {
			close(news)
			delete(c.waiting, waiting)
		}
	}
}

// expect returns what is closed when a trial may have a result.
func (c *Coordinator) expect(key string) <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	news, ok := c.waiting[key]
	if !ok {
		news = make(chan struct{})
		c.waiting[key] = news
	}
	return news
}

// Search is [controller.Search] with the trials trained by workers, as many at a time as
// may be in flight. The search's name, such as "random", distinguishes the searches of a
// run. If config.Path has no log, the search continues from the log of the mirror. Workers
// and Mirror of config have no effect, and the identities are those of the job.
func (c *Coordinator) Search(ctx context.Context, name string, config controller.Config, space dropout.Space) (*controller.Report, error) {
	if err := CheckName(name); err != nil {
		return nil, err
	}
	// An error that is not the trial's ends the search, which goes on later.
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	m := mirror{store: &c.store, search: name}
	if config.Path != "" {
		if err := m.restore(ctx, cmp.Or(config.Disk, disk.Disk(disk.OS{})), config.Path); err != nil {
			return nil, err
		}
		config.Mirror = func(line int, text []byte) error { return m.write(ctx, line, text) }
	}
	config.Workers = 1 << 12 // never more than are in flight
	config.Identity, config.Earlier = c.record.Sum, c.record.Earlier
	report, err := controller.Search(ctx, config, space, func(ctx context.Context, t controller.Trial) (controller.Outcome, error) {
		t.Identity = c.record.Sum // it may have been sampled with an earlier one
		r, err := c.evaluate(ctx, queued{name, t})
		if err != nil {
			if ctx.Err() == nil { // or the search ends for a reason of its own
				stop(fmt.Errorf("%v: %w", &queued{name, t}, err))
			}
			return controller.Outcome{}, err
		}
		return controller.Outcome{Reward: r.Reward, Failure: r.Error, Note: r.note(), Seconds: r.Seconds, Identity: r.Identity, Values: r.Values, Output: r.Output}, nil
	})
	if cause := context.Cause(ctx); err != nil && cause != nil && !errors.Is(err, cause) {
		err = cause
	}
	return report, err
}

// note is what the log says about the worker.
func (r *result) note() string {
	if r.Note == "" {
		return r.Tier
	}
	return r.Note + ", " + r.Tier
}

// mostFailed is how often in a row a trial may fail, without getting further, for
// reasons that are not its own.
const mostFailed = 10

// evaluate has a trial trained and waits for its result. It looks again from time
// to time, and sees to it that the trial is in the queue: whatever a server that
// died took with it, the trial is not forgotten.
func (c *Coordinator) evaluate(ctx context.Context, q queued) (result, error) {
	const again = 5 * time.Second
	if err := c.forgive(ctx, q); err != nil {
		return result{}, err
	}
	for {
		news := c.expect(q.key())
		var r result
		found, err := c.store.get(ctx, c.store.key(resultPrefix, q.key()), &r)
		if found || err != nil {
			c.wake(q.key())
			return r, cmp.Or(err, c.record.foreign(r.Identity))
		}
		var so attempts
		if _, err := c.store.get(ctx, c.store.key(attemptPrefix, q.key()), &so); err != nil {
			return result{}, err
		}
		if so.Failed >= mostFailed {
			return result{}, fmt.Errorf("it could not be trained, %d times in a row, the last time because %s; mend that and go on with the run: nothing is lost", so.Failed, so.Why)
		}
		if err := c.store.offer(ctx, q); err != nil {
			return result{}, err
		}
		timer := time.NewTimer(again)
		select {
		case <-news:
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return result{}, ctx.Err()
		}
		timer.Stop()
	}
}

// forgive lets a trial on which a search has ended be tried again.
func (c *Coordinator) forgive(ctx context.Context, q queued) error {
	var so attempts
	found, err := c.store.get(ctx, c.store.key(attemptPrefix, q.key()), &so)
	if err != nil || !found || so.Failed < mostFailed {
		return err
	}
	return c.store.put(ctx, c.store.key(attemptPrefix, q.key()), attempts{Saved: so.Saved})
}

// Finish tells the workers that there are no more trials.
func (c *Coordinator) Finish(ctx context.Context) error {
	done := c.record
	done.Done = true
	return c.store.put(ctx, jobKey, done)
}

// mirror is the copy of a search's log in the store, a value for each line.
type mirror struct {
	store  *store
	search string
}

func (m *mirror) key(line int) string {
	return m.store.key(logPrefix, fmt.Sprintf("%s.%06d", m.search, line))
}

// restore writes the log where there is none, one that is damaged, or one that has
// lost lines at its end.
func (m *mirror) restore(ctx context.Context, d disk.Disk, path string) error {
	have, err := disk.ReadFile(d, path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil // what is wrong with it will be said when it is opened
	}
	var log []byte
	if controller.CheckLog(have) == nil {
		log = bytes.Clone(have[:bytes.LastIndexByte(have, '\n')+1])
	}
	whole := len(log)
	for i := bytes.Count(log, []byte{'\n'}); ; i++ {
		text, err := m.store.text(ctx, m.key(i))
		if err != nil {
			return fmt.Errorf("the mirror of the log cannot be read: %w", err)
		}
		if text == nil {
			break
		}
		log = append(log, text...)
	}
	if len(log) == whole {
		return nil
	}
	if len(have) > 0 {
		m.store.logf("%s is damaged, or has lost lines; the server's copy takes their place", path)
	}
	return disk.WriteFile(d, path, log)
}

// write is called with every line of the log, those that the mirror has included.
// Another coordinator that runs the same search would write other lines.
func (m *mirror) write(ctx context.Context, line int, text []byte) error {
	ctx, cancel := outlive(ctx) // trials also finish while the search is being stopped
	defer cancel()
	first, err := m.store.claim(ctx, m.key(line), text)
	if err != nil || first {
		return err
	}
	there, err := m.store.text(ctx, m.key(line))
	if err == nil && string(there) != string(text) {
		err = fmt.Errorf("the server has another line %d of this log: another coordinator has run, or runs, the search %s; end it, or remove this log to take its one", line+1, m.search)
	}
	return err
}
