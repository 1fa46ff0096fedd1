package cluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/nats-io/nats.go"

	"autodropout/internal/disk"
	"autodropout/internal/seed"
)

// world is a server, disks and a network, all of which fail. Whatever happens in it
// follows from its seed: chance is drawn from who asks, for what and how often
// before, so that it does not matter in which order goroutines run that wait for
// the same moment.
type world struct {
	seed    uint64
	silence time.Duration
	rates   rates

	mu      sync.Mutex
	made    bool
	values  map[string][]byte
	objects map[string][]byte
	queue   []*waiting
	changed chan struct{} // closed when the queue has changed
	away    time.Time     // until when the server does not answer
	full    time.Time     // until when the disk of the coordinator is full
	folder  map[string]*simFile
	events  []string
	counts  map[string]int // what happened, by kind
	watches []watch
}

// rates are the shares of calls that go wrong.
type rates struct {
	lost, unheard, late  float64 // requests, answers; those that take long
	doubled, undelivered float64 // messages of the queue
	short                float64 // writes to a disk that fail in the middle
}

// waiting is a message in the queue.
type waiting struct {
	key   string
	text  []byte
	until time.Time // it is another worker's, or to be left alone
	taken int       // how often
}

type watch struct {
	by     *process
	prefix string
	keys   chan string
}

// process is one that may be killed or frozen. What a dead one does has no effect.
type process struct {
	*world
	name string
	kill context.CancelFunc

	dead   bool
	frozen time.Time // until when it does nothing
	calls  map[string]uint64
}

var errKilled = errors.New("the process was killed")

func (w *world) log(kind, format string, args ...any) {
	w.counts[kind]++
	w.events = append(w.events, fmt.Sprintf("%8.3fs %s", time.Since(epoch).Seconds(), fmt.Sprintf(format, args...)))
}

// epoch is when time begins in a bubble of package synctest.
var epoch = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// chance returns a number from 0 to 1 for a call, other ones for other uses.
type chance uint64

func (c chance) of(use string) float64 {
	return float64(seed.Derive(uint64(c), use)>>11) / (1 << 53)
}

// begin is how each call to something outside of a process begins: it takes time,
// during which the process may be frozen or die.
func (p *process) begin(ctx context.Context, op, key string) (chance, error) {
	p.mu.Lock()
	call := op + " " + key
	p.calls[call]++
	c := chance(seed.Derive(p.seed, p.name+" "+call, p.calls[call]))
	p.mu.Unlock()
	took := time.Millisecond + time.Duration(c.of("time")*float64(50*time.Millisecond))
	if c.of("late") < p.rates.late {
		took += time.Duration(c.of("later") * float64(5*time.Second))
	}
	err := pause(ctx, took)
	for {
		p.mu.Lock()
		dead, sleep := p.dead, time.Until(p.frozen)
		p.mu.Unlock()
		switch {
		case dead:
			return c, errKilled
		case sleep > 0:
			time.Sleep(sleep + took)
			continue
		}
		return c, err
	}
}

// remote makes a call to the server, whose request or answer may be lost.
func (p *process) remote(ctx context.Context, op, key string, f func() error) error {
	c, err := p.begin(ctx, op, key)
	if err != nil {
		return err
	}
	p.mu.Lock()
	gone := time.Until(p.away) > 0
	lost := c.of("lost") < p.rates.lost
	if gone || lost {
		if lost {
			p.log("requests lost", "%s: %s %s is lost", p.name, op, key)
		}
		p.mu.Unlock()
		return p.unanswered(ctx)
	}
	err = f()
	if c.of("unheard") < p.rates.unheard {
		p.log("answers lost", "%s: the answer to %s %s is lost (%v)", p.name, op, key, err)
		p.mu.Unlock()
		return p.unanswered(ctx)
	}
	p.mu.Unlock()
	return err
}

// unanswered is how a call ends that nobody answers.
func (p *process) unanswered(ctx context.Context) error {
	if err := pause(ctx, callPatience); err != nil {
		return err
	}
	return nats.ErrTimeout
}

// The engine.

func (p *process) create(ctx context.Context, silence time.Duration) error {
	return p.remote(ctx, "create", "", func() error { p.made = true; return nil })
}

func (p *process) open(ctx context.Context) (silence time.Duration, err error) {
	err = p.remote(ctx, "open", "", func() error {
		if !p.made {
			return errNothing
		}
		return nil
	})
	return p.silence, err
}

func (p *process) remove(ctx context.Context) error {
	return p.remote(ctx, "remove", "", func() error {
		p.made = false
		clear(p.values)
		clear(p.objects)
		p.queue = nil
		return nil
	})
}

func (p *process) get(ctx context.Context, key string) (value []byte, err error) {
	err = p.remote(ctx, "get", key, func() error {
		var ok bool
		if value, ok = p.values[key]; !ok {
			return errNothing
		}
		return nil
	})
	return value, err
}

