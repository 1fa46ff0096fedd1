package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"autodropout/controller"
	"autodropout/dropout"
)

var (
	space  = dropout.Space{Name: "toy", Choices: []dropout.Choice{{Name: "a", Values: []float64{0, 1, 2}}, {Name: "b", Values: []float64{0, 1}}}, Groups: 2}
	config = controller.Config{Trials: 12, InFlight: 4, Seed: 3, Network: controller.NetworkConfig{Layers: 1, Width: 8, Heads: 2}}
	job    = Job{Identity: Identity{Program: "toy", Version: "v1", Tier: "avx2", Data: "d1"}, Settings: "epochs = 1\n", Run: "r1"}
)

// patience is what a silent worker gets in tests where none is lost.
const patience = time.Minute

func reward(t controller.Trial) float64 {
	return float64(t.Point[0]-t.Point[3]) + float64(t.Seed%97)/97
}

func train(_ context.Context, t Assignment) (controller.Outcome, error) {
	return controller.Outcome{Reward: reward(t.Trial)}, nil
}

func quiet(string, ...any) {}

func newServer(t *testing.T, c ServerConfig) *Server {
	t.Helper()
	if c.Folder == "" {
		c.Folder = t.TempDir()
	}
	s, err := StartServer(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Shutdown)
	return s
}

