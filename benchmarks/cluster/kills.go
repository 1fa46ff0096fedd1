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
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"autodropout/benchmarks/internal/runfolder"
	"autodropout/controller"
	"autodropout/dropout"
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

// verify checks what the disturbed search has left.
func (s *scene) verify(ctx context.Context) error {
	log := s.search("run").Path(runfolder.Trials)
	got, err := controller.ReadLog(log) // refuses trials that are sampled or finished twice
	if err != nil {
		return err
	}
	want, err := controller.ReadLog(s.search("plain").Path(runfolder.Trials))
	if err != nil {
		return err
	}
	results, lines, err := s.stored(ctx)
	if err != nil {
		return err
	}
	text, err := os.ReadFile(log)
	if err != nil {
		return err
	}
	best, result, _ := got.Best()
	pattern, err := os.ReadFile(s.search("run").Path(runfolder.Pattern))
	if err != nil {
		return err
	}
	implied, err := s.implied(best, pattern)
	if err != nil {
		return err
	}
	killed := 0
	for _, w := range s.workers {
		killed += w.killed
	}
	s.say("workers killed %d times, the coordinator %d times, the server %d times", killed, s.coordinator.killed, s.nats.killed)
	s.say("trainings continued from a checkpoint: %d; results that came second and were dropped: %d",
		s.count("continuing after step"), s.count("has a result already"))
	wrong := 0
	check := func(what string, ok bool) {
		verdict := "yes"
		if !ok {
			verdict, wrong = "NO", wrong+1
		}
		s.say("%s: %s", what, verdict)
	}
	check(fmt.Sprintf("the log has %d trials, each sampled once and finished once", s.trials),
		s.finished() == s.trials && len(got.Trials) == s.trials && !slices.Contains(got.Results, nil))
	check(fmt.Sprintf("the store has %d results", s.trials), results == s.trials)
	check("the mirror is the log", lines == string(text))
	check(fmt.Sprintf("the best pattern is that of trial %d, reward %v, which the log implies", best.Index, result.Reward), implied)
	check("trials and rewards are those of the undisturbed search", same(got, want))
	if wrong > 0 {
		return errors.New("the search is not what it should be")
	}
	return nil
}

// implied reports whether a pattern's file holds the tokens of a trial.
func (s *scene) implied(best controller.Trial, file []byte) (bool, error) {
	decoded, err := dropout.DecodeConv(dropout.ConvSpace([]int{1, 1, 1}), best.Point)
	if err != nil {
		return false, err
	}
	found := &dropout.ConvPattern{}
	if err := found.UnmarshalJSON(file); err != nil {
		return false, err
	}
	found.Origin = dropout.Origin{}
	a, err := found.MarshalJSON()
	if err != nil {
		return false, err
	}
	b, err := decoded.MarshalJSON()
	return bytes.Equal(a, b), err
}

// same compares all of two searches that does not depend on who did the work.
func same(a, b *controller.Log) bool {
	return slices.EqualFunc(a.Trials, b.Trials, func(a, b controller.Trial) bool { return fmt.Sprint(a) == fmt.Sprint(b) }) &&
		slices.EqualFunc(a.Results, b.Results, func(a, b *controller.Result) bool {
			return a != nil && b != nil && a.Trial == b.Trial && a.Reward == b.Reward && a.Error == b.Error
		})
}

// stored looks at the server with a client of its own: how many results there
// are, and the mirrored log.
func (s *scene) stored(ctx context.Context) (results int, log string, err error) {
	conn, err := nats.Connect(s.url)
	if err != nil {
		return 0, "", err
	}
	defer conn.Close()
	js, err := jetstream.New(conn)
	if err != nil {
		return 0, "", err
	}
	values, err := js.KeyValue(ctx, "autodropout-"+jobName)
	if err != nil {
		return 0, "", err
	}
	keys, err := values.Keys(ctx)
	if err != nil {
		return 0, "", err
	}
	slices.Sort(keys)
	var b strings.Builder
	for _, key := range keys {
		if strings.HasPrefix(key, "result.") {
			results++
		}
		if strings.HasPrefix(key, "log.") {
			line, err := values.Get(ctx, key)
			if err != nil {
				return 0, "", err
			}
			b.Write(line.Value())
		}
	}
	return results, b.String(), nil
}

// count counts what the workers have said.
func (s *scene) count(what string) int {
	n := 0
	for _, w := range s.workers {
		text, err := os.ReadFile(s.path(w.name + ".txt"))
		if err == nil {
			n += bytes.Count(text, []byte(what))
		}
	}
	return n
}