func (p *process) put(ctx context.Context, key string, value []byte) error {
	return p.remote(ctx, "put", key, func() error { p.set(key, value); return nil })
}

func (p *process) claim(ctx context.Context, key string, value []byte) error {
	return p.remote(ctx, "claim", key, func() error {
		if _, taken := p.values[key]; taken {
			return errTaken
		}
		p.set(key, value)
		return nil
	})
}

// set writes a value and tells who watches, if the news is not lost.
func (p *process) set(key string, value []byte) {
	p.values[key] = bytes.Clone(value)
	for _, w := range p.watches {
		if strings.HasPrefix(key, w.prefix) {
			select {
			case w.keys <- key:
			default:
			}
		}
	}
}

func (p *process) watch(ctx context.Context, prefix string) (<-chan string, error) {
	keys := make(chan string, 64)
	err := p.remote(ctx, "watch", prefix, func() error {
		p.watches = append(p.watches, watch{p, prefix, keys})
		return nil
	})
	if err != nil {
		return nil, err
	}
	out := make(chan string)
	go func() {
		defer close(out)
		for {
			select {
			case key := <-keys:
				if c, err := p.begin(ctx, "news", key); err != nil || c.of("lost") < 10*p.rates.lost {
					continue
				}
				select {
				case out <- key:
				case <-ctx.Done():
					return
				}
			case <-ctx.Done():
				return
			}
		}
	}()
	return out, nil
}

func (p *process) offer(ctx context.Context, key string, text []byte) error {
	return p.remote(ctx, "offer", key, func() error {
		if slices.ContainsFunc(p.queue, func(m *waiting) bool { return m.key == key }) {
			return errTaken
		}
		p.queue = append(p.queue, &waiting{key: key, text: bytes.Clone(text)})
		p.stir()
		return nil
	})
}

// stir tells those who wait for a message that there may be one.
func (w *world) stir() {
	close(w.changed)
	w.changed = make(chan struct{})
}

func (p *process) next(ctx context.Context) (message, error) {
	const patience = 10 * time.Second
	for end := time.Now().Add(patience); time.Now().Before(end); {
		c, err := p.begin(ctx, "next", "")
		if err != nil {
			return nil, err
		}
		p.mu.Lock()
		if time.Until(p.away) > 0 {
			p.mu.Unlock()
			return nil, p.unanswered(ctx)
		}
		soon := end
		var free []*waiting
		for _, m := range p.queue {
			if wait := time.Until(m.until); wait <= 0 {
				free = append(free, m)
			} else if at := time.Now().Add(wait); at.Before(soon) {
				soon = at
			}
		}
		if len(free) > 0 {
			// In any order.
			m := free[int(c.of("which")*float64(len(free)))]
			m.taken++
			m.until = time.Now().Add(p.silence)
			if c.of("doubled") < p.rates.doubled {
				p.log("messages doubled", "%s is handed out twice, first to %s", m.key, p.name)
				m.until = time.Now().Add(p.silence / 8)
			}
			lost := c.of("undelivered") < p.rates.undelivered
			if lost {
				p.log("messages lost", "%s does not get to %s", m.key, p.name)
			}
			p.mu.Unlock()
			if lost {
				continue
			}
			return &simMessage{p, m}, nil
		}
		changed := p.changed
		p.mu.Unlock()
		timer := time.NewTimer(time.Until(soon))
		select {
		case <-changed:
		case <-timer.C:
		case <-ctx.Done():
		}
		timer.Stop()
	}
	return nil, errNothing
}

func (p *process) flush(ctx context.Context) error {
	return p.remote(ctx, "flush", "", func() error { return nil })
}

func (p *process) save(ctx context.Context, key string, from io.Reader) error {
	data, err := io.ReadAll(from)
	if err != nil {
		return err
	}
	return p.remote(ctx, "save", key, func() error { p.objects[key] = data; return nil })
}

func (p *process) load(ctx context.Context, key string, to io.Writer) error {
	var data []byte
	err := p.remote(ctx, "load", key, func() error {
		var ok bool
		if data, ok = p.objects[key]; !ok {
			return errNothing
		}
		return nil
	})
	if err != nil {
		return err
	}
	_, err = to.Write(data)
	return err
}

func (p *process) forget(ctx context.Context, key string) error {
	return p.remote(ctx, "forget", key, func() error {
		if _, ok := p.objects[key]; !ok {
			return errNothing
		}
		delete(p.objects, key)
		return nil
	})
}

// simMessage is a message that a process has taken.
type simMessage struct {
	by *process
	m  *waiting
}

func (s *simMessage) Data() []byte { return s.m.text }

// say tells the server something without waiting for an answer: it may be lost.
func (s *simMessage) say(what string, f func()) error {
	err := s.by.remote(context.Background(), what, s.m.key, func() error { f(); return nil })
	if errors.Is(err, nats.ErrTimeout) {
		return nil
	}
	return err
}