func connect(t *testing.T, a Address) *Connection {
	t.Helper()
	c, err := Connect(t.Context(), a, quiet)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func open(t *testing.T, conn *Connection, silence time.Duration) *Coordinator {
	t.Helper()
	c, err := Open(t.Context(), conn, "run", job, silence)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func join(t *testing.T, conn *Connection) *Worker {
	t.Helper()
	w, err := Join(t.Context(), conn, "run", job.Identity)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// start has a worker work in the background; stop cancels it and returns how it
// ended.
func start(t *testing.T, w *Worker, atATime int, train Trainer) (stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	folder := t.TempDir()
	go func() { ended <- w.Work(ctx, job.Data, folder, atATime, train) }()
	stop = sync.OnceValue(func() error { cancel(); return <-ended })
	t.Cleanup(func() { stop() })
	return stop
}

func search(t *testing.T, c *Coordinator, config controller.Config) *controller.Report {
	t.Helper()
	report, err := c.Search(t.Context(), "random", config, space)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// plain is the search without a cluster.
func plain(t *testing.T) *controller.Report {
	t.Helper()
	report, err := controller.Search(t.Context(), config, space, func(_ context.Context, t controller.Trial) (controller.Outcome, error) {
		return controller.Outcome{Reward: reward(t)}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// same compares all of two searches that does not depend on who did the work.
func same(t *testing.T, what string, got, want *controller.Report) {
	t.Helper()
	show := func(r *controller.Report) string {
		var b strings.Builder
		for i, trial := range r.Trials {
			fmt.Fprintln(&b, trial, r.Results[i].Reward, r.Results[i].Error)
		}
		fmt.Fprintln(&b, r.Weights())
		return b.String()
	}
	if g, w := show(got), show(want); g != w {
		t.Errorf("%s: the search is\n%s\nwant\n%s", what, g, w)
	}
}

func TestSameSearchWithAnyWorkers(t *testing.T) {
	want := plain(t)
	for _, workers := range []int{1, 2, 5} {
		conn := connect(t, Address{Server: newServer(t, ServerConfig{})})
		c := open(t, conn, patience)
		var trained atomic.Int64
		var stops []func() error
		for i := range workers {
			stops = append(stops, start(t, join(t, conn), 1+i%2, func(ctx context.Context, a Assignment) (controller.Outcome, error) {
				trained.Add(1)
				return train(ctx, a)
			}))
		}
		report := search(t, c, config)
		same(t, fmt.Sprint(workers, " workers"), report, want)
		if n := trained.Load(); n != int64(config.Trials) {
			t.Errorf("%d workers trained %d trials, want %d", workers, n, config.Trials)
		}
		if note := report.Results[0].Note; note != job.Tier {
			t.Errorf("the note is %q", note)
		}
		// All go home when the run is over.
		if err := c.Finish(t.Context()); err != nil {
			t.Fatal(err)
		}
		for deadline := time.Now().Add(10 * time.Second); trained.Load() > 0; time.Sleep(10 * time.Millisecond) {
			info, err := conn.stream.Stream(t.Context(), "autodropout-run-trials")
			if err != nil {
				t.Fatal(err)
			}
			if n := info.CachedInfo().State.Msgs; n == 0 {
				break
			} else if time.Now().After(deadline) {
				t.Fatalf("%d trials stay in the queue", n)
			}
		}
		time.Sleep(1200 * time.Millisecond) // longer than a worker waits for a trial
		for _, stop := range stops {
			if err := stop(); err != nil {
				t.Errorf("a worker ended with %v", err)
			}
		}
	}
}

// TestLostWorker has a worker vanish in the middle of a trial, after a checkpoint.
func TestLostWorker(t *testing.T) {
	server := newServer(t, ServerConfig{})
	c := open(t, connect(t, Address{Server: server}), 500*time.Millisecond)
	doomed := connect(t, Address{Server: server})
	began := make(chan int, 1)
	start(t, join(t, doomed), 1, func(ctx context.Context, a Assignment) (controller.Outcome, error) {
		if err := os.WriteFile(a.Checkpoint, []byte("half of it"), 0o600); err != nil {
			t.Error(err)
		}
		if err := a.Save(); err != nil {
			t.Error(err)
		}
		began <- a.Index
		doomed.Close() // nothing that the worker does from here on is heard
		<-ctx.Done()
		return controller.Outcome{}, ctx.Err()
	})
	reports := make(chan *controller.Report)
	go func() {
		report, err := c.Search(t.Context(), "random", config, space)
		if err != nil {
			t.Error(err)
		}
		reports <- report
	}()
	lost := <-began
	var continued atomic.Int64
	start(t, join(t, connect(t, Address{Server: server})), 2, func(ctx context.Context, a Assignment) (controller.Outcome, error) {
		text, err := os.ReadFile(a.Checkpoint)
		switch {
		case a.Index == lost && string(text) != "half of it":
			t.Errorf("the trial of the lost worker begins with %q, %v", text, err)
		case a.Index != lost && err == nil:
			t.Errorf("trial %d begins with %q", a.Index, text)
		case a.Index == lost:
			continued.Add(1)
		}
		return train(ctx, a)
	})
	same(t, "with a lost worker", <-reports, plain(t))
	if continued.Load() != 1 {
		t.Errorf("the trial of the lost worker was trained %d times more", continued.Load())
	}
	if err := c.store.load(t.Context(), fmt.Sprint("r1.random.", lost), io.Discard); err == nil {
		t.Error("the checkpoint of a finished trial is still there")
	}
}

// TestFrozenWorker has a worker that wakes up when its trial has been trained by
// another. Its result must not count.
func TestFrozenWorker(t *testing.T) {
	server := newServer(t, ServerConfig{})
	c := open(t, connect(t, Address{Server: server}), 300*time.Millisecond)
	var lines []string
	conn, err := Connect(t.Context(), Address{Server: server}, func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) })
	if err != nil {
		t.Fatal(err)
	}
	frozen := join(t, conn)
	frozen.silence = time.Hour // it does not say that it is alive
	var slept atomic.Bool
	began, wake, woken := make(chan int, 1), make(chan struct{}), make(chan struct{})
	stop := start(t, frozen, 1, func(ctx context.Context, a Assignment) (controller.Outcome, error) {
		if slept.Swap(true) {
			return train(ctx, a)
		}
		began <- a.Index
		<-wake
		defer close(woken)
		return controller.Outcome{Reward: 1000}, nil
	})
	reports := make(chan *controller.Report)
	go func() { reports <- search(t, c, config) }()
	index := <-began
	start(t, join(t, connect(t, Address{Server: server})), 1, func(ctx context.Context, a Assignment) (controller.Outcome, error) {
		defer func() {
			if a.Index == index {
				close(wake)
			}
		}()
		outcome, err := train(ctx, a)
		if a.Index == index {
			w := result{Reward: outcome.Reward, Tier: "avx2"}
			if first, err := c.store.claim(t.Context(), fmt.Sprintf("result.r1.random.%d", index), mustJSON(t, w)); !first || err != nil {
				t.Errorf("the result of the second worker is not the first: %v", err)
			}
		}
		return outcome, err
	})
	same(t, "with a frozen worker", <-reports, plain(t))
	<-woken
	if err := stop(); !errors.Is(err, context.Canceled) {
		t.Errorf("the frozen worker ended with %v", err)
	}
	if want := fmt.Sprintf("trial %d of random has a result already", index+1); !slices.Contains(lines, want) {
		t.Errorf("the frozen worker says %q, want %q", lines, want)
	}
}

// TestPoison has a trial that no worker survives: that is no result of it. The search
// says so and ends; it goes on as if nothing had been when workers survive.
func TestPoison(t *testing.T) {
	const poison = 2
	server := newServer(t, ServerConfig{})
	c := open(t, connect(t, Address{Server: server}), 200*time.Millisecond)
	died := make(chan struct{}, 1)
	deaths := 0
	hire := func() {
		conn := connect(t, Address{Server: server})
		start(t, join(t, conn), 1, func(ctx context.Context, a Assignment) (controller.Outcome, error) {
			if a.Index != poison {
				return train(ctx, a)
			}
			conn.Close()
			died <- struct{}{}
			<-ctx.Done()
			return controller.Outcome{}, ctx.Err()
		})
	}
	ended := make(chan error, 1)
	go func() {
		_, err := c.Search(t.Context(), "random", config, space)
		ended <- err
	}()
	hire()
	for err := error(nil); err == nil; {
		select {
		case <-died:
			deaths++
			hire()
		case err = <-ended:
			if !strings.Contains(err.Error(), "trial 3 of random: it could not be trained, 10 times in a row, the last time because its worker (") || deaths != mostFailed {
				t.Errorf("after %d deaths the error is %v", deaths, err)
			}
		}
	}
	start(t, join(t, connect(t, Address{Server: server})), 1, train)
	same(t, "after a trial that nobody survived", search(t, c, config), plain(t))
}

// TestGivenBack stops a worker in an orderly way: another goes on at once, although
// nobody could take the worker for lost yet.
func TestGivenBack(t *testing.T) {
	server := newServer(t, ServerConfig{})
	var lines said
	conn, err := Connect(t.Context(), Address{Server: server}, lines.logf)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	c := open(t, connect(t, Address{Server: server}), patience)
	began := make(chan int, 1)
	stop := start(t, join(t, conn), 1, func(ctx context.Context, a Assignment) (controller.Outcome, error) {
		began <- a.Index
		<-ctx.Done()
		if err := os.WriteFile(a.Checkpoint, []byte("some of it"), 0o600); err != nil {
			t.Error(err)
		}
		if err := a.Save(); err != nil {
			t.Error(err)
		}
		return controller.Outcome{}, ctx.Err()
	})
	reports := make(chan *controller.Report)
	go func() { reports <- search(t, c, config) }()
	index := <-began
	if err := stop(); !errors.Is(err, context.Canceled) {
		t.Errorf("the stopped worker ended with %v", err)
	}
	if said := lines.all(); said != "" {
		t.Errorf("the stopped worker says\n%s", said)
	}
	var so attempts
	if _, err := c.store.get(t.Context(), c.store.key(attemptPrefix, fmt.Sprint("random.", index)), &so); err != nil || so != (attempts{Saved: true}) {
		t.Errorf("a worker that gave its trial back counts as %+v, %v", so, err)
	}
	started := time.Now()
	start(t, join(t, connect(t, Address{Server: server})), 1, func(ctx context.Context, a Assignment) (controller.Outcome, error) {
		if text, err := os.ReadFile(a.Checkpoint); a.Index == index && string(text) != "some of it" {
			t.Errorf("the trial that was given back begins with %q, %v", text, err)
		}
		return train(ctx, a)
	})
	same(t, "with a stopped worker", <-reports, plain(t))
	if took := time.Since(started); took > patience/2 {
		t.Errorf("it took %v", took)
	}
}

// TestFailures has trials fail in the ways of a trainer.
func TestFailures(t *testing.T) {
	conn := connect(t, Address{Server: newServer(t, ServerConfig{})})
	c := open(t, conn, patience)
	start(t, join(t, conn), 2, func(ctx context.Context, a Assignment) (controller.Outcome, error) {
		switch a.Index {
		case 1:
			return controller.Outcome{Reward: 7, Failure: "diverged"}, nil
		case 2:
			return controller.Outcome{Reward: 0 / reward(controller.Trial{Point: make([]int, 4)})}, nil
		case 3:
			return controller.Outcome{Reward: 2, Note: "fine"}, nil
		}
		return train(ctx, a)
	})
	report := search(t, c, config)
	for i, want := range map[int]string{1: "diverged", 2: "the reward is NaN", 3: ""} {
		if r := report.Results[i]; r.Error != want || r.Failed() && r.Reward != 0 {
			t.Errorf("trial %d has %+v, want the error %q", i, r, want)
		}
	}
	if note := report.Results[3].Note; note != "fine, avx2" {
		t.Errorf("the note is %q", note)
	}
}

// TestCoordinatorRestarts ends a coordinator again and again, and takes its folder
// away: the next goes on with the mirror.
func TestCoordinatorRestarts(t *testing.T) {
	conn := connect(t, Address{Server: newServer(t, ServerConfig{})})
	c := open(t, conn, patience)
	var mu sync.Mutex
	trained := map[int]int{}
	start(t, join(t, conn), 3, func(ctx context.Context, a Assignment) (controller.Outcome, error) {
		mu.Lock()
		defer mu.Unlock()
		trained[a.Index]++
		return train(ctx, a)
	})
	dir := t.TempDir()
	for session := range 3 {
		ctx, cancel := context.WithCancel(t.Context())
		interrupted := config
		interrupted.Path = filepath.Join(dir, fmt.Sprint("trials-", session, ".jsonl"))
		interrupted.Notify = func(e controller.Event) {
			if e.Status.Finished >= 3*(session+1) { // results may come together
				cancel()
			}
		}
		if _, err := c.Search(ctx, "random", interrupted, space); !errors.Is(err, context.Canceled) {
			t.Fatalf("session %d ended with %v", session, err)
		}
		c = open(t, conn, patience)
	}
	last := config
	last.Path = filepath.Join(dir, "last.jsonl")
	same(t, "with four coordinators", search(t, c, last), plain(t))
	for i := range config.Trials {
		if trained[i] != 1 {
			t.Errorf("trial %d was trained %d times", i, trained[i])
		}
	}
	replayed, err := controller.Replay(last.Path)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "its log", replayed, plain(t))
}

// TestServerRestarts ends the server in the middle, for a while.
func TestServerRestarts(t *testing.T) {
	folder := t.TempDir()
	server := newServer(t, ServerConfig{Folder: folder, Listen: "127.0.0.1:0"})
	address := Address{URL: server.URL()}
	c := open(t, connect(t, address), 2*time.Second)
	var trained atomic.Int64
	for range 2 {
		start(t, join(t, connect(t, address)), 1, func(ctx context.Context, a Assignment) (controller.Outcome, error) {
			if trained.Add(1) == 5 {
				server.Shutdown()
				time.AfterFunc(300*time.Millisecond, func() {
					restarted, err := StartServer(ServerConfig{Folder: folder, Listen: strings.TrimPrefix(address.URL, "nats://")})
					if err != nil {
						t.Error(err)
						return
					}
					t.Cleanup(restarted.Shutdown)
				})
			}
			return train(ctx, a)
		})
	}
	restarting := config
	restarting.Path = filepath.Join(t.TempDir(), "trials.jsonl")
	same(t, "with another server", search(t, c, restarting), plain(t))
}

func TestTwoCoordinators(t *testing.T) {
	conn := connect(t, Address{Server: newServer(t, ServerConfig{})})
	c := open(t, conn, patience)
	start(t, join(t, conn), 1, train)
	one := config
	one.Path = filepath.Join(t.TempDir(), "trials.jsonl")
	search(t, c, one)
	other := one
	other.Path = filepath.Join(t.TempDir(), "trials.jsonl")
	other.Seed++
	if err := os.WriteFile(other.Path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Search(t.Context(), "random", other, space); err == nil || !strings.Contains(err.Error(), "begun with another") {
		t.Errorf("a search with another seed under the same name: %v", err)
	}
	m := mirror{&c.store, "random"}
	if err := m.write(t.Context(), 3, []byte("{}\n")); err == nil || !strings.Contains(err.Error(), "another coordinator") {
		t.Errorf("another line of the log: %v", err)
	}
}

func TestQueueHasATrialOnce(t *testing.T) {
	conn := connect(t, Address{Server: newServer(t, ServerConfig{})})
	c := open(t, conn, patience)
	for range 3 {
		if err := c.store.offer(t.Context(), queued{"random", controller.Trial{Index: 4}}); err != nil {
			t.Fatal(err)
		}
	}
	stream, err := conn.stream.Stream(t.Context(), "autodropout-run-trials")
	if err != nil {
		t.Fatal(err)
	}
	if n := stream.CachedInfo().State.Msgs; n != 1 {
		t.Errorf("the queue has %d messages of one trial", n)
	}
}
