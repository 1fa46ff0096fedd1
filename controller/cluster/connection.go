package cluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"regexp"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Address says where a server is and what it takes to be let in.
type Address struct {
	URL    string  // such as nats://host:4222 or tls://host:4222; several have commas between them
	Server *Server // in this process; URL does not count then

	// Credentials is a NATS credentials file: one with a token and a seed, usually
	// called .creds, or one with the seed of a user's key alone. "": none.
	Credentials string
	// Cert and Key are PEM files with the client's certificate; "": none.
	Cert, Key string
	// CA is a PEM file with the authority that signed the server's certificate;
	// "": those that the system knows.
	CA string
}

// Connection is a connection to a server. If the server goes away, the connection comes
// back by itself, and its users wait that long.
type Connection struct {
	nats   *nats.Conn
	stream jetstream.JetStream
	logf   func(format string, args ...any)
}

// Connect connects to a server. It waits for a server that does not answer until ctx is
// cancelled; a refused connection is an error. Lines that a person should read go to logf.
func Connect(ctx context.Context, a Address, logf func(format string, args ...any)) (*Connection, error) {
	c := &Connection{logf: logf}
	options, err := a.options(c)
	if err != nil {
		return nil, err
	}
	for spoken := (time.Time{}); ; {
		if c.nats, err = nats.Connect(a.URL, options...); err == nil {
			break
		}
		if !absent(err) {
			return nil, fmt.Errorf("the server at %s cannot be used: %w", Shown(a.URL), err)
		}
		if time.Since(spoken) >= speakAgain {
			logf("waiting for the server at %s (%v)", Shown(a.URL), err)
			spoken = time.Now()
		}
		if err := pause(ctx, time.Second); err != nil {
			return nil, err
		}
	}
	if c.stream, err = jetstream.New(c.nats); err != nil {
		return nil, err
	}
	if a.Server == nil {
		look, cancel := context.WithTimeout(ctx, callPatience)
		defer cancel()
		if err := usable(look, c.nats, c.stream); err != nil {
			c.Close()
			return nil, fmt.Errorf("the server at %s cannot be used: %w", Shown(a.URL), err)
		}
	}
	return c, nil
}

var secret = regexp.MustCompile(`((?:^|,|//)(?:[^:/@,]*:)?)[^/@,]*@`)

// Shown returns the URL of servers without passwords and tokens, to be shown.
func Shown(url string) string { return secret.ReplaceAllString(url, "${1}xxxxx@") }

// absent reports whether an attempt to connect failed because there is nobody, or
// nobody any more.
func absent(err error) bool {
	const refused = "remote error" // of TLS
	var network *net.OpError
	return errors.Is(err, nats.ErrNoServers) || errors.Is(err, nats.ErrTimeout) || errors.Is(err, io.EOF) ||
		errors.As(err, &network) && network.Op != refused
}

func (a Address) options(c *Connection) ([]nats.Option, error) {
	const (
		again = 250 * time.Millisecond
		ping  = 20 * time.Second // how soon a server that hangs is noticed
	)
	options := []nats.Option{
		nats.Name("autodropout"), nats.MaxReconnects(-1), nats.ReconnectWait(again), nats.PingInterval(ping),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil {
				c.logf("the connection to the server is lost (%v); waiting for it", err)
			}
		}),
		nats.ReconnectHandler(func(*nats.Conn) { c.logf("the server is there again") }),
		// Whoever made the call that failed is told as well.
		nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}),
	}
	if a.Server != nil {
		options = append(options, nats.InProcessServer(a.Server.nats))
	} else if a.CA != "" {
		if _, err := certificates(a.CA); err != nil {
			return nil, err
		}
		options = append(options, nats.RootCAs(a.CA))
	}
	if a.Server == nil && a.Cert != "" {
		if _, err := certificate(a.Cert, a.Key); err != nil {
			return nil, err
		}
		options = append(options, nats.ClientCert(a.Cert, a.Key))
	}
	if a.Credentials == "" {
		return options, nil
	}
	option, err := credentials(a.Credentials)
	return append(options, option), err
}

// hasToken reports whether the text of a credentials file has more than a seed.
func hasToken(text []byte) bool { return bytes.Contains(text, []byte("BEGIN NATS USER JWT")) }

// credentials returns the option that identifies a client by a file.
func credentials(path string) (nats.Option, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("the credentials cannot be read: %w", err)
	}
	if hasToken(text) {
		return nats.UserCredentials(path), nil
	}
	option, err := nats.NkeyOptionFromSeed(path)
	if err != nil {
		return nil, fmt.Errorf("%s does not hold NATS credentials: %w", path, err)
	}
	return option, nil
}

// engine returns what a run of that name has on the server.
func (c *Connection) engine(name string) engine { return &jetStream{name: name, js: c.stream} }

// Close ends the connection.
func (c *Connection) Close() { c.nats.Close() }

// grace is how long what must be brought to its end outlives a cancelled context.
const grace = 10 * time.Second

// outlive returns a context for what must be brought to its end when ctx is
// cancelled, such as writing down a result. It ends some seconds later.
func outlive(ctx context.Context) (late context.Context, cancel context.CancelFunc) {
	late, end := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		_ = pause(late, grace)
		end()
	})
	return late, func() { stop(); end() }
}

// pause waits, less when ctx is cancelled, which it returns as an error.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
