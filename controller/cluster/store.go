package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"autodropout/controller"
)

// queued is a trial on its way to a worker, a message in the queue.
type queued struct {
	Search string           `json:"search"`
	Trial  controller.Trial `json:"trial"`
}

// key names the trial in the stores.
func (q *queued) key() string { return fmt.Sprintf("%s.%d", q.Search, q.Trial.Index) }

// String names the trial for people, who count from 1.
func (q *queued) String() string { return fmt.Sprintf("trial %d of %s", q.Trial.Index+1, q.Search) }

// check returns what is wrong with a message of the queue.
func (q *queued) check() error {
	switch {
	case CheckName(q.Search) != nil:
		return fmt.Errorf("%.80q is not the name of a search", q.Search)
	case q.Trial.Index < 0:
		return fmt.Errorf("%d is not the number of a trial", q.Trial.Index)
	case len(q.Trial.Point) == 0 || len(q.Trial.LogProbs) != len(q.Trial.Point):
		return fmt.Errorf("it has %d choices and %d log-probabilities", len(q.Trial.Point), len(q.Trial.LogProbs))
	}
	return nil
}

// result is what a trial ended with.
type result struct {
	Reward  float64 `json:"reward"`
	Note    string  `json:"note,omitempty"`
	Error   string  `json:"error,omitempty"` // how the training failed, if it did
	Seconds float64 `json:"seconds"`
	Tier    string  `json:"tier"`
	Worker  string  `json:"worker"`

	Identity string             `json:"identity,omitempty"` // of the run that it is for
	Values   map[string]float64 `json:"values,omitempty"`
	Output   string             `json:"output,omitempty"`
}

// attempts is how a trial without a result has fared.
type attempts struct {
	Failed int    `json:"failed"`        // in a row, without getting further
	Why    string `json:"why,omitempty"` // the last of them failed
	Saved  bool   `json:"saved"`         // there is a checkpoint
}

const (
	jobKey        = "job"
	resultPrefix  = "result."
	attemptPrefix = "attempts."
	logPrefix     = "log."
	oddPrefix     = "odd."
)

// store is all that a run has on its server. Its calls wait for a server that is
// away, and say so.
type store struct {
	engine
	name string
	run  string // the identity of the run: what is another's has other keys
	logf func(format string, args ...any)
}

// key returns the key of something of this run.
func (s *store) key(prefix, of string) string { return prefix + s.run + "." + of }

// create makes what a run needs. It does not wait for what waiting does not mend.
func (s *store) create(ctx context.Context, silence time.Duration) error {
	return s.persist(ctx, "make a place for the run", func(ctx context.Context) error {
		err := s.engine.create(ctx, silence)
		if why := refusal(err); why != nil {
			return hopeless{why}
		}
		return err
	})
}

// remove deletes all of a run.
func (s *store) remove(ctx context.Context) error {
	return s.persist(ctx, "remove the run before", s.engine.remove)
}

// open finds what a coordinator has made. It returns false where there is
// nothing of that name.
func (s *store) open(ctx context.Context) (silence time.Duration, found bool, err error) {
	err = s.persist(ctx, "find the run", func(ctx context.Context) (err error) {
		silence, err = s.engine.open(ctx)
		return err
	})
	if errors.Is(err, errNothing) {
		return 0, false, nil
	}
	return silence, err == nil, err
}

// get reads a value into v. It returns false where there is none.
func (s *store) get(ctx context.Context, key string, v any) (found bool, err error) {
	text, err := s.text(ctx, key)
	if text == nil || err != nil {
		return false, err
	}
	if err := json.Unmarshal(text, v); err != nil {
		return false, fmt.Errorf("%s in the store of %s cannot be read: %w", key, s.name, err)
	}
	return true, nil
}

// text returns a value, nil where there is none.
func (s *store) text(ctx context.Context, key string) (text []byte, err error) {
	err = s.persist(ctx, "read "+key, func(ctx context.Context) (err error) {
		text, err = s.engine.get(ctx, key)
		return err
	})
	if errors.Is(err, errNothing) {
		return nil, nil
	}
	return text, err
}

// put writes a value, whatever was there.
func (s *store) put(ctx context.Context, key string, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return s.persist(ctx, "write "+key, func(ctx context.Context) error { return s.engine.put(ctx, key, text) })
}

// claim writes a value where there is none; first is false where there is one,
// which may be this one, written by a call whose answer was lost.
func (s *store) claim(ctx context.Context, key string, text []byte) (first bool, err error) {
	err = s.persist(ctx, "write "+key, func(ctx context.Context) error { return s.engine.claim(ctx, key, text) })
	if errors.Is(err, errTaken) {
		return false, nil
	}
	return err == nil, err
}

// offer puts a trial into the queue, unless it is there.
func (s *store) offer(ctx context.Context, q queued) error {
	text, err := json.Marshal(q)
	if err != nil {
		return err
	}
	err = s.persist(ctx, "queue a trial", func(ctx context.Context) error {
		return s.engine.offer(ctx, s.run+"."+q.key(), text)
	})
	if errors.Is(err, errTaken) {
		return nil
	}
	return err
}

const (
	callPatience = 3 * time.Second  // with one call
	longestPause = 2 * time.Second  // between calls
	speakAfter   = 10 * time.Second // of waiting
	speakAgain   = 30 * time.Second
)

// persist calls f until it succeeds, fails for a reason that will not go away,
// or ctx is cancelled. A call that took effect although its answer was lost is
// made again: f must bear that. A person is told what is waited for.
func (s *store) persist(ctx context.Context, what string, f func(ctx context.Context) error) error {
	began := time.Now()
	spoken := began.Add(speakAfter - speakAgain)
	for wait := 20 * time.Millisecond; ; wait = min(2*wait, longestPause) {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		call, cancel := context.WithTimeout(ctx, callPatience)
		err := f(call)
		cancel()
		if err == nil {
			return nil
		}
		if ctx.Err() == nil && !passing(err) {
			if why := refusal(err); why != nil {
				err = fmt.Errorf("the server cannot %s, as %w", what, why)
			}
			return err
		}
		if now := time.Now(); now.Sub(spoken) >= speakAgain {
			spoken = now
			s.logf("waiting for the server, to %s, for %v (%v)", what, now.Sub(began).Round(time.Second), err)
		}
		if err := pause(ctx, wait); err != nil {
			return err
		}
	}
}

// hopeless is an error of a server that waiting does not mend.
type hopeless struct{ error }

// passing reports whether an error may be gone the next time: the server was
// away, or not ready yet, or its disk is full for the moment.
func passing(err error) bool {
	var never hopeless
	if errors.As(err, &never) {
		return false
	}
	var api *jetstream.APIError
	if errors.As(err, &api) {
		const internal = 500
		return api.Code >= internal
	}
	for _, other := range []error{context.DeadlineExceeded, nats.ErrTimeout, nats.ErrNoResponders, nats.ErrDisconnected,
		nats.ErrConnectionReconnecting, nats.ErrReconnectBufExceeded, nats.ErrStaleConnection, jetstream.ErrNoStreamResponse} {
		if errors.Is(err, other) {
			return true
		}
	}
	var network net.Error
	return errors.As(err, &network)
}
