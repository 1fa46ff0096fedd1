package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// jetStream is the engine of a run called name.
type jetStream struct {
	name        string
	js          jetstream.JetStream
	values      jetstream.KeyValue
	checkpoints jetstream.ObjectStore
	consumer    jetstream.Consumer
}

func (j *jetStream) stream() string  { return "autodropout-" + j.name + "-trials" }
func (j *jetStream) bucket() string  { return "autodropout-" + j.name }
func (j *jetStream) objects() string { return "autodropout-" + j.name + "-checkpoints" }
func (j *jetStream) subject(key string) string {
	return "autodropout." + j.name + ".trial." + key
}

// consumerName is that of the one consumer that all workers share.
const consumerName = "workers"

func (j *jetStream) create(ctx context.Context, silence time.Duration) (err error) {
	const mostPending = 1 << 13 // more trials than can be in flight
	if j.values, err = j.js.CreateOrUpdateKeyValue(ctx, jetstream.KeyValueConfig{Bucket: j.bucket()}); err != nil {
		return err
	}
	if j.checkpoints, err = j.js.CreateOrUpdateObjectStore(ctx, jetstream.ObjectStoreConfig{Bucket: j.objects()}); err != nil {
		return err
	}
	// A trial is in the queue once, however often it is put there.
	_, err = j.js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{
		Name: j.stream(), Subjects: []string{j.subject(">")}, Retention: jetstream.WorkQueuePolicy,
		Discard: jetstream.DiscardNew, DiscardNewPerSubject: true, MaxMsgsPerSubject: 1,
	})
	if err != nil {
		return err
	}
	_, err = j.js.CreateOrUpdateConsumer(ctx, j.stream(), jetstream.ConsumerConfig{
		Durable: consumerName, AckPolicy: jetstream.AckExplicitPolicy, AckWait: silence, MaxDeliver: -1, MaxAckPending: mostPending,
	})
	return err
}

func (j *jetStream) remove(ctx context.Context) error {
	for _, err := range []error{
		j.js.DeleteStream(ctx, j.stream()),
		j.js.DeleteObjectStore(ctx, j.objects()),
		j.js.DeleteKeyValue(ctx, j.bucket()),
	} {
		if err := named(err); err != nil && !errors.Is(err, errNothing) {
			return err
		}
	}
	return nil
}

func (j *jetStream) open(ctx context.Context) (silence time.Duration, err error) {
	if j.values, err = j.js.KeyValue(ctx, j.bucket()); err != nil {
		return 0, named(err)
	}
	if j.checkpoints, err = j.js.ObjectStore(ctx, j.objects()); err != nil {
		return 0, named(err)
	}
	if j.consumer, err = j.js.Consumer(ctx, j.stream(), consumerName); err != nil {
		return 0, named(err)
	}
	return j.consumer.CachedInfo().Config.AckWait, nil
}

// named replaces the errors that an engine has names for.
func named(err error) error {
	for _, none := range []error{jetstream.ErrKeyNotFound, jetstream.ErrObjectNotFound, jetstream.ErrBucketNotFound,
		jetstream.ErrStreamNotFound, jetstream.ErrConsumerNotFound, jetstream.ErrNoMessages} {
		if errors.Is(err, none) {
			return errNothing
		}
	}
	if errors.Is(err, jetstream.ErrKeyExists) || errors.Is(err, jetstream.ErrMsgAlreadyAckd) {
		return errTaken
	}
	return err
}

func (j *jetStream) get(ctx context.Context, key string) ([]byte, error) {
	entry, err := j.values.Get(ctx, key)
	if err != nil {
		return nil, named(err)
	}
	return entry.Value(), nil
}

func (j *jetStream) put(ctx context.Context, key string, value []byte) error {
	_, err := j.values.Put(ctx, key, value)
	return err
}

func (j *jetStream) claim(ctx context.Context, key string, value []byte) error {
	_, err := j.values.Create(ctx, key, value)
	return named(err)
}

// watch ends with each connection: a watcher takes many seconds to notice that its
// server was away.
func (j *jetStream) watch(ctx context.Context, prefix string) (<-chan string, error) {
	watcher, err := j.values.Watch(ctx, prefix+">", jetstream.UpdatesOnly())
	if err != nil {
		return nil, err
	}
	connected := j.js.Conn().StatusChanged(nats.CONNECTED)
	keys := make(chan string)
	go func() {
		defer close(keys)
		defer j.js.Conn().RemoveStatusListener(connected)
		defer watcher.Stop() // or the server has forgotten it already
		for {
			select {
			case entry, open := <-watcher.Updates():
				if !open {
					return
				}
				if entry == nil {
					continue
				}
				select {
				case keys <- entry.Key():
				case <-ctx.Done():
					return
				}
			case <-connected:
				return
			case <-ctx.Done():
				return
			}
		}
	}()
	return keys, nil
}

