package cli

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"autodropout/benchmarks/internal/machine"
	"autodropout/benchmarks/internal/usage"
	"autodropout/controller/cluster"
)

// Cluster is the part of a command line that spreads searches over processes and
// machines.
type Cluster struct {
	Serve, Worker bool
	Name          string // of the run on its server; "" is that of the program
	Listen        string // where the coordinator's own server does
	Silence       time.Duration
	Address       cluster.Address

	// Of a worker that has joined its run.
	Conn   *cluster.Connection
	Member *cluster.Worker
}

// loopback is where coordinator and workers of one machine meet.
const loopback = "127.0.0.1:4222"

func (c *Cluster) register(fs *flag.FlagSet) {
	fs.BoolVar(&c.Serve, "serve", false, "have the trials of the searches trained by workers, which -worker starts, on this machine or others")
	fs.BoolVar(&c.Worker, "worker", false, "train trials for the run that -serve started, with its settings, until there are no more; -workers says how many at a time")
	fs.StringVar(&c.Name, "job", "", "the `name` of the run on its server, the same for -serve and -worker (default the program's)")
	fs.StringVar(&c.Listen, "listen", loopback, "the `address` at which the own server of -serve listens; to reach it from other machines, give -nats-tls-cert, -nats-tls-key and -nats-creds")
	fs.DurationVar(&c.Silence, "lost-after", 30*time.Second, "after this `time` without a sign of life from a worker, another one takes over its trial, from a checkpoint that is about as old")
	fs.StringVar(&c.Address.URL, "nats", "", "the `URL` of a NATS server with JetStream (default: -serve starts its own, and -worker looks for that on this machine)")
	fs.StringVar(&c.Address.Credentials, "nats-creds", "", "a `file` with NATS credentials, or with the seed of a user's key")
	fs.StringVar(&c.Address.Cert, "nats-tls-cert", "", "a PEM `file` with the own certificate: the client's, or with -serve that of its server")
	fs.StringVar(&c.Address.Key, "nats-tls-key", "", "a PEM `file` with the key of -nats-tls-cert")
	fs.StringVar(&c.Address.CA, "nats-tls-ca", "", "a PEM `file` with the trusted certificate authority; the own server of -serve then demands its certificates of clients")
}

// clusterFlags are those that register declares.
var clusterFlags = func() (names []string) {
	fs := flag.NewFlagSet("", flag.ContinueOnError)
	new(Cluster).register(fs)
	fs.VisitAll(func(f *flag.Flag) { names = append(names, f.Name) })
	return names
}()

// check returns what is wrong with flags beyond the single one; given reports
// whether a flag was. A worker may have those that say where its data is, and
// free ones, which do not change the results.
func (c *Cluster) check(given func(name string) bool, all *flag.FlagSet, free []string) error {
	switch {
	case c.Serve && c.Worker:
		return usage.Errorf("-serve and -worker exclude each other: start two processes")
	case !c.Serve && !c.Worker:
		for _, name := range clusterFlags {
			if given(name) {
				return usage.Errorf("-%s is of use with -serve or -worker only", name)
			}
		}
		return nil
	case given("listen") && (c.Worker || c.Address.URL != ""):
		return usage.Errorf("-listen is for -serve with a server of its own; -nats says where another one is")
	case given("lost-after") && c.Worker:
		return usage.Errorf("-lost-after is for -serve: workers learn it from there")
	case c.Silence < time.Second/10:
		return usage.Errorf("-lost-after %v is too short: take 100ms at least", c.Silence)
	case (c.Address.Cert == "") != (c.Address.Key == ""):
		return usage.Errorf("-nats-tls-cert and -nats-tls-key need each other")
	}
	if c.Name != "" {
		if err := cluster.CheckName(c.Name); err != nil {
			return usage.Errorf("-job: %v", err)
		}
	}
	if !c.Worker {
		return nil
	}
	var wrong error
	all.Visit(func(f *flag.Flag) {
		if wrong == nil && f.Name != "data" && !slices.Contains(clusterFlags, f.Name) && !slices.Contains(free, f.Name) {
			wrong = usage.Errorf("-%s cannot be combined with -worker, which takes its settings from the run it works for", f.Name)
		}
	})
	return wrong
}

// Identity is what this process has in common, or not, with others of the run.
func Identity(program string) cluster.Identity {
	tier := machine.SIMD()
	if route := os.Getenv("AUTODROPOUT_CONV"); route != "" {
		tier += " and " + route + " convolutions"
	}
	return cluster.Identity{Program: program, Version: machine.Version(), Tier: tier}
}

// join finds the run and returns its settings, when it lets this worker in.
func (c *Cluster) join(ctx context.Context, program string, stdout io.Writer) (settings string, err error) {
	c.Address.URL = cmp.Or(c.Address.URL, "nats://"+loopback)
	logf := func(format string, args ...any) { fmt.Fprintf(stdout, format+"\n", args...) }
	if c.Conn, err = cluster.Connect(ctx, c.Address, logf); err != nil {
		return "", err
	}
	if c.Member, err = cluster.Join(ctx, c.Conn, cmp.Or(c.Name, program), Identity(program)); err != nil {
		c.Conn.Close()
		return "", err
	}
	return c.Member.Settings(), nil
}
