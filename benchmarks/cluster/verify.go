package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"autodropout/benchmarks/internal/runfolder"
	"autodropout/controller"
	"autodropout/dropout"
)

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
		return fmt.Errorf("the search failed in %d of the lines above: those that end in NO", wrong)
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
