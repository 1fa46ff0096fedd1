package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"autodropout/controller"
)

func mustJSON(t *testing.T, v any) []byte {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestRefusedWorkers(t *testing.T) {
	conn := connect(t, Address{Server: newServer(t, ServerConfig{})})
	open(t, conn, patience)
	for _, c := range []struct {
		worker Identity
		want   string
	}{
		{Identity{"other", "v1", "avx2", "d1"}, "one of the program toy, this is other"},
		{Identity{"toy", "v2", "avx2", "d1"}, "built from v1, this worker from v2"},
		{Identity{"toy", "v1", "avx512", "d1"}, "AUTODROPOUT_SIMD"},
		{Identity{"toy", "v1", "avx2", "d2"}, "the data of this worker (checksum d2)"},
	} {
		_, err := Join(t.Context(), conn, "run", c.worker)
		var refused *RefusedError
		if !errors.As(err, &refused) || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%+v: the error is %v, want %q", c.worker, err, c.want)
		}
	}
	known := job.Identity
	known.Data = "" // known only when the settings are
	w, err := Join(t.Context(), conn, "run", known)
	if err != nil || w.Settings() != job.Settings {
		t.Fatalf("a worker that fits: %v", err)
	}
	var refused *RefusedError
	if err := w.Work(t.Context(), "d2", t.TempDir(), 1, train); !errors.As(err, &refused) {
		t.Errorf("a worker whose data turns out to be another ended with %v", err)
	}

	free := job
	free.AnyTier = true
	if _, err := Open(t.Context(), conn, "free", free, patience); err != nil {
		t.Fatal(err)
	}
	if _, err := Join(t.Context(), conn, "free", Identity{"toy", "v1", "neon", "d1"}); err != nil {
		t.Errorf("any instruction set will do, but: %v", err)
	}
}

// TestCoordinatorOfAnotherVersion: it goes on, and the workers of the one before
// go home.
func TestCoordinatorOfAnotherVersion(t *testing.T) {
	conn := connect(t, Address{Server: newServer(t, ServerConfig{})})
	open(t, conn, patience)
	w := join(t, conn)
	ended := make(chan error)
	go func() { ended <- w.Work(t.Context(), job.Data, t.TempDir(), 1, train) }()
	newer := job
	newer.Version = "v2"
	if _, err := Open(t.Context(), conn, "run", newer, patience); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-ended:
		if err == nil || !strings.Contains(err.Error(), "built from v2") {
			t.Errorf("the worker ended with %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Error("the worker stays")
	}
}

func TestOtherRunOfTheSameName(t *testing.T) {
	conn := connect(t, Address{Server: newServer(t, ServerConfig{})})
	c := open(t, conn, patience)
	stop := start(t, join(t, conn), 1, train)
	search(t, c, config)
	other := job
	other.Settings = "epochs = 2\n"
	for what, differs := range map[string]Job{
		"other settings":  {Identity: job.Identity, Settings: "epochs = 2\n", Run: "r1"},
		"other data":      {Identity: Identity{"toy", "v1", "avx2", "d2"}, Settings: job.Settings, Run: "r1"},
		"instruction set": {Identity: Identity{"toy", "v1", "neon", "d1"}, Settings: job.Settings, Run: "r1"},
		"the program toy": {Identity: Identity{"nut", "v1", "avx2", "d1"}, Settings: job.Settings, Run: "r1"},
	} {
		if _, err := Open(t.Context(), conn, "run", differs, patience); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: the error is %v", what, err)
		}
	}
	if err := c.Finish(t.Context()); err != nil {
		t.Fatal(err)
	}
	next, err := Open(t.Context(), conn, "run", other, patience)
	if err != nil {
		t.Fatalf("a run that has ended does not give way: %v", err)
	}
	if err := stop(); err != nil && !errors.Is(err, context.Canceled) {
		var refused *RefusedError
		if !errors.As(err, &refused) {
			t.Errorf("the worker of the run before ended with %v", err)
		}
	}
	var r result
	if found, err := next.store.get(t.Context(), "result.r1.random.0", &r); err != nil || found {
		t.Errorf("the new run has the results of the old one: %+v, %v", r, err)
	}
	start(t, join(t, conn), 1, func(ctx context.Context, a Assignment) (controller.Outcome, error) { return train(ctx, a) })
	same(t, "the second run", search(t, next, config), plain(t))
}

func TestNames(t *testing.T) {
	conn := connect(t, Address{Server: newServer(t, ServerConfig{})})
	for _, name := range []string{"", "a.b", "a b", ">", "*", strings.Repeat("a", 65)} {
		if _, err := Open(t.Context(), conn, name, job, patience); err == nil {
			t.Errorf("%q is taken for a name", name)
		}
		if _, err := Join(t.Context(), conn, name, job.Identity); err == nil {
			t.Errorf("%q is taken for a name", name)
		}
	}
}

func TestJoinWaits(t *testing.T) {
	conn := connect(t, Address{Server: newServer(t, ServerConfig{})})
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if _, err := Join(ctx, conn, "run", job.Identity); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("without a coordinator: %v", err)
	}
	joined := make(chan error)
	go func() {
		_, err := Join(t.Context(), conn, "run", job.Identity)
		joined <- err
	}()
	open(t, conn, patience)
	if err := <-joined; err != nil {
		t.Error(err)
	}
}
