package cluster

import (
	"context"
	"errors"
	"io"
	"time"
)

// engine is the part of a server that a run uses. Its calls are made once: who
// waits for a server that is away is the store. A call may fail although it took
// effect, since its answer can be lost.
type engine interface {
	// create makes what a run needs where it is not there yet. A message that was
	// taken is handed out again after a silence of the given time.
	create(ctx context.Context, silence time.Duration) error
	// open finds what create has made; errNothing where there is nothing.
	open(ctx context.Context) (silence time.Duration, err error)
	// remove deletes all of a run.
	remove(ctx context.Context) error

	// get returns a value, errNothing where there is none.
	get(ctx context.Context, key string) ([]byte, error)
	put(ctx context.Context, key string, value []byte) error
	// claim writes a value where there is none; errTaken where there is one.
	claim(ctx context.Context, key string, value []byte) error
	// watch returns a channel of the keys below a prefix that are written from now
	// on. It is closed when some may have been missed, or ctx is cancelled.
	watch(ctx context.Context, prefix string) (keys <-chan string, err error)

	// offer puts a message into the queue; errTaken where one with its key is there.
	offer(ctx context.Context, key string, text []byte) error
	// next takes a message; errNothing where none comes soon.
	next(ctx context.Context) (message, error)
	// flush returns when what was said about messages has reached the server.
	flush(ctx context.Context) error

	// save keeps a file, load gets it (errNothing where there is none), and forget
	// deletes it.
	save(ctx context.Context, key string, from io.Reader) error
	load(ctx context.Context, key string, to io.Writer) error
	forget(ctx context.Context, key string) error
}

// message is one of the queue that was taken.
type message interface {
	Data() []byte
	InProgress() error                   // it is not to be handed out yet
	Nak() error                          // it is to be handed out again
	NakWithDelay(d time.Duration) error  // after a while
	Term() error                         // it is to be thrown away
	DoubleAck(ctx context.Context) error // it is done with; errTaken where it was before
}

var (
	errNothing = errors.New("there is nothing of that name")
	errTaken   = errors.New("there is one already")
)
