package cluster

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"autodropout/controller"
	"autodropout/dropout"
	"autodropout/internal/atomicfile"
)

// Coordinator runs searches whose trials are trained by the workers of a run.
type Coordinator struct {
	store  store
	record record
	logf   func(format string, args ...any)

	mu      sync.Mutex
	waiting map[string]chan struct{} // by the key of a trial that has no result yet
}

// Open begins the run called name, or goes on with what the server has of it.
// A trial whose worker is silent for the given time is handed out again. It is an
// error when another run of that name is under way; one that has ended gives way.
func Open(ctx context.Context, conn *Connection, name string, job Job, silence time.Duration) (*Coordinator, error) {
	if err := CheckName(name); err != nil {
		return nil, err
	}
	c := &Coordinator{
		store:   store{name: name, js: conn.stream},
		record:  record{Protocol: protocol, Job: job},
		logf:    conn.logf,
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
	revision, err := c.store.get(ctx, jobKey, &before)
	if err != nil {
		return err
	}
	if revision > 0 {
		differs := before.continues(c.record.Job)
		if differs != nil && !before.Done {
			return differs
		}
		if differs != nil {
			if err := c.store.remove(ctx); err != nil {
				return err
			}
			if err := c.store.create(ctx, silence); err != nil {
				return err
			}
		}
	}
	return c.store.put(ctx, jobKey, c.record)
}

// watch wakes those who wait for a result when it is there. A watcher takes many
// seconds to notice that its server was away, so each connection gets a new one.
func (c *Coordinator) watch(ctx context.Context) {
	connected := c.store.js.Conn().StatusChanged(nats.CONNECTED)
	defer c.store.js.Conn().RemoveStatusListener(connected)
	for ctx.Err() == nil {
		watcher, err := c.store.values.Watch(ctx, resultPrefix+">", jetstream.UpdatesOnly())
		if err != nil {
			_ = pause(ctx, time.Second)
			continue
		}
		c.wake("") // results may have come while nobody watched
		for more := true; more; {
			select {
			case entry, open := <-watcher.Updates():
				if more = open; entry != nil {
					c.wake(strings.TrimPrefix(entry.Key(), resultPrefix))
				}
			case <-connected:
				more = false
			case <-ctx.Done():
				more = false
			}
		}
		_ = watcher.Stop() // or the server has forgotten it already
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

// Search is [controller.Search] with the trials trained by workers, all that may
// be in flight at the same time. The search's name, such as "random", tells the
// searches of a run apart; where config.Path has no log the search goes on from
// that of the mirror. Workers and Mirror of config do not count.
func (c *Coordinator) Search(ctx context.Context, name string, config controller.Config, space dropout.Space) (*controller.Report, error) {
	if err := CheckName(name); err != nil {
		return nil, err
	}
	// An error that is not the trial's ends the search, which goes on later.
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	m := mirror{store: &c.store, search: name}
	if config.Path != "" {
		if err := m.restore(ctx, config.Path); err != nil {
			return nil, err
		}
		config.Mirror = func(line int, text []byte) error { return m.write(ctx, line, text) }
	}
	config.Workers = 1 << 12 // never more than are in flight
	report, err := controller.Search(ctx, config, space, func(ctx context.Context, t controller.Trial) (controller.Outcome, error) {
		r, err := c.evaluate(ctx, queued{name, t})
		if err != nil {
			stop(fmt.Errorf("trial %d: %w", t.Index, err))
			return controller.Outcome{}, err
		}
		outcome := controller.Outcome{Reward: r.Reward, Note: r.note(), Seconds: r.Seconds}
		if r.Error != "" {
			return outcome, errors.New(r.Error)
		}
		return outcome, nil
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

// evaluate has a trial trained and waits for its result. It looks again from time
// to time, and sees to it that the trial is in the queue: whatever a server that
// died took with it, the trial is not forgotten.
func (c *Coordinator) evaluate(ctx context.Context, q queued) (result, error) {
	const again = 5 * time.Second
	for {
		news := c.expect(q.key())
		var r result
		revision, err := c.store.get(ctx, resultPrefix+q.key(), &r)
		if revision > 0 || err != nil {
			c.wake(q.key())
			return r, err
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

func (m *mirror) key(line int) string { return fmt.Sprintf("%s%s.%06d", logPrefix, m.search, line) }

// line returns a line, nil where there is none.
func (m *mirror) line(ctx context.Context, line int) (text []byte, err error) {
	err = persist(ctx, func(ctx context.Context) error {
		entry, err := m.store.values.Get(ctx, m.key(line))
		if err == nil {
			text = entry.Value()
		}
		return err
	})
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return nil, nil
	}
	return text, err
}

// restore writes the log where there is none.
func (m *mirror) restore(ctx context.Context, path string) error {
	if info, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) && (err != nil || info.Size() > 0) {
		return nil // what is wrong with it will be said when it is opened
	}
	var log []byte
	for i := 0; ; i++ {
		text, err := m.line(ctx, i)
		if err != nil {
			return fmt.Errorf("the mirror of the log cannot be read: %w", err)
		}
		if text == nil {
			break
		}
		log = append(log, text...)
	}
	if log == nil {
		return nil
	}
	return atomicfile.WriteBytes(path, log)
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
	there, err := m.line(ctx, line)
	if err == nil && string(there) != string(text) {
		err = fmt.Errorf("the server has another line %d of this log: another coordinator has run, or runs, the search %s; end it, or remove this log to take its one", line+1, m.search)
	}
	return err
}
