package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"autodropout/benchmarks/internal/runfolder"
	"autodropout/internal/seed"
)

// The search that is disturbed: a real one of the benchmark cifar, whose trials
// take about a second.
const (
	jobName  = "kills"
	method   = "autodropout"
	inFlight = 8
)

func (c *config) arguments(folder string, more ...string) []string {
	return append([]string{"-data", "synthetic", "-train-size", "200", "-test-size", "20", "-batch", "12", "-epochs", "1",
		"-search-epochs", "1", "-trials", strconv.Itoa(c.trials), "-in-flight", strconv.Itoa(inFlight), "-seeds", "1", "-method", method,
		"-depth", "10", "-width", "1", "-search-depth", "10", "-search-width", "1", "-out", folder}, more...)
}

// scene is a search with everything that can be killed.
type scene struct {
	config
	folder      string // for all
	url         string
	stdout      io.Writer
	began       time.Time
	rng         *rand.Rand
	coordinator *process
	nats        *process
	workers     []*process
	outputs     []*os.File
}

// kills runs a search with kills and checks what it has found.
func (c *config) kills(ctx context.Context, stdout io.Writer) error {
	folder := c.folder
	if folder == "" {
		var err error
		if folder, err = os.MkdirTemp("", "autodropout-kills-"); err != nil {
			return err
		}
		defer os.RemoveAll(folder)
	}
	folder, err := filepath.Abs(folder)
	if err != nil {
		return err
	}
	s := &scene{config: *c, folder: folder, stdout: stdout, began: time.Now(), rng: seed.New(uint64(c.seed), "kills")}
	defer s.end()
	if err := s.prepare(ctx); err != nil {
		return err
	}
	s.say("the same search in one process, undisturbed")
	plain := exec.CommandContext(ctx, s.path("cifar"), s.arguments(s.path("plain"), "-workers", "2")...)
	if output, err := plain.CombinedOutput(); err != nil {
		return fmt.Errorf("the undisturbed search ended with %w\n%s", err, output)
	}
	s.say("the search with %d workers", c.workers[0])
	if err := s.raise(); err != nil {
		return err
	}
	if err := s.disturb(ctx); err != nil {
		return err
	}
	return s.verify(ctx)
}

func (s *scene) path(name string) string { return filepath.Join(s.folder, name) }

// search returns the folder of the search in one of the runs.
func (s *scene) search(run string) runfolder.Folder {
	return runfolder.Folder(s.path(run)).Search(method)
}

// say prints a line with the time.
func (s *scene) say(format string, args ...any) {
	fmt.Fprintf(s.stdout, "%6.1fs  %s\n", time.Since(s.began).Seconds(), fmt.Sprintf(format, args...))
}

// prepare builds the benchmark.
func (s *scene) prepare(ctx context.Context) error {
	if err := os.MkdirAll(s.folder, 0o777); err != nil {
		return err
	}
	build := exec.CommandContext(ctx, "go", "build", "-o", s.path("cifar"), "autodropout/benchmarks/cifar")
	if output, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("the benchmark cannot be built: %w\n%s", err, output)
	}
	return nil
}

// raise starts all processes.
func (s *scene) raise() (err error) {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	address := listener.Addr().String()
	listener.Close()
	s.url = "nats://" + address
	server := []string{"-run", "server", "-listen", address, "-folder", s.path("nats")}
	if s.nats, err = s.launch("server", self, server, server); err != nil {
		return err
	}
	serve := []string{"-serve", "-nats", s.url, "-job", jobName, "-lost-after", "1s"}
	again := append([]string{"-resume", "-out", s.path("run")}, serve...)
	if s.coordinator, err = s.launch("coordinator", s.path("cifar"), s.arguments(s.path("run"), serve...), again); err != nil {
		return err
	}
	work := []string{"-worker", "-nats", s.url, "-job", jobName, "-workers", "1"}
	for i := range s.config.workers[0] {
		worker, err := s.launch(fmt.Sprint("worker-", i+1), s.path("cifar"), work, work)
		if err != nil {
			return err
		}
		s.workers = append(s.workers, worker)
	}
	return nil
}

func (s *scene) launch(name, program string, first, again []string) (*process, error) {
	output, err := os.Create(s.path(name + ".txt"))
	if err != nil {
		return nil, err
	}
	s.outputs = append(s.outputs, output)
	return launch(name, program, first, again, output)
}

func (s *scene) end() {
	for _, p := range append([]*process{s.coordinator, s.nats}, s.workers...) {
		if p != nil {
			p.end()
		}
	}
	for _, output := range s.outputs {
		output.Close()
	}
}

// disturb kills until the coordinator has ended: a worker every now and then, the
// coordinator after a third and after two thirds of the trials, the server after
// half of them.
func (s *scene) disturb(ctx context.Context) error {
	const longest = 30 * time.Minute
	ctx, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	due := []struct {
		after   int
		process *process
	}{{s.trials / 3, s.coordinator}, {s.trials / 2, s.nats}, {2 * s.trials / 3, s.coordinator}}
	look := time.NewTicker(50 * time.Millisecond)
	defer look.Stop()
	kill := time.NewTimer(s.pause())
	defer kill.Stop()
	for {
		select {
		case err := <-s.coordinator.ended:
			s.say("the coordinator has ended")
			return err
		case <-look.C:
			for _, p := range append([]*process{s.nats}, s.workers...) {
				if err := p.failed(); err != nil {
					return err
				}
			}
			if n := s.finished(); len(due) > 0 && n >= due[0].after {
				s.say("%d trials have finished; the %s is killed", n, due[0].process.name)
				if err := due[0].process.kill(time.Second); err != nil {
					return err
				}
				due = due[1:]
			}
		case <-kill.C:
			victim := s.workers[s.rng.IntN(len(s.workers))]
			s.say("%d trials have finished; %s is killed", s.finished(), victim.name)
			if err := victim.kill(200 * time.Millisecond); err != nil && !errors.Is(err, os.ErrProcessDone) {
				return err
			}
			kill.Reset(s.pause())
		case <-ctx.Done():
			return fmt.Errorf("the search did not end: %w", context.Cause(ctx))
		}
	}
}

// pause returns the time to the next kill of a worker, half the mean at least.
func (s *scene) pause() time.Duration {
	return time.Duration((0.5 + s.rng.Float64()) * float64(s.every))
}

// finished counts the trials that have finished, by the log.
func (s *scene) finished() int {
	log, err := os.ReadFile(s.search("run").Path(runfolder.Trials))
	if err != nil {
		return 0
	}
	return bytes.Count(log, []byte(`{"finished":`))
}
