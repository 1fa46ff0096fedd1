package cluster

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"autodropout/controller"
)

// said collects lines for people.
type said struct {
	mu    sync.Mutex
	lines []string
}

func (s *said) logf(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lines = append(s.lines, fmt.Sprintf(format, args...))
}

// has reports whether a line has a text in it.
func (s *said) has(text string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.ContainsFunc(s.lines, func(line string) bool { return strings.Contains(line, text) })
}

func (s *said) all() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.lines, "\n")
}

// TestTroubleIsNoResult: a worker without its data gives its trials back and leaves;
// another trains all of them, and the search is as if there had been no trouble.
func TestTroubleIsNoResult(t *testing.T) {
	server := newServer(t, ServerConfig{})
	c := open(t, connect(t, Address{Server: server}), patience)
	var lines said
	conn, err := Connect(t.Context(), Address{Server: server}, lines.logf)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	broken := join(t, conn)
	left := make(chan error, 1)
	go func() {
		left <- broken.Work(t.Context(), job.Data, t.TempDir(), 2, func(context.Context, Assignment) (controller.Outcome, error) {
			return controller.Outcome{Reward: 100}, errors.New("open /data/cifar10: no such folder")
		})
	}()
	reports := make(chan *controller.Report, 1)
	go func() { reports <- search(t, c, config) }()
	err = <-left
	if err == nil || !strings.Contains(err.Error(), "this worker leaves, as 4 trainings in a row failed") || !strings.Contains(err.Error(), "no such folder") {
		t.Errorf("the broken worker ends with %v", err)
	}
	if !lines.has("could not be trained here (open /data/cifar10: no such folder): it is given back, and this worker pauses for 2s") || lines.has("could not be given back") {
		t.Errorf("the broken worker says\n%s", lines.all())
	}
	start(t, join(t, connect(t, Address{Server: server})), 2, train)
	same(t, "after trouble", <-reports, plain(t))
}

