package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats-server/v2/server"
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

// result is what a trial ended with.
type result struct {
	Reward  float64 `json:"reward"`
	Note    string  `json:"note,omitempty"`
	Error   string  `json:"error,omitempty"`
	Seconds float64 `json:"seconds"`
	Tier    string  `json:"tier"`
	Worker  string  `json:"worker"`
}

// losses is how a trial has fared so far.
type losses struct {
	Lost  int  `json:"lost"`  // workers in a row that began or continued it and were not heard of again
	Saved bool `json:"saved"` // there is a checkpoint
}

const (
	jobKey       = "job"
	resultPrefix = "result."
	lossPrefix   = "losses."
	logPrefix    = "log."
)

// store is all that a run has on its server. Its calls wait for a server that is
// away.
type store struct {
	name        string
	js          jetstream.JetStream
	values      jetstream.KeyValue
	checkpoints jetstream.ObjectStore
}

func streamName(name string) string { return "autodropout-" + name + "-trials" }
func bucketName(name string) string { return "autodropout-" + name }
func objectsName(name string) string {
	return "autodropout-" + name + "-checkpoints"
}
func subject(name, key string) string { return "autodropout." + name + ".trial." + key }

// consumerName is that of the one consumer that all workers share.
const consumerName = "workers"

// create makes what a run needs where it is not there yet. A trial whose worker
// is silent for the given time is handed out again.
func (s *store) create(ctx context.Context, silence time.Duration) error {
	const mostPending = 1 << 13 // more trials than can be in flight
	return persist(ctx, func(ctx context.Context) (err error) {
		if s.values, err = s.js.CreateOrUpdateKeyValue(ctx, jetstream.KeyValueConfig{Bucket: bucketName(s.name)}); err != nil {
			return err
		}
		if s.checkpoints, err = s.js.CreateOrUpdateObjectStore(ctx, jetstream.ObjectStoreConfig{Bucket: objectsName(s.name)}); err != nil {
			return err
		}
		// A trial is in the queue once, however often it is put there.
		_, err = s.js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{
			Name: streamName(s.name), Subjects: []string{subject(s.name, ">")}, Retention: jetstream.WorkQueuePolicy,
			Discard: jetstream.DiscardNew, DiscardNewPerSubject: true, MaxMsgsPerSubject: 1,
		})
		if err != nil {
			return err
		}
		_, err = s.js.CreateOrUpdateConsumer(ctx, streamName(s.name), jetstream.ConsumerConfig{
			Durable: consumerName, AckPolicy: jetstream.AckExplicitPolicy, AckWait: silence, MaxDeliver: -1, MaxAckPending: mostPending,
		})
		return err
	})
}

// remove deletes all of a run.
func (s *store) remove(ctx context.Context) error {
	return persist(ctx, func(ctx context.Context) error {
		for _, err := range []error{
			s.js.DeleteStream(ctx, streamName(s.name)),
			s.js.DeleteObjectStore(ctx, objectsName(s.name)),
			s.js.DeleteKeyValue(ctx, bucketName(s.name)),
		} {
			if err != nil && !errors.Is(err, jetstream.ErrStreamNotFound) && !errors.Is(err, jetstream.ErrBucketNotFound) {
				return err
			}
		}
		return nil
	})
}

// open finds what a coordinator has made. It returns false where there is
// nothing of that name.
func (s *store) open(ctx context.Context) (found bool, err error) {
	err = persist(ctx, func(ctx context.Context) (err error) {
		if s.values, err = s.js.KeyValue(ctx, bucketName(s.name)); err == nil {
			s.checkpoints, err = s.js.ObjectStore(ctx, objectsName(s.name))
		}
		return err
	})
	if errors.Is(err, jetstream.ErrBucketNotFound) {
		return false, nil
	}
	return err == nil, err
}

// get reads a value into v. It returns its revision, 0 where there is none.
func (s *store) get(ctx context.Context, key string, v any) (revision uint64, err error) {
	var entry jetstream.KeyValueEntry
	err = persist(ctx, func(ctx context.Context) (err error) {
		entry, err = s.values.Get(ctx, key)
		return err
	})
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	if err := json.Unmarshal(entry.Value(), v); err != nil {
		return 0, fmt.Errorf("%s in the store of %s cannot be read: %w", key, s.name, err)
	}
	return entry.Revision(), nil
}

// put writes a value, whatever was there.
func (s *store) put(ctx context.Context, key string, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return persist(ctx, func(ctx context.Context) error {
		_, err := s.values.Put(ctx, key, text)
		return err
	})
}

// claim writes a value where there is none; first is false where there is one,
// which may be this one, written by a call whose answer was lost.
func (s *store) claim(ctx context.Context, key string, text []byte) (first bool, err error) {
	err = persist(ctx, func(ctx context.Context) error {
		_, err := s.values.Create(ctx, key, text)
		return err
	})
	if errors.Is(err, jetstream.ErrKeyExists) {
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
	return persist(ctx, func(ctx context.Context) error {
		_, err := s.js.Publish(ctx, subject(s.name, q.key()), text)
		if isQueued(err) {
			return nil
		}
		return err
	})
}

// isQueued reports whether the queue refused a trial because it has it.
func isQueued(err error) bool {
	const storeFailed = jetstream.ErrorCode(10077) // the server has no code of its own for this case
	var api *jetstream.APIError
	return errors.As(err, &api) && api.ErrorCode == storeFailed && strings.Contains(api.Description, server.ErrMaxMsgsPerSubject.Error())
}
