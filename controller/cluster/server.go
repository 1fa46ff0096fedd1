package cluster

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nkeys"
)

// ServerConfig describes a server that is part of the program.
type ServerConfig struct {
	// Folder keeps everything that the server must not lose.
	Folder string

	// Listen is the host and port where workers find the server; port 0 is any
	// that is free. "": none, only this process reaches it.
	Listen string

	// Cert and Key are PEM files with the server's certificate, and Credentials is
	// a file with the seed of the key that clients must have. A server listens
	// beyond this machine only with all three.
	Cert, Key, Credentials string

	// CA is a PEM file with an authority; with it clients must also show a
	// certificate that the authority signed. "": they need none.
	CA string

	// Logf gets lines that a person should read; nil: nobody gets them.
	Logf func(format string, args ...any)
}

// Server is a NATS server in this process.
type Server struct {
	nats    *server.Server
	trouble *trouble
	stop    context.CancelFunc // of its guard
	ended   chan struct{}      // the guard has
}

// StartServer starts a server, which continues from what an earlier one left in its folder.
func StartServer(c ServerConfig) (*Server, error) {
	options := &server.Options{
		ServerName: "autodropout", JetStream: true, StoreDir: c.Folder,
		SyncAlways: true, // what has been acknowledged is on disk
		NoSigs:     true, DontListen: c.Listen == "",
	}
	if c.Listen != "" {
		if err := c.listen(options); err != nil {
			return nil, err
		}
	}
	if c.Credentials != "" {
		user, err := user(c.Credentials)
		if err != nil {
			return nil, err
		}
		options.Nkeys = []*server.NkeyUser{{Nkey: user}}
	}
	s, err := server.NewServer(options)
	if err != nil {
		return nil, fmt.Errorf("the server cannot be started: %w", err)
	}
	trouble := &trouble{}
	s.SetLogger(trouble, false, false)
	s.Start()
	const patience = 30 * time.Second // a large store is read first
	for began := time.Now(); !s.ReadyForConnections(10 * time.Millisecond); {
		if why := trouble.first(); why != "" || time.Since(began) > patience {
			s.Shutdown()
			return nil, fmt.Errorf("the server cannot be started on %s with its data in %s: %s", cmp.Or(c.Listen, "no port"), c.Folder, cmp.Or(why, "it does not get ready"))
		}
	}
	ctx, stop := context.WithCancel(context.Background())
	started := &Server{s, trouble, stop, make(chan struct{})}
	go started.guard(ctx, c)
	return started, nil
}

// guard starts JetStream again when it has stopped, or has met an error of its disk,
// after which it takes nothing more until it is started again: as soon as there is
// room.
func (s *Server) guard(ctx context.Context, c ServerConfig) {
	defer close(s.ended)
	logf := c.Logf
	if logf == nil {
		logf = func(string, ...any) {}
	}
	var stopped, spoken time.Time
	for pause(ctx, time.Second) == nil {
		switch {
		case s.nats.JetStreamEnabled() && !s.trouble.disk.Load():
			stopped, spoken = time.Time{}, time.Time{}
			continue
		case stopped.IsZero():
			stopped = time.Now()
		}
		err := hasRoom(c.Folder)
		if err == nil {
			s.trouble.disk.Store(false)
			err = errors.Join(s.nats.ShutdownJetStream(), s.nats.EnableJetStream(&server.JetStreamConfig{StoreDir: c.Folder, SyncAlways: true}))
		}
		switch {
		case err == nil:
			logf("the server goes on after %v: there is room again in %s", time.Since(stopped).Round(time.Second), c.Folder)
		case time.Since(spoken) >= speakAgain:
			logf("the server has stopped (%s): it waits for room in %s (%v)", cmp.Or(s.trouble.last(), "its disk is full"), c.Folder, err)
			spoken = time.Now()
		}
	}
}

