package cluster

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go/jetstream"

	"autodropout/controller"
)

// limitedServer starts a server, of others, that keeps two megabytes for its account.
func limitedServer(t *testing.T) Address {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "nats.conf")
	text := fmt.Sprintf("listen: \"127.0.0.1:-1\"\njetstream { store_dir: %q }\naccounts { A { jetstream { max_file: 2MB }, users [ { user: a, password: secret } ] } }\n", filepath.Join(dir, "store"))
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	options, err := server.ProcessConfigFile(path)
	if err != nil {
		t.Fatal(err)
	}
	options.NoLog, options.NoSigs = true, true
	s, err := server.NewServer(options)
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	if !s.ReadyForConnections(10 * time.Second) {
		t.Fatal("the server does not start")
	}
	return Address{URL: strings.Replace(s.ClientURL(), "nats://", "nats://a:secret@", 1)}
}

// fill leaves no room on the server for anything else.
func fill(t *testing.T, conn *Connection) {
	t.Helper()
	if _, err := conn.stream.CreateStream(t.Context(), jetstream.StreamConfig{Name: "other", Subjects: []string{"other"}}); err != nil {
		t.Fatal(err)
	}
	for size := 256 << 10; size > 0; size /= 2 {
		for {
			if _, err := conn.stream.Publish(t.Context(), "other", make([]byte, size)); err != nil {
				break
			}
		}
	}
}

// TestFullStore: a server of others whose store is full is refused, and a search whose
// server becomes full ends with that sentence.
func TestFullStore(t *testing.T) {
	address := limitedServer(t)
	conn := connect(t, address)
	c := open(t, conn, patience)
	w := join(t, connect(t, address))
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	left := make(chan error)
	filled := false
	go func() {
		left <- w.Work(ctx, job.Data, t.TempDir(), 1, func(ctx context.Context, a Assignment) (controller.Outcome, error) {
			if !filled {
				filled = true
				fill(t, conn)
			}
			return train(ctx, a)
		})
	}()
	_, err := c.Search(ctx, "random", config, space)
	for who, err := range map[string]error{"the search": err, "the worker": <-left} {
		if err == nil || !strings.Contains(err.Error(), "store is full") {
			t.Errorf("%s ends with %v", who, err)
		}
	}
	// Those who come now do not begin to wait for each other.
	if _, err := Connect(t.Context(), address, quiet); err == nil || !strings.Contains(err.Error(), "store is full") || strings.Contains(err.Error(), "secret") {
		t.Errorf("a full server gives error %v", err)
	}
}