func (s *simMessage) InProgress() error {
	return s.say("progress", func() { s.m.until = time.Now().Add(s.by.silence) })
}

func (s *simMessage) NakWithDelay(d time.Duration) error {
	return s.say("nak", func() { s.m.until = time.Now().Add(d); s.by.stir() })
}

func (s *simMessage) Nak() error { return s.NakWithDelay(0) }

func (s *simMessage) drop() {
	s.by.queue = slices.DeleteFunc(s.by.queue, func(m *waiting) bool { return m == s.m })
	s.by.stir()
}

func (s *simMessage) Term() error { return s.say("term", s.drop) }

func (s *simMessage) DoubleAck(ctx context.Context) error {
	return s.by.remote(ctx, "ack", s.m.key, func() error { s.drop(); return nil })
}

// The disk of a machine: files whose last writes a crash may tear.

type simFile struct {
	data   []byte
	synced int // bytes that a crash leaves
}

// simDisk is a folder of the world as a process sees it.
type simDisk struct{ p *process }

func (d simDisk) Open(path string) (disk.File, error) {
	if _, err := d.p.begin(context.Background(), "open file", path); err != nil {
		return nil, err
	}
	d.p.mu.Lock()
	defer d.p.mu.Unlock()
	f := d.p.folder[path]
	if f == nil {
		f = &simFile{}
		d.p.folder[path] = f
	}
	return &openFile{d, path, f, 0}, nil
}

func (d simDisk) Reader(path string) (io.ReadCloser, error) {
	if _, err := d.p.begin(context.Background(), "read file", path); err != nil {
		return nil, err
	}
	d.p.mu.Lock()
	defer d.p.mu.Unlock()
	f := d.p.folder[path]
	if f == nil {
		return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
	}
	return io.NopCloser(bytes.NewReader(bytes.Clone(f.data))), nil
}

func (d simDisk) Write(path string, write func(w io.Writer) error) error {
	var b bytes.Buffer
	if err := write(&b); err != nil {
		return err
	}
	if _, err := d.p.begin(context.Background(), "write file", path); err != nil {
		return err
	}
	d.p.mu.Lock()
	defer d.p.mu.Unlock()
	if time.Until(d.p.full) > 0 {
		return &fs.PathError{Op: "write", Path: path, Err: syscall.ENOSPC}
	}
	d.p.folder[path] = &simFile{b.Bytes(), b.Len()}
	return nil
}

func (d simDisk) Remove(path string) error {
	if _, err := d.p.begin(context.Background(), "remove file", path); err != nil {
		return err
	}
	d.p.mu.Lock()
	defer d.p.mu.Unlock()
	delete(d.p.folder, path)
	return nil
}

func (d simDisk) SyncFolder(string) {}

type openFile struct {
	simDisk
	path string
	f    *simFile
	at   int
}

func (o *openFile) Read(b []byte) (int, error) {
	o.p.mu.Lock()
	defer o.p.mu.Unlock()
	if o.at >= len(o.f.data) {
		return 0, io.EOF
	}
	n := copy(b, o.f.data[o.at:])
	o.at += n
	return n, nil
}

func (o *openFile) Write(b []byte) (int, error) {
	c, err := o.p.begin(context.Background(), "append to", o.path)
	if err != nil {
		return 0, err
	}
	o.p.mu.Lock()
	defer o.p.mu.Unlock()
	n := len(b)
	full, short := time.Until(o.p.full) > 0, c.of("short") < o.p.rates.short
	if full || short {
		n = int(c.of("how short") * float64(n))
	}
	o.f.data = append(o.f.data[:o.at], b[:n]...)
	o.f.synced = min(o.f.synced, o.at)
	o.at += n
	switch {
	case full:
		o.p.log("writes to a full disk", "%s: %s is full after %d of %d bytes", o.p.name, o.path, n, len(b))
		return n, &fs.PathError{Op: "write", Path: o.path, Err: syscall.ENOSPC}
	case short:
		o.p.log("writes cut short", "%s: %d of %d bytes are written to %s", o.p.name, n, len(b), o.path)
		return n, &fs.PathError{Op: "write", Path: o.path, Err: io.ErrShortWrite}
	}
	return n, nil
}

func (o *openFile) Sync() error {
	if _, err := o.p.begin(context.Background(), "sync", o.path); err != nil {
		return err
	}
	o.p.mu.Lock()
	defer o.p.mu.Unlock()
	o.f.synced = len(o.f.data)
	return nil
}

func (o *openFile) Truncate(size int64) error {
	o.p.mu.Lock()
	defer o.p.mu.Unlock()
	if o.p.dead {
		return errKilled
	}
	o.f.data = o.f.data[:size]
	o.f.synced = min(o.f.synced, int(size))
	return nil
}

func (o *openFile) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekStart:
		o.at = int(offset)
	case io.SeekCurrent:
		o.at += int(offset)
	}
	return int64(o.at), nil
}

func (o *openFile) Close() error { return nil }