// hasRoom returns why nothing can be written to a folder, nil where some can.
func hasRoom(folder string) error {
	const enough = 4 << 20 // bytes: a server that starts writes less
	f, err := os.CreateTemp(folder, "room-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(make([]byte, enough))
	return errors.Join(err, f.Sync(), f.Close())
}

// listen fills in where the server listens, and who may come.
func (c *ServerConfig) listen(options *server.Options) error {
	host, port, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return fmt.Errorf("%q is not an address to listen on, such as 127.0.0.1:4222: %w", c.Listen, err)
	}
	if options.Port, err = strconv.Atoi(port); err != nil || options.Port < 0 || options.Port > 1<<16-1 {
		return fmt.Errorf("%q is not an address to listen on: the port is a number from 0 to 65535", c.Listen)
	}
	if options.Port == 0 {
		options.Port = server.RANDOM_PORT
	}
	options.Host = cmp.Or(host, server.DEFAULT_HOST)
	if !loopback(host) && (c.Cert == "" || c.Key == "" || c.Credentials == "") {
		return fmt.Errorf("%s can be reached from other machines: a server listens there only with a certificate, its key and credentials; 127.0.0.1 needs none", c.Listen)
	}
	if c.Cert == "" {
		return nil
	}
	pair, err := certificate(c.Cert, c.Key)
	if err != nil {
		return err
	}
	options.TLSConfig = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	options.TLSTimeout = 5 // seconds
	if c.CA != "" {
		options.TLSVerify = true
		options.TLSConfig.ClientAuth = tls.RequireAndVerifyClientCert
		options.TLSConfig.ClientCAs, err = certificates(c.CA)
	}
	return err
}

// loopback reports whether only this machine reaches a host.
func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// user returns the public key of the seed in a file.
func user(path string) (string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("the credentials cannot be read: %w", err)
	}
	if hasToken(text) {
		return "", fmt.Errorf("%s is for a server with accounts of its own; the one in this program takes a file with the seed of a user's key alone", path)
	}
	pair, err := nkeys.ParseDecoratedNKey(text)
	if err != nil {
		return "", fmt.Errorf("%s does not hold the seed of a NATS key: %w", path, err)
	}
	public, err := pair.PublicKey()
	if err == nil && !nkeys.IsValidPublicUserKey(public) {
		err = errors.New("it is not a user's")
	}
	if err != nil {
		return "", fmt.Errorf("the key in %s cannot be used: %w", path, err)
	}
	return public, nil
}

func certificate(cert, key string) (tls.Certificate, error) {
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		return pair, fmt.Errorf("the certificate %s with the key %s cannot be used: %w", cert, key, err)
	}
	return pair, nil
}

func certificates(path string) (*x509.CertPool, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("the certificate authority cannot be read: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("%s has no certificate in PEM form", path)
	}
	return pool, nil
}

// URL returns where workers on this machine find the server; "" where it does
// not listen.
func (s *Server) URL() string {
	address := s.nats.Addr()
	if address == nil {
		return ""
	}
	return "nats://" + address.String()
}

// Clients returns how many connections there are, those of this process included.
func (s *Server) Clients() int { return s.nats.NumClients() }

// Shutdown ends the server; its folder stays.
func (s *Server) Shutdown() {
	s.stop()
	<-s.ended
	s.nats.Shutdown()
	s.nats.WaitForShutdown()
}

// trouble is the log of a server, of which only the first and the last error matter.
type trouble struct {
	disk        atomic.Bool // an error of the disk has been told
	mu          sync.Mutex
	text, later string
}

func (t *trouble) first() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text
}

func (t *trouble) last() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.later
}

// Errorf implements the server's Logger.
func (t *trouble) Errorf(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.later = strings.TrimSpace(fmt.Sprintf(format, args...))
	t.text = cmp.Or(t.text, t.later)
	if strings.Contains(strings.ToLower(t.later), "write error") { // as filestore.go and stream.go of nats-server call it
		t.disk.Store(true)
	}
}

// Fatalf implements the server's Logger.
func (t *trouble) Fatalf(format string, args ...any) { t.Errorf(format, args...) }

// The server's other lines are of no use to anybody here.
func (*trouble) Noticef(string, ...any) {}
func (*trouble) Warnf(string, ...any)   {}
func (*trouble) Debugf(string, ...any)  {}
func (*trouble) Tracef(string, ...any)  {}