func (j *jetStream) offer(ctx context.Context, key string, text []byte) error {
	_, err := j.js.Publish(ctx, j.subject(key), text)
	if isQueued(err) {
		return errTaken
	}
	return err
}

// isQueued reports whether the queue refused a trial because it has it.
func isQueued(err error) bool {
	const storeFailed = jetstream.ErrorCode(10077) // the server has no code of its own for this case
	var api *jetstream.APIError
	return errors.As(err, &api) && api.ErrorCode == storeFailed && strings.Contains(api.Description, server.ErrMaxMsgsPerSubject.Error())
}

// next asks for one message and waits for it a second: more than one would be
// another's by the time that they are come to.
func (j *jetStream) next(context.Context) (message, error) {
	m, err := j.consumer.Next(jetstream.FetchMaxWait(time.Second))
	if errors.Is(err, nats.ErrConnectionClosed) && !j.js.Conn().IsClosed() {
		return nil, errNothing // the connection was lost while this waited
	}
	if err != nil {
		return nil, named(err)
	}
	return taken{m}, nil
}

// taken is a message of JetStream.
type taken struct{ jetstream.Msg }

func (t taken) DoubleAck(ctx context.Context) error { return named(t.Msg.DoubleAck(ctx)) }

func (j *jetStream) flush(ctx context.Context) error { return j.js.Conn().FlushWithContext(ctx) }

func (j *jetStream) save(ctx context.Context, key string, from io.Reader) error {
	_, err := j.checkpoints.Put(ctx, jetstream.ObjectMeta{Name: key}, from)
	return err
}

func (j *jetStream) load(ctx context.Context, key string, to io.Writer) error {
	object, err := j.checkpoints.Get(ctx, key)
	if err != nil {
		return named(err)
	}
	_, err = io.Copy(to, object) // which ends with an error where the checksum is another
	return errors.Join(err, object.Close())
}

func (j *jetStream) forget(ctx context.Context, key string) error {
	return named(j.checkpoints.Delete(ctx, key))
}

// oldest is the first server that has what a run needs: older ones never answer
// the creation of the queue, or accept the same trial twice.
const oldestMajor, oldestMinor = 2, 9

// leastRoom is what must be left of an account's store for a run to begin, in bytes:
// less than that no checkpoint takes.
const leastRoom = 1 << 20

// usable returns why a server that has let this process in cannot hold a run, in
// a sentence; nil where it can, or where it may be able to soon.
func usable(ctx context.Context, conn *nats.Conn, js jetstream.JetStream) error {
	major, minor := 0, 0
	version := conn.ConnectedServerVersion()
	if n, _ := fmt.Sscanf(version, "%d.%d", &major, &minor); n == 2 && (major < oldestMajor || major == oldestMajor && minor < oldestMinor) {
		return fmt.Errorf("it is nats-server %s, and runs need %d.%d or newer: start a newer one", version, oldestMajor, oldestMinor)
	}
	info, err := js.AccountInfo(ctx)
	if err != nil {
		return refusal(err)
	}
	if most, used := info.Limits.MaxStore, info.Store; most > 0 && used+leastRoom > uint64(most) {
		return fmt.Errorf("its store is full (%d of %d bytes): give the account more, or delete streams that nobody needs", used, most)
	}
	return nil
}

// refusal returns the sentence for an error that waiting does not mend; nil for
// any other.
func refusal(err error) error {
	const (
		accountExceeded       = jetstream.ErrorCode(10002)
		insufficientResources = jetstream.ErrorCode(10023)
		memoryExceeded        = jetstream.ErrorCode(10028)
		storageExceeded       = jetstream.ErrorCode(10047)
	)
	var api *jetstream.APIError
	if !errors.As(err, &api) {
		return nil
	}
	switch api.ErrorCode {
	case jetstream.JSErrCodeJetStreamNotEnabled:
		return errors.New("JetStream, which keeps the queue, is off: start it with -js and a -store_dir, or look whether its disk is full")
	case jetstream.JSErrCodeJetStreamNotEnabledForAccount:
		return errors.New("the account of these credentials has no JetStream, which keeps the queue: enable it for the account")
	case accountExceeded, insufficientResources, memoryExceeded, storageExceeded:
		return fmt.Errorf("its store is full (%s): give it more space, or delete streams that nobody needs", api.Description)
	}
	return nil
}
