package cluster

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nkeys"
)

// newFiles makes a certificate for this machine and two users' seeds.
func newFiles(t *testing.T) (cert, key, seed, otherSeed string) {
	t.Helper()
	dir := t.TempDir()
	write := func(name string, text []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	signed, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	newSeed := func(name string) string {
		pair, err := nkeys.CreateUser()
		if err != nil {
			t.Fatal(err)
		}
		seed, err := pair.Seed()
		if err != nil {
			t.Fatal(err)
		}
		return write(name, seed)
	}
	return write("cert.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: signed})),
		write("key.pem", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded})), newSeed("user.nk"), newSeed("other.nk")
}

// refused reports whether a server does not let a client in. It may hang up before
// it has said why, and the client tries again.
func refused(t *testing.T, a Address) bool {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	conn, err := Connect(ctx, a, quiet)
	if err == nil {
		conn.Close()
	}
	return err != nil
}

func TestSecureServer(t *testing.T) {
	cert, key, seed, otherSeed := newFiles(t)
	for _, ca := range []string{"", cert} {
		server := newServer(t, ServerConfig{Listen: "127.0.0.1:0", Cert: cert, Key: key, Credentials: seed, CA: ca})
		url := server.URL()
		good := Address{URL: url, CA: cert, Credentials: seed}
		if ca != "" {
			if !refused(t, good) {
				t.Error("a client without a certificate was let in")
			}
			good.Cert, good.Key = cert, key
		}
		c := open(t, connect(t, good), patience)
		// The coordinator's own way to the server needs no certificate.
		connect(t, Address{Server: server, Credentials: seed})
		start(t, join(t, connect(t, good)), 1, train)
		same(t, "a secure search", search(t, c, config), plain(t))
		for what, bad := range map[string]Address{
			"no credentials":             {URL: url, CA: cert, Cert: cert, Key: key},
			"the credentials of another": {URL: url, CA: cert, Cert: cert, Key: key, Credentials: otherSeed},
			"an unknown authority":       {URL: url, Credentials: seed, Cert: cert, Key: key},
		} {
			if !refused(t, bad) {
				t.Errorf("a client with %s was let in", what)
			}
		}
	}
}

func TestServerRefuses(t *testing.T) {
	cert, key, seed, _ := newFiles(t)
	dir := t.TempDir()
	token := filepath.Join(dir, "token.creds")
	if err := os.WriteFile(token, []byte("-----BEGIN NATS USER JWT-----\nx\n------END NATS USER JWT------\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	busy := newServer(t, ServerConfig{Listen: "127.0.0.1:0"})
	for _, c := range []struct {
		config ServerConfig
		want   string
	}{
		{ServerConfig{Listen: "0.0.0.0:0"}, "can be reached from other machines"},
		{ServerConfig{Listen: ":0"}, "can be reached from other machines"},
		{ServerConfig{Listen: "192.0.2.1:4222", Cert: cert, Key: key}, "can be reached from other machines"},
		{ServerConfig{Listen: "192.0.2.1:4222", Credentials: seed}, "can be reached from other machines"},
		{ServerConfig{Listen: "4222"}, "not an address"},
		{ServerConfig{Listen: "127.0.0.1:port"}, "the port is a number"},
		{ServerConfig{Listen: "127.0.0.1:0", Cert: key, Key: key}, "key.pem"},
		{ServerConfig{Listen: "127.0.0.1:0", Cert: cert, Key: key, CA: key}, "no certificate in PEM form"},
		{ServerConfig{Listen: "127.0.0.1:0", Credentials: cert}, "does not hold the seed"},
		{ServerConfig{Listen: "127.0.0.1:0", Credentials: token}, "accounts of its own"},
		{ServerConfig{Listen: "127.0.0.1:0", Credentials: filepath.Join(dir, "none")}, "none"},
		{ServerConfig{Listen: strings.TrimPrefix(busy.URL(), "nats://")}, "address already in use"},
		{ServerConfig{Folder: cert}, "cert.pem"},
	} {
		if c.config.Folder == "" {
			c.config.Folder = t.TempDir()
		}
		s, err := StartServer(c.config)
		if err == nil {
			s.Shutdown()
		}
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%+v: the error is %v, want one line with %q", c.config, err, c.want)
		}
	}
}

func TestConnectRefuses(t *testing.T) {
	cert, key, _, _ := newFiles(t)
	dir := t.TempDir()
	for _, c := range []struct {
		address Address
		want    string
	}{
		{Address{Credentials: filepath.Join(dir, "none")}, "none"},
		{Address{Credentials: cert}, "does not hold NATS credentials"},
		{Address{CA: key}, "no certificate"},
		{Address{Cert: cert, Key: cert}, "cert.pem"},
	} {
		c.address.URL = "nats://127.0.0.1:1"
		if _, err := Connect(t.Context(), c.address, quiet); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: the error is %v, want %q", c.address, err, c.want)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	said := 0
	_, err := Connect(ctx, Address{URL: "nats://127.0.0.1:1"}, func(string, ...any) { said++ })
	if !errors.Is(err, context.DeadlineExceeded) || said != 1 {
		t.Errorf("without a server: %v, %d lines", err, said)
	}
}

func TestNoPort(t *testing.T) {
	if url := newServer(t, ServerConfig{}).URL(); url != "" {
		t.Errorf("a server for this process alone is at %s", url)
	}
}

// TestPrintedKey runs the command of doc/cluster.md that makes a user's key.
func TestPrintedKey(t *testing.T) {
	page, err := os.ReadFile("../../doc/cluster.md")
	if err != nil {
		t.Fatal(err)
	}
	_, line, ok := strings.Cut(string(page), "\ngo run github.com/")
	line, _, _ = strings.Cut(line, " > user.nk\n")
	args := strings.Fields("run github.com/" + line)
	if !ok || len(args) != 4 {
		t.Fatalf("the page prints no command for a key, but %q", line)
	}
	seed, err := exec.Command("go", args...).Output()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "user.nk")
	if err := os.WriteFile(path, seed, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := credentials(path); err != nil {
		t.Error(err)
	}
}