// TestOddMessages: what is not a trial of the run is set aside and named, and the
// workers go on.
func TestOddMessages(t *testing.T) {
	conn := connect(t, Address{Server: newServer(t, ServerConfig{})})
	c := open(t, conn, patience)
	good := controller.Trial{Index: 77, Point: []int{0}, LogProbs: []float32{0}}
	odd := map[string]string{
		"text":    "dear diary",
		"name":    string(mustJSON(t, queued{"a.b c", good})),
		"noname":  string(mustJSON(t, queued{"", good})),
		"nopoint": string(mustJSON(t, queued{"random", controller.Trial{Index: 3}})),
		"minus":   string(mustJSON(t, queued{"random", controller.Trial{Index: -1, Point: []int{0}, LogProbs: []float32{0}}})),
		"unknown": string(mustJSON(t, queued{"other", good})),
	}
	for key, text := range odd {
		if err := c.store.engine.offer(t.Context(), "r1."+key, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	var lines said
	w := join(t, conn)
	w.logf = lines.logf
	start(t, w, 2, func(ctx context.Context, a Assignment) (controller.Outcome, error) {
		if a.Search != "random" {
			return controller.Outcome{}, &OddError{"there is no search of that name"}
		}
		return train(ctx, a)
	})
	same(t, "with odd messages in the queue", search(t, c, config), plain(t))
	stream, err := conn.stream.Stream(t.Context(), "autodropout-run-trials")
	if err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(10 * time.Second); stream.CachedInfo().State.Msgs > 0 && time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if _, err := stream.Info(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if n := stream.CachedInfo().State.Msgs; n != 0 {
		t.Errorf("%d messages stay in the queue", n)
	}
	for _, want := range []string{"invalid character", `"a.b c" is not the name`, `"" is not the name`, "it has 0 choices", "-1 is not the number", "there is no search of that name"} {
		if !lines.has("a message in the queue is not a trial of this run (" + want) {
			t.Errorf("no line has %q in\n%s", want, lines.all())
		}
	}
	keys, err := w.store.engine.(*jetStream).values.Keys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	aside := 0
	for _, key := range keys {
		if strings.HasPrefix(key, oddPrefix) {
			aside++
		}
	}
	if aside != len(odd) {
		t.Errorf("%d messages are set aside, want %d", aside, len(odd))
	}
}

// TestEndedRunGivesWay: a run that was begun elsewhere does not take the trials of
// one that has ended, even with the same settings; one that has not ended goes on.
func TestEndedRunGivesWay(t *testing.T) {
	conn := connect(t, Address{Server: newServer(t, ServerConfig{})})
	c := open(t, conn, patience)
	stop := start(t, join(t, conn), 1, train)
	search(t, c, config)
	if err := stop(); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	elsewhere := job
	elsewhere.Run = "r2"
	results := func(c *Coordinator) bool {
		var r result
		found, err := c.store.get(t.Context(), c.store.key(resultPrefix, "random.0"), &r)
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	other := elsewhere
	other.Version = "v2"
	if _, err := Open(t.Context(), conn, "run", other, patience); err == nil || !strings.Contains(err.Error(), "begun with the build v1, from another folder") {
		t.Errorf("another build in another folder: %v", err)
	}
	next, err := Open(t.Context(), conn, "run", elsewhere, patience)
	if err != nil || !results(next) {
		t.Errorf("a run that has not ended is not gone on with: %v", err)
	}
	if err := next.Finish(t.Context()); err != nil {
		t.Fatal(err)
	}
	if next, err = Open(t.Context(), conn, "run", job, patience); err != nil || !results(next) {
		t.Errorf("an ended run is not there for its own folder: %v", err)
	}
	if err := next.Finish(t.Context()); err != nil {
		t.Fatal(err)
	}
	if next, err = Open(t.Context(), conn, "run", elsewhere, patience); err != nil || results(next) {
		t.Errorf("an ended run does not give way: %v", err)
	}
}

// TestForeignTrials: workers set trials aside that have not the identity of the run,
// and a search does not take a result that has another one, unless it is an earlier
// one of its own.
func TestForeignTrials(t *testing.T) {
	conn := connect(t, Address{Server: newServer(t, ServerConfig{})})
	run := job
	run.Sum = "aaaa"
	c, err := Open(t.Context(), conn, "run", run, patience)
	if err != nil {
		t.Fatal(err)
	}
	foreign := queued{"random", controller.Trial{Index: 1, Point: []int{0, 0, 0, 0}, LogProbs: make([]float32, 4), Identity: "bbbb"}}
	if err := c.store.engine.offer(t.Context(), "r1."+foreign.key(), mustJSON(t, foreign)); err != nil {
		t.Fatal(err)
	}
	var lines said
	w := join(t, conn)
	w.logf = lines.logf
	stop := start(t, w, 1, func(ctx context.Context, a Assignment) (controller.Outcome, error) {
		if a.Identity != "aaaa" {
			t.Errorf("trial %d has the identity %q", a.Index, a.Identity)
		}
		return train(ctx, a)
	})
	report := search(t, c, config)
	if !lines.has(`a message in the queue is not a trial of this run (it has the identity "bbbb", and the run "aaaa")`) {
		t.Errorf("the worker says\n%s", lines.all())
	}
	for i, r := range report.Results {
		if r.Identity != "aaaa" {
			t.Errorf("the result of trial %d has the identity %q", i, r.Identity)
		}
	}
	if err := stop(); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	run.Sum = "cccc"
	again := func() (*controller.Report, error) {
		c, err := Open(t.Context(), conn, "run", run, patience)
		if err != nil {
			t.Fatal(err)
		}
		return c.Search(t.Context(), "random", config, space)
	}
	if _, err := again(); err == nil || !strings.Contains(err.Error(), "has the identity aaaa, and this run cccc") {
		t.Errorf("a result of another identity is taken: error %v", err)
	}
	run.Earlier = []string{"aaaa"}
	if report, err := again(); err != nil || report.Results[0].Identity != "aaaa" {
		t.Errorf("an earlier identity is not accepted: error %v", err)
	}
}

// TestWaitingIsSaid: a call that waits for a server says so, and again and again.
func TestWaitingIsSaid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var lines said
		s := store{logf: lines.logf}
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
		defer cancel()
		err := s.persist(ctx, "read job", func(context.Context) error { return nats.ErrTimeout })
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		if n := len(lines.lines); n != 4 || !strings.Contains(lines.lines[0], "waiting for the server, to read job, for 1") {
			t.Errorf("in two minutes it said\n%s", lines.all())
		}
	})
}

// TestHopelessServers: what waiting does not mend is refused in a sentence.
func TestHopelessServers(t *testing.T) {
	for _, c := range []struct {
		code jetstream.ErrorCode
		want string
	}{
		{jetstream.JSErrCodeJetStreamNotEnabled, "is off: start it with -js"},
		{jetstream.JSErrCodeJetStreamNotEnabledForAccount, "has no JetStream"},
		{10023, "its store is full"},
		{10047, "its store is full"},
		{10002, "its store is full"},
		{10008, ""}, // starting
	} {
		s := store{engine: refusing{err: &jetstream.APIError{Code: 503, ErrorCode: c.code, Description: "words"}}, logf: quiet}
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		err := s.create(ctx, time.Minute)
		cancel()
		if c.want == "" && !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(fmt.Sprint(err), c.want) {
			t.Errorf("code %d: %v, want %q", c.code, err, c.want)
		}
	}
}

func TestPasswordsAreNotShown(t *testing.T) {
	for url, want := range map[string]string{
		"nats://host:4222": "nats://host:4222", "nats://me:secret@host:4222": "nats://me:xxxxx@host:4222", "nats://token@host:4222": "nats://xxxxx@host:4222", "nats://me:a:b@h": "nats://me:xxxxx@h", "me:secret@h": "me:xxxxx@h", "token@h,h:4222": "xxxxx@h,h:4222", "tls://a:b@h,nats://c:d@i:1": "tls://a:xxxxx@h,nats://c:xxxxx@i:1",
	} {
		if got := Shown(url); got != want {
			t.Errorf("%s is shown as %s", url, got)
		}
	}
}

// refusing is an engine of which nothing can be made.
type refusing struct {
	engine
	err error
}

func (r refusing) create(context.Context, time.Duration) error { return r.err }

// TestServerGoesOn: a server that stopped JetStream, as it does when its disk is
// full, starts it again, and a search goes on as if nothing had been.
func TestServerGoesOn(t *testing.T) {
	var lines said
	server := newServer(t, ServerConfig{Logf: lines.logf})
	c := open(t, connect(t, Address{Server: server}), patience)
	start(t, join(t, connect(t, Address{Server: server})), 1, func(ctx context.Context, a Assignment) (controller.Outcome, error) {
		switch a.Index {
		case 4:
			if err := server.nats.ShutdownJetStream(); err != nil {
				t.Error(err)
			}
		case 9:
			server.trouble.Errorf("Filestore [x] Critical write error: no space left on device")
		}
		return train(ctx, a)
	})
	same(t, "after a full disk", search(t, c, config), plain(t))
	if n := strings.Count(lines.all(), "the server goes on after"); n != 2 {
		t.Errorf("the server says\n%s", lines.all())
	}
}
