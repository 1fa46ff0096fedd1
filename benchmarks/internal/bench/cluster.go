package bench

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"autodropout/benchmarks/internal/runfolder"
	"autodropout/benchmarks/internal/usage"
	"autodropout/controller"
	"autodropout/controller/cluster"
	"autodropout/train"
)

// Cluster is the part of a command line that spreads searches over processes and
// machines.
type Cluster struct {
	Serve, Worker bool
	Name          string // of the run on its server; "" is that of the program
	Listen        string // where the coordinator's own server does
	Silence       time.Duration
	Address       cluster.Address

	conn   *cluster.Connection
	worker *cluster.Worker
}

// loopback is where coordinator and workers of one machine meet.
const loopback = "127.0.0.1:4222"

func (c *Cluster) register(fs *flag.FlagSet) {
	fs.BoolVar(&c.Serve, "serve", false, "have the trials of the searches trained by workers, which -worker starts, on this machine or others")
	fs.BoolVar(&c.Worker, "worker", false, "train trials for the run that -serve started, with its settings, until there are no more; -workers says how many at a time")
	fs.StringVar(&c.Name, "job", "", "the `name` of the run on its server, the same for -serve and -worker (default the program's)")
	fs.StringVar(&c.Listen, "listen", loopback, "the `address` where the server that is part of -serve listens; beyond this machine it needs -nats-tls-cert, -nats-tls-key and -nats-creds")
	fs.DurationVar(&c.Silence, "lost-after", 30*time.Second, "the `time` without a sign of life after which another worker goes on with a trial, from its last checkpoint, which is as old")
	fs.StringVar(&c.Address.URL, "nats", "", "the `URL` of the NATS server with JetStream to use (-serve has its own by default, and -worker looks for that on this machine)")
	fs.StringVar(&c.Address.Credentials, "nats-creds", "", "a `file` with NATS credentials, or with the seed of a user's key")
	fs.StringVar(&c.Address.Cert, "nats-tls-cert", "", "a PEM `file` with the certificate to show: the client's, or that of the server of -serve")
	fs.StringVar(&c.Address.Key, "nats-tls-key", "", "a PEM `file` with the key of -nats-tls-cert")
	fs.StringVar(&c.Address.CA, "nats-tls-ca", "", "a PEM `file` with the authority whose certificates are trusted; with -serve and its own server, the one that clients' certificates must be of")
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

// identity is what this process has in common, or not, with others of the run.
func identity(program string) cluster.Identity {
	tier := SIMD()
	if route := os.Getenv("AUTODROPOUT_CONV"); route != "" {
		tier += " and " + route + " convolutions"
	}
	return cluster.Identity{Program: program, Version: Version(), Tier: tier}
}

// join finds the run and returns its settings, when it lets this worker in.
func (c *Cluster) join(ctx context.Context, program string, stdout io.Writer) (settings string, err error) {
	c.Address.URL = cmp.Or(c.Address.URL, "nats://"+loopback)
	logf := func(format string, args ...any) { fmt.Fprintf(stdout, format+"\n", args...) }
	if c.conn, err = cluster.Connect(ctx, c.Address, logf); err != nil {
		return "", err
	}
	if c.worker, err = cluster.Join(ctx, c.conn, cmp.Or(c.Name, program), identity(program)); err != nil {
		c.conn.Close()
		return "", err
	}
	return c.worker.Settings(), nil
}

// service is what a run that serves has: a coordinator, and perhaps a server.
type service struct {
	*cluster.Coordinator
	conn     *cluster.Connection
	server   *cluster.Server // nil: an external one
	finished bool            // there are no more trials
}

// checkServe returns why the run cannot have its trials trained by workers.
func (e *Experiment[P]) checkServe() error {
	switch {
	case e.Run.Cluster.Serve && !Searches(e.Rows):
		return usage.Errorf("-serve has nothing to do: none of the rows needs a search")
	case e.Run.Cluster.Serve && e.about.Data == nil:
		return usage.Errorf("-serve cannot be used with %s, which does not say which data a trial reads", e.about.Name)
	}
	return nil
}

// serve starts the coordinator, with a server of its own unless there is another.
func (e *Experiment[P]) serve(ctx context.Context) (s *service, err error) {
	c := e.Run.Cluster
	settings, err := e.Run.Settings.TOML()
	if err != nil {
		return nil, err
	}
	s = &service{}
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	if c.Address.URL == "" {
		s.server, err = cluster.StartServer(cluster.ServerConfig{
			Folder: e.folder.Path(runfolder.Server), Listen: c.Listen,
			Cert: c.Address.Cert, Key: c.Address.Key, Credentials: c.Address.Credentials, CA: c.Address.CA, Logf: e.logf,
		})
		if err != nil {
			return s, err
		}
		c.Address.Server = s.server
		c.Address.URL = s.server.URL()
	}
	fmt.Fprintf(e.Stdout, "Trials wait for workers: go run ./benchmarks/%s -worker -nats %s\n", e.about.Name, c.Address.URL)
	if s.conn, err = cluster.Connect(ctx, c.Address, e.logf); err != nil {
		return s, err
	}
	job := cluster.Job{Identity: identity(e.about.Name), Settings: string(settings), AnyTier: e.Plan.Async}
	job.Data = e.about.Data()
	if job.Run, err = e.folder.ID(); err != nil {
		return s, err
	}
	s.Coordinator, err = cluster.Open(ctx, s.conn, cmp.Or(c.Name, e.about.Name), job, c.Silence)
	return s, err
}

// logf prints a line, above the bar where there is one already.
func (e *Experiment[P]) logf(format string, args ...any) {
	if progress := e.progress.Load(); progress != nil {
		progress.Logf(format, args...)
		return
	}
	fmt.Fprintf(e.Stderr, format+"\n", args...)
}

// close ends what serve has started. Workers that are about to learn from the
// server that there are no more trials have a moment to do so.
func (s *service) close() {
	if s.conn != nil {
		s.conn.Close()
	}
	if s.server == nil {
		return
	}
	const moment = 3 * time.Second
	for began := time.Now(); s.finished && s.server.Clients() > 0 && time.Since(began) < moment; {
		time.Sleep(10 * time.Millisecond)
	}
	s.server.Shutdown()
}

// searchAll runs all searches one after another, and then lets the workers go.
func (e *Experiment[P]) searchAll(ctx context.Context) error {
	for _, m := range e.Rows {
		if m.Search == "" {
			continue
		}
		if _, err := e.search(ctx, m); err != nil {
			return err
		}
	}
	e.service.finished = true
	return e.service.Finish(ctx)
}

// work trains trials for a coordinator.
func (e *Experiment[P]) work(ctx context.Context, sentences string) error {
	defer e.Run.Cluster.conn.Close()
	if e.about.Data == nil {
		return usage.Errorf("%s has no trials to train with these settings", e.about.Name)
	}
	folder, release, err := runfolder.Worker()
	if err != nil {
		return fmt.Errorf("cannot make a folder for checkpoints: %w", err)
	}
	defer release()
	fmt.Fprintln(e.Stdout, sentences)
	ctx, e.stop = context.WithCancelCause(ctx)
	defer e.stop(nil)
	progress := NewProgress(e.Stderr, 0, e.about.Item, e.Plan.Quiet)
	defer progress.Close()
	e.progress.Store(progress)
	err = e.Run.Cluster.worker.Work(ctx, e.about.Data(), folder, e.concurrency(),
		func(ctx context.Context, t cluster.Assignment) (controller.Outcome, error) { return e.task(ctx, t) })
	if cause := context.Cause(ctx); err != nil && cause != nil {
		err = cause
	}
	if err == nil || errors.Is(err, errSteps) {
		fmt.Fprintln(e.Stdout, "No more trials for this worker.")
		return nil
	}
	return err
}

// task trains a trial for a coordinator and says so.
func (e *Experiment[P]) task(ctx context.Context, t cluster.Assignment) (controller.Outcome, error) {
	title := fmt.Sprintf("%s, trial %d", t.Search, t.Index+1)
	task := e.progress.Load().Task(title, e.Subject.Steps(Child), 0)
	defer task.End()
	began := time.Now()
	outcome, err := e.trainTask(ctx, t, title, task)
	switch {
	case err == nil && outcome.Failure != "":
		e.logf("%s: failed: %s", title, outcome.Failure)
	case err == nil:
		e.logf("%s: %s %s in %s", title, e.about.Reward.Shown, e.about.Reward.Show(outcome.Reward), Duration(time.Since(began).Seconds()))
	}
	return outcome, err
}

// trainTask trains a trial for a coordinator, which keeps its checkpoints.
func (e *Experiment[P]) trainTask(ctx context.Context, t cluster.Assignment, title string, task *Task) (controller.Outcome, error) {
	row := slices.IndexFunc(e.Rows, func(m Method) bool { return m.searchKey() == strings.TrimSuffix(t.Search, finalistsSuffix) })
	if row < 0 {
		return controller.Outcome{}, &cluster.OddError{Reason: fmt.Sprintf("it is one of %q, a row that the settings of the run do not have", t.Search)}
	}
	m := e.Rows[row]
	space, err := e.space(m)
	if err != nil {
		return controller.Outcome{}, err
	}
	if err := space.Check(t.Point); err != nil {
		return controller.Outcome{}, &cluster.OddError{Reason: err.Error()}
	}
	keep := keeper{path: t.Checkpoint, save: t.Save}
	keep.changed() // what an earlier worker has left is kept already
	common := e.common(title, t.Checkpoint)
	common.CheckpointEvery, common.KeepCheckpoints = t.Every, 1
	common.OnStep = func(s train.Step) {
		e.stepped(task, s)
		if err := keep.look(); err != nil {
			e.logf("%s: %v; the training goes on", title, err)
		}
	}
	outcome, err := e.trainTrial(ctx, m, space, t.Trial, title, common, task)
	if err != nil && ctx.Err() != nil {
		err = errors.Join(err, keep.look())
	}
	return outcome, err
}

// keeper keeps a checkpoint wherever it has been written anew.
type keeper struct {
	path string
	save func() error
	last time.Time // when it was written that was looked at last
}

// changed reports whether the file has been written since the last call.
func (k *keeper) changed() bool {
	info, err := os.Stat(k.path)
	if err != nil || info.ModTime().Equal(k.last) {
		return false
	}
	k.last = info.ModTime()
	return true
}

func (k *keeper) look() error {
	if !k.changed() {
		return nil
	}
	return k.save()
}
